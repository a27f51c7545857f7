import type { Clock } from "./clock.ts";

/** An answer that is awaited. */
export interface AwaitedAnswer {
  /** When it was asked for, on the clock. */
  readonly sinceMs: number;
}

/** Limits how long each of several answers may take. One timer serves them all: one for each would cost more than the waiting. */
export class Limit implements Disposable {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #onMissed: () => void;
  /** When each answer that is awaited was asked for, the oldest first. */
  readonly #awaited = new Set<AwaitedAnswer>();
  #cancel: (() => void) | undefined;

  /** Calls `onMissed` once when an answer has been awaited for `ms`. */
  constructor(clock: Clock, ms: number, onMissed: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#onMissed = onMissed;
  }

  /** An answer is awaited from now on. */
  begin(): AwaitedAnswer {
    const awaited = { sinceMs: this.#clock.now() };
    this.#awaited.add(awaited);
    if (!this.#cancel) this.#arm(this.#ms);
    return awaited;
  }

  /** The answer is there, or not awaited any more. */
  end(awaited: AwaitedAnswer): void {
    this.#awaited.delete(awaited);
  }

  /** Awaits an answer within the limit; settles as the answer does. */
  async on<Answer>(answer: Promise<Answer>): Promise<Answer> {
    const awaited = this.begin();
    try {
      return await answer;
    } finally {
      this.end(awaited);
    }
  }

  [Symbol.dispose](): void {
    this.#cancel?.();
    this.#cancel = () => {};
  }

  /** The timer outlives the answers it was armed for, and looks then who is awaited. */
  #arm(delayMs: number): void {
    this.#cancel = this.#clock.after(delayMs, () => {
      const [oldest] = this.#awaited;
      if (!oldest) {
        this.#cancel = undefined;
        return;
      }
      const leftMs = oldest.sinceMs + this.#ms - this.#clock.now();
      if (leftMs > 0) this.#arm(leftMs);
      else this.#onMissed();
    });
  }
}

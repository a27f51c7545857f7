import type { Clock } from "./clock.ts";

/** An answer that is awaited. */
export interface AwaitedAnswer {
  /** When it was asked for, on the clock. */
  readonly sinceMs: number;
  readonly reject: (error: Error) => void;
}

/** Limits how long each of several answers may take. One timer serves them all: one for each would cost more than the waiting. */
export class Limit {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #onMissed: () => void;
  /** The answers that are awaited, the oldest first. */
  readonly #awaited = new Set<AwaitedAnswer>();
  #cancel: (() => void) | undefined;
  #end: Error | undefined;

  /** Calls `onMissed`, which is to close it, once an answer has been awaited for `ms`. */
  constructor(clock: Clock, ms: number, onMissed: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#onMissed = onMissed;
  }

  /** An answer is awaited from now on; `reject` is called when none is awaited any more, whatever becomes of it. */
  begin(reject: (error: Error) => void): AwaitedAnswer {
    const awaited = { sinceMs: this.#clock.now(), reject };
    if (this.#end) {
      reject(this.#end);
      return awaited;
    }
    this.#awaited.add(awaited);
    if (!this.#cancel) this.#arm(this.#ms);
    return awaited;
  }

  /** The answer is there. */
  end(awaited: AwaitedAnswer): void {
    this.#awaited.delete(awaited);
  }

  /** The answer, or the error with which this is closed meanwhile. */
  on<Answer>(answer: Promise<Answer>): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const awaited = this.begin(reject);
    answer.then(
      (value) => {
        this.end(awaited);
        resolve(value);
      },
      (error: unknown) => {
        this.end(awaited);
        reject(error);
      },
    );
    return promise;
  }

  /** Ends the waiting for all answers, those that are asked for later, too. */
  close(error: Error): void {
    this.#end ??= error;
    this.#cancel?.();
    for (const { reject } of this.#awaited) reject(error);
    this.#awaited.clear();
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

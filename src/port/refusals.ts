import { getLog } from "../log/logger.ts";
import { Backoff } from "../util/backoff.ts";
import type { Clock } from "../util/clock.ts";

interface Refusal {
  readonly error: string;
  readonly sinceMs: number | undefined;
}

const log = getLog("publisher");

/** The ports whose rows STATE_DB refused: they wait for a retry, the others do not wait for them. */
export class Refusals {
  readonly #clock: Clock;
  readonly #onRetry: () => void;
  readonly #ports = new Map<string, Refusal>();
  readonly #backoff = new Backoff(100, 800);
  #cancel: (() => void) | undefined;

  /** `onRetry` is called when it is time to try them all again. */
  constructor(clock: Clock, onRetry: () => void) {
    this.#clock = clock;
    this.#onRetry = onRetry;
  }

  /** How many there are. */
  get size(): number {
    return this.#ports.size;
  }

  /** Their names, each with the time at which the oldest event that is not acknowledged was received, if there was one. */
  *entries(): Iterable<readonly [name: string, sinceMs: number | undefined]> {
    for (const [name, { sinceMs }] of this.#ports) yield [name, sinceMs];
  }

  /** STATE_DB refused the port; each new error is told once. */
  add(port: string, error: string, sinceMs: number | undefined): void {
    if (this.#ports.get(port)?.error !== error) {
      log.error("STATE_DB refused {port}: {error}; it will be tried again", { port, error });
    }
    this.#ports.set(port, { error, sinceMs });
    this.#cancel ??= this.#clock.after(this.#backoff.next(), () => {
      this.#cancel = undefined;
      this.#onRetry();
    });
  }

  /** STATE_DB has taken the port, or there is nothing to write any more. */
  delete(port: string): void {
    this.#ports.delete(port);
  }

  /** A flush was answered: when it left none, the next pause is a short one again. */
  settle(): void {
    if (this.#ports.size === 0) this.#backoff.reset();
  }

  /** Forgets all, and when to try them again. */
  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#ports.clear();
  }
}

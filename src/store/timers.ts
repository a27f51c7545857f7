import type { Clock } from "../util/clock.ts";

/** Timers by name, at most one of each. */
export class Timers<Name extends string> {
  readonly #clock: Clock;
  readonly #armed = new Map<Name, () => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `task` once after `delayMs`, in place of what the timer was armed with before. */
  arm(name: Name, delayMs: number, task: () => void): void {
    this.disarm(name);
    const cancel = this.#clock.after(delayMs, () => {
      this.#armed.delete(name);
      task();
    });
    this.#armed.set(name, cancel);
  }

  /** Stops a timer, if it runs. */
  disarm(name: Name): void {
    this.#armed.get(name)?.();
    this.#armed.delete(name);
  }

  /** Stops all. */
  disarmAll(): void {
    for (const name of this.#armed.keys()) this.disarm(name);
  }

  /** Whether a timer runs. */
  has(name: Name): boolean {
    return this.#armed.has(name);
  }
}

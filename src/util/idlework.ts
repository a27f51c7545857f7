import type { Clock } from "./clock.ts";

/** What is to be done when there is time for it. */
export interface IdleTask {
  /** So long nothing may have happened. */
  readonly quietMs: number;
  /** So much must have happened since it was done last. */
  readonly leastEvents: number;
  run(): void;
}

/** Does something once it is quiet after much has happened. While nothing happens no timer runs. */
export class IdleWork implements Disposable {
  readonly #clock: Clock;
  readonly #task: IdleTask;
  #events = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, task: IdleTask) {
    this.#clock = clock;
    this.#task = task;
  }

  /** Something happened, or so much. */
  notice(events = 1): void {
    this.#events += events;
    if (this.#events >= this.#task.leastEvents && !this.#cancel) this.#watch();
  }

  [Symbol.dispose](): void {
    this.#cancel?.();
    this.#cancel = () => {};
  }

  #watch(): void {
    const before = this.#events;
    this.#cancel = this.#clock.after(this.#task.quietMs, () => {
      if (this.#events !== before) {
        this.#watch();
        return;
      }
      this.#cancel = undefined;
      this.#events = 0;
      this.#task.run();
    });
  }
}

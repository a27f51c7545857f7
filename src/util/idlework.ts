import type { Clock } from "./clock.ts";

/** What is to be done when there is time for it. */
export interface IdleTask {
  /** So long nothing may have happened. */
  readonly quietMs: number;
  /** So much must have happened since it was quiet last. */
  readonly leastEvents: number;
  /** Each time that so much has happened it is done in the next turn, too, quiet or not. */
  readonly mostEvents: number;
  /** Where that would take a greater share of the time than this, it waits; once in quietMs it is done when it is quiet. */
  readonly mostShare: number;
  run(): void;
}

/**
 * Does something once it is quiet after much has happened, and now and then while very much happens. While nothing happens
 * no timer runs.
 */
export class IdleWork implements Disposable {
  readonly #clock: Clock;
  readonly #task: IdleTask;
  /** What happened since it was quiet. */
  #events = 0;
  /** What happened since it was done. */
  #unserved = 0;
  /** Before this time it is done only when it is quiet. */
  #earliestMs = 0;
  #cancelWatch: (() => void) | undefined;
  #cancelRun: (() => void) | undefined;

  constructor(clock: Clock, task: IdleTask) {
    this.#clock = clock;
    this.#task = task;
  }

  /** Something happened, or so much. */
  notice(events = 1): void {
    this.#events += events;
    this.#unserved += events;
    if (this.#events >= this.#task.leastEvents) this.#cancelWatch ??= this.#watch();
    if (this.#unserved >= this.#task.mostEvents) this.#cancelRun ??= this.#serveLater();
  }

  [Symbol.dispose](): void {
    this.#cancelWatch?.();
    this.#cancelRun?.();
    this.#events = this.#unserved = Number.NEGATIVE_INFINITY; // nothing is ever enough
  }

  #serveLater(): () => void {
    const waitMs = this.#earliestMs - this.#clock.now();
    return waitMs > 0 ? this.#clock.after(waitMs, () => this.#serve()) : this.#clock.soon(() => this.#serve());
  }

  #serve(): void {
    this.#cancelRun?.();
    this.#cancelRun = undefined;
    this.#unserved = 0;
    const sinceMs = this.#clock.now();
    this.#task.run();
    const nowMs = this.#clock.now();
    this.#earliestMs = nowMs + (nowMs - sinceMs) / this.#task.mostShare;
  }

  #watch(): () => void {
    const before = this.#events;
    return this.#clock.after(this.#task.quietMs, () => {
      if (this.#events === before) this.#rest();
      else this.#cancelWatch = this.#watch();
    });
  }

  #rest(): void {
    this.#cancelWatch = undefined;
    this.#events = 0;
    this.#serve();
  }
}

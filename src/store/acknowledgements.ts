import type { Clock } from "../util/clock.ts";

/** Those who wait until what they recorded is on the disk. */
export class Acknowledgements {
  readonly #clock: Clock;
  readonly #waiting = new Set<{ readonly batch: number; readonly tell: (isSaved: boolean) => void }>();
  /** The newest batch that was settled. */
  #settled = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when the batch of that number is saved; false when it is not within `timeoutMs`, or never will be. */
  wait(batch: number, timeoutMs: number): Promise<boolean> {
    if (batch <= this.#settled) return Promise.resolve(true);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const cancel = this.#clock.after(timeoutMs, () => waiter.tell(false));
    const waiter = {
      batch,
      tell: (isSaved: boolean) => {
        cancel();
        this.#waiting.delete(waiter);
        resolve(isSaved);
      },
    };
    this.#waiting.add(waiter);
    return promise;
  }

  /** The batch of that number, and with it all before, is saved or given up. */
  settle(batch: number, isSaved: boolean): void {
    this.#settled = Math.max(this.#settled, batch);
    for (const waiter of this.#waiting) if (waiter.batch <= batch) waiter.tell(isSaved);
  }

  /** Nothing will be saved any more. */
  end(): void {
    this.settle(Infinity, false);
  }
}

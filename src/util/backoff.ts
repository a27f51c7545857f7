/** Delays that double from `firstMs` to `mostMs`, each with up to 20 % of jitter taken off so that clients spread out. */
export class Backoff {
  #nextMs: number;

  constructor(
    readonly firstMs: number,
    readonly mostMs: number,
    readonly random: () => number = Math.random,
  ) {
    this.#nextMs = firstMs;
  }

  /** The delay before the next attempt, in milliseconds. */
  next(): number {
    const delayMs = this.#nextMs * (1 - 0.2 * this.random());
    this.#nextMs = Math.min(this.#nextMs * 2, this.mostMs);
    return delayMs;
  }

  /** Starts again from `firstMs`, after a success. */
  reset(): void {
    this.#nextMs = this.firstMs;
  }
}

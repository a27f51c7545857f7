/** Counts flushes that were acknowledged, empty ones too, and lets others wait for them. */
export class Rounds {
  #ended = 0;
  #waiting: { readonly round: number; readonly resolve: () => void }[] = [];

  /** Whether somebody waits. */
  get areAwaited(): boolean {
    return this.#waiting.length > 0;
  }

  /** Resolves when so many more have ended. */
  after(rounds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ round: this.#ended + rounds, resolve });
    return promise;
  }

  /** One has ended. */
  end(): void {
    this.#ended++;
    if (!this.areAwaited) return;
    const over = this.#waiting.filter(({ round }) => round <= this.#ended);
    this.#waiting = this.#waiting.filter(({ round }) => round > this.#ended);
    for (const { resolve } of over) resolve();
  }
}

/** The largest of the numbers of the last `windowMs`. */
export class MaxWindow {
  readonly #windowMs: number;
  /** Those that no later one exceeds, so they fall from the first to the last. */
  readonly #timesMs: number[] = [];
  readonly #values: number[] = [];

  /** `windowMs` is the length in milliseconds. */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Adds a number seen at `atMs`, which never goes back. */
  add(atMs: number, value: number): void {
    while (this.#values.length > 0 && this.#values.at(-1)! <= value) {
      this.#values.pop();
      this.#timesMs.pop();
    }
    this.#timesMs.push(atMs);
    this.#values.push(value);
  }

  /** The largest at `nowMs`; undefined when nothing was seen within the window. */
  max(nowMs: number): number | undefined {
    while (this.#timesMs.length > 0 && this.#timesMs[0]! <= nowMs - this.#windowMs) {
      this.#timesMs.shift();
      this.#values.shift();
    }
    return this.#values[0];
  }
}

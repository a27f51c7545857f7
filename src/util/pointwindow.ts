/** What was when is known to so small a part of a window: with that, a long one costs no more than a short one. */
const PARTS = 128;

/** What a thing was over the last `windowMs`: a point for each change only, so what seldom changes costs next to nothing. */
export class PointWindow<T> {
  readonly #windowMs: number;
  readonly #isSame: (before: T, after: T) => boolean;
  readonly #timesMs: number[] = [];
  readonly #values: T[] = [];
  #latestMs = 0;
  #latest: T | undefined;

  /** `windowMs` is the length in milliseconds; `isSame` says that a value is no change. */
  constructor(windowMs: number, isSame: (before: T, after: T) => boolean) {
    this.#windowMs = windowMs;
    this.#isSame = isSame;
  }

  /** Adds what is so at `atMs`, which never goes back; what is older than the window is forgotten. */
  add(atMs: number, value: T): void {
    const lastMs = this.#timesMs.at(-1);
    if (lastMs === undefined) this.#push(atMs, value);
    else if (atMs - lastMs >= this.#windowMs / PARTS) {
      this.#push(this.#latestMs, this.#latest!); // it came too soon after the one before to have a point
      this.#push(atMs, value);
    }
    this.#latestMs = atMs;
    this.#latest = value;
    while (this.#timesMs.length > 1 && this.#timesMs[1]! <= atMs - this.#windowMs) {
      this.#timesMs.shift();
      this.#values.shift();
    }
  }

  /** What was at the start of the window, however long before it that was seen; else the first that is known. */
  get first(): T | undefined {
    return this.#values[0];
  }

  /** What was added last. */
  get latest(): T | undefined {
    return this.#latest;
  }

  /** How much of the window is known, in milliseconds: 0 with one sample. */
  get spanMs(): number {
    return this.#timesMs.length === 0 ? 0 : Math.min(this.#windowMs, this.#latestMs - this.#timesMs[0]!);
  }

  /** Whether nothing changed within the window. */
  get isFlat(): boolean {
    const { first, latest } = this;
    return this.#values.length <= 1 && (first === undefined || this.#isSame(first, latest!));
  }

  /** How many points are kept. */
  get length(): number {
    return this.#values.length;
  }

  /** Forgets everything. */
  clear(): void {
    this.#timesMs.length = 0;
    this.#values.length = 0;
    this.#latest = undefined;
  }

  #push(atMs: number, value: T): void {
    const last = this.#values.length - 1;
    if (last >= 0 && this.#isSame(this.#values[last]!, value)) return;
    this.#timesMs.push(atMs);
    this.#values.push(value);
  }
}

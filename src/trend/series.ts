/** A value and when it was so. */
export interface Point {
  /** Milliseconds since 1970, on a clock that does not go back (timeline.ts); fractions count. */
  readonly ms: number;
  readonly value: number;
}

/** The newest points of a series in the order of their times; the oldest make room for new ones. */
export class Series {
  readonly #times: Float64Array;
  readonly #values: Float64Array;
  /** Where the oldest point is, and how many follow it. */
  #first = 0;
  #length = 0;

  constructor(readonly capacity: number) {
    this.#times = new Float64Array(capacity);
    this.#values = new Float64Array(capacity);
  }

  /**
   * Adds a point; false for one that is not later than the last, or is not a number, as when there was nothing to
   * measure.
   */
  push(ms: number, value: number): boolean {
    if (!Number.isFinite(value) || !(ms > (this.last?.ms ?? -Infinity))) return false;
    if (this.#length === this.capacity) this.#first = (this.#first + 1) % this.capacity;
    else this.#length++;
    const at = this.#index(this.#length - 1);
    this.#times[at] = ms;
    this.#values[at] = value;
    return true;
  }

  get length(): number {
    return this.#length;
  }

  /** The newest point; undefined when there is none. */
  get last(): Point | undefined {
    return this.#length === 0 ? undefined : this.#at(this.#length - 1);
  }

  /** The points from this time on, oldest first. */
  points(sinceMs = -Infinity): Point[] {
    const points: Point[] = [];
    for (let i = 0; i < this.#length; i++) if (this.#times[this.#index(i)]! >= sinceMs) points.push(this.#at(i));
    return points;
  }

  #index(i: number): number {
    return (this.#first + i) % this.capacity;
  }

  #at(i: number): Point {
    const at = this.#index(i);
    return { ms: this.#times[at]!, value: this.#values[at]! };
  }
}

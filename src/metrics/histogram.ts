import type { HistogramValue } from "../util/histogramvalue.ts";

/** The bounds with one more, unless they have it: quantiles are exact there. */
export function withBound(bounds: readonly number[], bound: number): number[] {
  return [...new Set([...bounds, bound])].sort((a, b) => a - b);
}

/** Observations, counted in buckets; one more costs a look for its bucket and no memory. */
export class Histogram {
  readonly bounds: readonly number[];
  /** Of each bucket alone; the last is for what is above all bounds. */
  readonly #counts: Float64Array;
  #sum = 0;

  /** `bounds` rise. */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  /** Counts a value, and returns the number of its bucket. */
  observe(value: number): number {
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    this.#counts[bucket]!++;
    this.#sum += value;
    return bucket;
  }

  /** What was observed so far. */
  get value(): HistogramValue {
    return accumulate(this.bounds, this.#counts, this.#sum);
  }
}

/** The histogram of buckets that were counted each alone; `counts` has one more than `bounds`. */
export function accumulate(bounds: readonly number[], counts: Iterable<number>, sum: number): HistogramValue {
  let total = 0;
  return { bounds, counts: Array.from(counts, (count) => (total += count)), sum };
}

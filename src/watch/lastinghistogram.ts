import { accumulate, Histogram } from "../metrics/histogram.ts";
import type { HistogramValue } from "../util/histogramvalue.ts";
import type { LastingTotals } from "./lastingtotals.ts";

/** A histogram in seconds that goes on over restarts: what a process observes once would else never be seen to grow. */
export class LastingHistogram {
  readonly #name: string;
  readonly #totals: LastingTotals;
  readonly #own: Histogram;

  /** `name` is that of the metric; `bounds` rise. */
  constructor(name: string, bounds: readonly number[], totals: LastingTotals) {
    this.#name = name;
    this.#totals = totals;
    this.#own = new Histogram(bounds);
  }

  /** Counts a duration in seconds. */
  observe(seconds: number): void {
    const bucket = this.#own.observe(seconds);
    this.#totals.add(this.#bucketName(bucket));
    this.#totals.add(this.#sumName, Math.round(seconds * 1e6));
  }

  /** What this process observed. */
  get own(): HistogramValue {
    return this.#own.value;
  }

  /** What was observed in all; undefined while that is not known. */
  get value(): HistogramValue | undefined {
    if (!this.#totals.areKnown) return undefined;
    const { bounds } = this.#own;
    const counts = Array.from({ length: bounds.length + 1 }, (_, i) => this.#totals.total(this.#bucketName(i))!);
    return accumulate(bounds, counts, this.#totals.total(this.#sumName)! / 1e6);
  }

  /** By its bound: those of another version may lie between others. */
  #bucketName(bucket: number): string {
    return `${this.#name}/le/${this.#own.bounds[bucket] ?? "inf"}`;
  }

  get #sumName(): string {
    return `${this.#name}/us`;
  }
}

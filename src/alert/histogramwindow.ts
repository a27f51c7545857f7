import type { HistogramValue } from "../util/histogramvalue.ts";
import { PointWindow } from "../util/pointwindow.ts";

/** What a histogram observed within the last `windowMs`. */
export class HistogramWindow {
  readonly #points: PointWindow<HistogramValue>;

  /** `windowMs` is the length in milliseconds. */
  constructor(windowMs: number) {
    this.#points = new PointWindow(windowMs, (before, after) => totalOf(before) === totalOf(after));
  }

  /** Adds the histogram at `atMs`, which never goes back. One that fell, or has other buckets, began anew from nothing. */
  add(atMs: number, value: HistogramValue): void {
    const before = this.#points.latest;
    if (before && !continues(before, value)) {
      this.#points.clear();
      this.#points.add(atMs, { bounds: value.bounds, counts: value.counts.map(() => 0), sum: 0 });
    }
    this.#points.add(atMs, { bounds: value.bounds, counts: [...value.counts], sum: value.sum });
  }

  /** How many observations there were since the first sample of the window; undefined before there is one. */
  get count(): number | undefined {
    const { first, latest } = this.#points;
    return first && latest && totalOf(latest) - totalOf(first);
  }

  /** The mean of what was observed; undefined when nothing was, or with fewer than two samples. */
  get mean(): number | undefined {
    const { first, latest } = this.#points;
    if (!first || !latest) return undefined;
    const count = totalOf(latest) - totalOf(first);
    return count > 0 ? (latest.sum - first.sum) / count : undefined;
  }

  /**
   * The value below which the part `q` (0 to 1) of what was observed lies, in a straight line within a bucket, as
   * histogram_quantile() of Prometheus has it: beyond the last bound it is the last bound. Undefined as for the mean.
   */
  quantile(q: number): number | undefined {
    const { first, latest } = this.#points;
    if (!first || !latest || latest.bounds.length === 0) return undefined;
    const rank = q * (totalOf(latest) - totalOf(first));
    if (totalOf(latest) <= totalOf(first)) return undefined;
    let below = 0;
    for (const [i, bound] of latest.bounds.entries()) {
      const count = latest.counts[i]! - first.counts[i]!;
      if (count >= rank && count > below) {
        const from = i === 0 ? Math.min(0, bound) : latest.bounds[i - 1]!;
        return from + (bound - from) * Math.max(0, (rank - below) / (count - below));
      }
      below = Math.max(below, count);
    }
    return latest.bounds.at(-1)!;
  }
}

function totalOf(value: HistogramValue): number {
  return value.counts.at(-1) ?? 0;
}

function continues(before: HistogramValue, after: HistogramValue): boolean {
  return (
    totalOf(after) >= totalOf(before) &&
    before.bounds.length === after.bounds.length &&
    before.bounds.every((bound, i) => bound === after.bounds[i])
  );
}

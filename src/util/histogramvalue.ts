/** A histogram as Prometheus has it: each bucket counts all that is not above its bound. */
export interface HistogramValue {
  /** The upper bounds of the buckets, rising, without infinity. */
  readonly bounds: readonly number[];
  /** The counts of those buckets, and at the end that of all observations. */
  readonly counts: readonly number[];
  /** Of all observations. */
  readonly sum: number;
}

import * as statistics from "simple-statistics";

/** The 97.5 % quantile of the normal distribution: two-sided limits of 95 %. */
export const Z_95 = 1.959963984540054;

/** Makes the median absolute deviation of normal numbers their standard deviation. */
export const MAD_SCALE = 1.4826;

/** The middle value, or the mean of the two in the middle. Throws on an empty list. */
export function median(values: readonly number[]): number {
  return statistics.median(values as number[]);
}

/** The value of a rank, 0 for the least; between two ranks it is interpolated. Throws outside of the list. */
export function atRank(sorted: Float64Array, rank: number): number {
  // The library only reads its list by index, so that a typed array does as well.
  return statistics.quantileSorted(sorted as unknown as number[], rank === 0 ? 0 : rank / (sorted.length - 1));
}

/** The arithmetic mean. Throws on an empty list. */
export function mean(values: readonly number[]): number {
  return statistics.mean(values as number[]);
}

/** The standard deviation of a sample (n - 1). Throws on fewer than two values. */
export function standardDeviation(values: readonly number[]): number {
  return statistics.sampleStandardDeviation(values as number[]);
}

/**
 * The median distance from the median, scaled so that it is the standard deviation of normal numbers. Throws on an
 * empty list.
 */
export function scaledMad(values: readonly number[]): number {
  return MAD_SCALE * statistics.medianAbsoluteDeviation(values as number[]);
}

/**
 * The chance that a standard normal number is at least as far from 0 as `z`, to 2e-7; the library's table has 4 digits.
 */
export function twoSidedP(z: number): number {
  return Math.min(1 - statistics.errorFunction(Math.abs(z) / Math.SQRT2), 1);
}

/** The chance that a standard normal number is greater than `z`, to 1e-7. */
export function upperP(z: number): number {
  const p = twoSidedP(z) / 2;
  return z < 0 ? 1 - p : p;
}

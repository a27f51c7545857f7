import { twoSidedP } from "./statistics.ts";

/** Up to so many values the chance is counted out; Gilbert (1987, p. 209) has tables up to here. */
export const EXACT_MOST = 10;

/** What the test of Mann (1945) and Kendall (1975) says of a series. */
export interface MannKendall {
  /** Pairs in which the later value is greater, minus those in which it is less. */
  readonly s: number;
  /** The variance of `s` when there is no trend, corrected for ties and for what neighbours have in common. */
  readonly variance: number;
  /** `s` in standard deviations, with the correction for continuity. */
  readonly z: number;
  /** The chance of an `s` this far from 0 when there is no trend, two-sided. */
  readonly p: number;
}

/**
 * Tests values, in the order of their times, for a monotonic trend; of ties in the values all is known, gaps do not
 * matter. `inflation` is what serial correlation does to the variance (serialcorrelation.ts). Without it, the chance is
 * exact for up to EXACT_MOST values, ties or not; else it is that of the normal distribution. Takes n * n / 2 steps.
 */
export function mannKendall(values: readonly number[], inflation = 1): MannKendall {
  const s = kendallScore(values);
  const ties = tiesOf(values);
  const variance = varianceOfScore(values.length, ties) * inflation;
  const z = variance === 0 ? 0 : (s - Math.sign(s)) / Math.sqrt(variance);
  const isExact = values.length <= EXACT_MOST && inflation === 1;
  return { s, variance, z, p: isExact ? exactP(s, values.length, ties) : twoSidedP(z) };
}

function kendallScore(values: readonly number[]): number {
  let s = 0;
  for (let i = 0; i < values.length; i++)
    for (let j = i + 1; j < values.length; j++) s += Math.sign(values[j]! - values[i]!);
  return s;
}

/** How many values each group of equal ones has. */
function tiesOf(values: readonly number[]): number[] {
  const sizes = new Map<number, number>();
  for (const value of values) sizes.set(value, (sizes.get(value) ?? 0) + 1);
  return [...sizes.values()].filter((size) => size > 1);
}

/** Gilbert (1987), equation 16.2. */
function varianceOfScore(n: number, ties: readonly number[]): number {
  const term = (t: number): number => t * (t - 1) * (2 * t + 5);
  return ties.reduce((rest, size) => rest - term(size), term(n)) / 18;
}

/**
 * Counts the orders of the values by their inversions: the coefficients of [n]! / ([t1]! [t2]! ...), where [k]! is the
 * product of 1 + q + ... + q^(i-1) for i up to k (MacMahon). All are whole numbers below 10!, so nothing is rounded.
 */
function exactP(s: number, n: number, ties: readonly number[]): number {
  let orders = [1];
  for (let k = 2; k <= n; k++) orders = timesRow(orders, k);
  for (const size of ties) for (let k = 2; k <= size; k++) orders = overRow(orders, k);
  const untied = orders.length - 1;
  let all = 0;
  let extreme = 0;
  orders.forEach((count, inversions) => {
    all += count;
    if (Math.abs(untied - 2 * inversions) >= Math.abs(s)) extreme += count;
  });
  return extreme / all;
}

/** A polynomial times 1 + q + ... + q^(k-1). */
function timesRow(factors: readonly number[], k: number): number[] {
  const product: number[] = Array.from({ length: factors.length + k - 1 }, () => 0);
  factors.forEach((factor, i) => {
    for (let j = 0; j < k; j++) product[i + j]! += factor;
  });
  return product;
}

/** A polynomial, which has it as a factor, divided by 1 + q + ... + q^(k-1). */
function overRow(product: readonly number[], k: number): number[] {
  const factors: number[] = [];
  for (let i = 0; i < product.length - k + 1; i++) {
    let rest = product[i]!;
    for (let j = 1; j < k && j <= i; j++) rest -= factors[i - j]!;
    factors.push(rest);
  }
  return factors;
}

import { EXACT_MOST } from "./mannkendall.ts";

/** More cannot be told from a trend: with this, values each of which is greater than the one before are still one. */
const MOST_PHI = 0.95;

/**
 * How many times greater the variance of Kendall's S is because each value resembles the one before it: 1 for
 * independent ones, which all published tables assume.
 *
 * The formula is that of Hamed & Rao (1998), but with the correlations of a first-order autoregressive process instead
 * of all sample correlations that seem significant: with those, 9 % of white noise has a trend at the 5 % level, and 15
 * to 18 % of noise with phi 0.5. Trend-free prewhitening (Yue 2002) has 30 % there, more than no correction. With this
 * one it is 3 to 5 % of white noise, 5 to 6 % at phi 0.5 and 7 to 10 % at 0.8, for 100 to 300 values. Up to EXACT_MOST
 * values nothing can be told of the correlation, and it is 1.
 */
export function serialInflation(residuals: readonly number[]): number {
  const n = residuals.length;
  if (n <= EXACT_MOST) return 1;
  const phi = persistence(residuals);
  let sum = 0;
  for (let k = 1, power = phi; k < n - 2 && power > 1e-6; k++, power *= phi)
    sum += (n - k) * (n - k - 1) * (n - k - 2) * rankCorrelation(power);
  return 1 + (2 * sum) / (n * (n - 1) * (n - 2));
}

/**
 * How much of a value remains in the next one, 0 to 0.95: from the correlation of the ranks of neighbours, so that an
 * outlier does not hide it, corrected for its bias after a line was taken off (van Giersbergen 2005).
 */
export function persistence(residuals: readonly number[]): number {
  const n = residuals.length;
  const ranks = ranksOf(residuals);
  const centre = (n + 1) / 2;
  let square = 0;
  let product = 0;
  ranks.forEach((rank, i) => {
    square += (rank - centre) ** 2;
    if (i > 0) product += (rank - centre) * (ranks[i - 1]! - centre);
  });
  const correlation = square === 0 ? 0 : 2 * Math.sin((Math.PI / 6) * (product / square));
  return Math.min(Math.max((n * correlation + 2) / (n - 4), 0), MOST_PHI);
}

/** The correlation that the ranks of two normal numbers have when the numbers have this one. */
function rankCorrelation(correlation: number): number {
  return (6 / Math.PI) * Math.asin(correlation / 2);
}

/** The ranks of values, from 1; equal ones share the mean of theirs. */
function ranksOf(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks: number[] = Array.from({ length: values.length }, () => 0);
  for (let first = 0, next; first < order.length; first = next) {
    for (next = first + 1; next < order.length && values[order[next]!] === values[order[first]!];) next++;
    for (let i = first; i < next; i++) ranks[order[i]!] = (first + 1 + next) / 2;
  }
  return ranks;
}

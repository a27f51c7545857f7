import type { Point } from "./series.ts";
import { atRank, MAD_SCALE, mean, standardDeviation } from "./statistics.ts";

/** Beyond which distance a point is how much of an anomaly, in robust standard deviations; the worst first. */
export const SEVERITIES = [
  ["severe", 3],
  ["moderate", 2],
  ["minor", 1.5],
] as const;

/** How far a point is from what is usual. */
export type Severity = (typeof SEVERITIES)[number][0];

/** A point that is not like the others. */
export interface Anomaly extends Point {
  /** Above 0 for a value that is greater than usual; at most MOST_Z either way. */
  readonly z: number;
  readonly severity: Severity;
}

/** Distances beyond this are not told apart: from values that never differ any other is infinitely far. */
export const MOST_Z = 1000;
/** With fewer others to compare with, nothing is called an anomaly. */
export const LEAST_OTHERS = 6;

/** What is usual, told by all points but one. */
interface Baseline {
  readonly centre: number;
  readonly scale: number;
}

/**
 * The points that are far from the others, each measured without itself: by the median and the scaled median absolute
 * deviation of the others or, when more than half of those are equal, by their mean and standard deviation. A
 * difference of `resolution`, in units of the values, is worth at most one standard deviation: where all others are
 * equal, a point that differs by more is an anomaly, by the same rule. Takes about n * log n steps.
 */
export function anomalies(points: readonly Point[], resolution = 0): Anomaly[] {
  if (points.length <= LEAST_OTHERS) return [];
  const baselineOf = baselines(points.map(({ value }) => value));
  const wider = fewOthers(points.length - 1);
  return points.flatMap(({ ms, value }) => {
    const { centre, scale } = baselineOf(value);
    // NaN for a value that is just like all others, which is no anomaly.
    const z = (value - centre) / Math.max(scale, resolution);
    const severity = SEVERITIES.find(([, least]) => Math.abs(z) > least * wider)?.[0];
    return severity === undefined ? [] : [{ ms, value, z: Math.min(Math.max(z, -MOST_Z), MOST_Z), severity }];
  });
}

/**
 * By how much the limits are wider for few others, whose spread is uncertain: with it, of normal numbers as many are
 * called severe as are beyond 3 standard deviations, 0.3 %, whether there are 10 others or 400; without, of 11 numbers
 * 5 % would be. Found by simulation, good to 0.1 % from 8 others on.
 */
function fewOthers(others: number): number {
  return (others + 4) / (others - 4);
}

/** The baseline of each of the values; equal values have the same. */
function baselines(values: readonly number[]): (value: number) => Baseline {
  const sorted = Float64Array.from(values).sort();
  // Leaving one out moves the median to one of three places at most.
  const deviations = memoize((centre: number) => sorted.map((value) => Math.abs(value - centre)).sort());
  return memoize((value: number) => {
    const centre = medianWithout(sorted, value);
    const mad = medianWithout(deviations(centre), Math.abs(value - centre));
    if (mad > 0) return { centre, scale: MAD_SCALE * mad };
    const others = values.toSpliced(values.indexOf(value), 1);
    return { centre: mean(others), scale: standardDeviation(others) };
  });
}

/** The median of sorted numbers without one of them. */
function medianWithout(sorted: Float64Array, left: number): number {
  const at = lowerBound(sorted, left);
  const middle = (sorted.length - 2) / 2;
  const place = (rank: number): number => (rank < at ? rank : rank + 1);
  return (atRank(sorted, place(Math.floor(middle))) + atRank(sorted, place(Math.ceil(middle)))) / 2;
}

/** How many of sorted numbers are less than this one. */
function lowerBound(sorted: Float64Array, value: number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (sorted[middle]! < value) from = middle + 1;
    else to = middle;
  }
  return from;
}

function memoize<Result>(compute: (value: number) => Result): (value: number) => Result {
  const known = new Map<number, Result>();
  return (value) => {
    const result = known.get(value) ?? compute(value);
    known.set(value, result);
    return result;
  };
}

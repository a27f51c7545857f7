import type { Point } from "./series.ts";
import { atRank, median, Z_95 } from "./statistics.ts";

/** What adding and multiplying a few times may change of a number, with some room. */
const ROUNDING = 1e-12;

/** A robust straight line through points. */
export interface Line {
  /** The median of the slopes of all pairs of points, in units per second (Theil 1950, Sen 1968). */
  readonly perSecond: number;
  /** The point of the line at the median time: half of the points are above the line, half below. */
  readonly pivot: Point;
  /** The slopes of all pairs of points, the least first. */
  readonly slopes: Float64Array;
}

/** Limits of a slope, in units per second. */
export interface SlopeLimits {
  /** Infinite where there are too few points to tell. */
  readonly low: number;
  readonly high: number;
}

/**
 * The line of Theil and Sen; pairs of the same time have no slope. Undefined for fewer than two times. Takes n * n / 2
 * numbers of memory and sorts them.
 */
export function theilSen(points: readonly Point[]): Line | undefined {
  const slopes = slopesOf(points).sort();
  if (slopes.length === 0) return undefined;
  const perSecond = atRank(slopes, (slopes.length - 1) / 2);
  const ms = median(points.map((point) => point.ms));
  const level = median(points.map((point) => point.value - (perSecond * (point.ms - ms)) / 1000));
  return { perSecond, pivot: { ms, value: level }, slopes };
}

/** The limits of 95 % of a slope when Kendall's S of the points has this variance (Gilbert 1987, section 16.5.2). */
export function slopeLimits({ slopes }: Line, variance: number): SlopeLimits {
  const half = (Z_95 * Math.sqrt(variance)) / 2;
  // Gilbert's M1 and M2 + 1, which count from 1; what is between two ranks is interpolated.
  const low = slopes.length / 2 - half - 1;
  const high = slopes.length / 2 + half;
  return {
    low: low < 0 ? -Infinity : atRank(slopes, low),
    high: high > slopes.length - 1 ? Infinity : atRank(slopes, high),
  };
}

/** The value of a line at a time. */
export function valueAt({ perSecond, pivot }: Line, ms: number): number {
  return pivot.value + (perSecond * (ms - pivot.ms)) / 1000;
}

/** How far each point is above the line. What is left by rounding is 0: it would have patterns, but no meaning. */
export function residuals(points: readonly Point[], line: Line): number[] {
  const rounding = ROUNDING * points.reduce((most, { value }) => Math.max(most, Math.abs(value)), 0);
  return points.map(({ ms, value }) => {
    const rest = value - valueAt(line, ms);
    return Math.abs(rest) <= rounding ? 0 : rest;
  });
}

function slopesOf(points: readonly Point[]): Float64Array {
  const slopes = new Float64Array((points.length * (points.length - 1)) / 2);
  let count = 0;
  for (let i = 0; i < points.length; i++)
    for (let j = i + 1; j < points.length; j++) {
      const seconds = (points[j]!.ms - points[i]!.ms) / 1000;
      if (seconds !== 0) slopes[count++] = (points[j]!.value - points[i]!.value) / seconds;
    }
  return slopes.subarray(0, count);
}

import { centred, type Grid, lagged, layOnGrid, products } from "./grid.ts";
import type { Point } from "./series.ts";
import { upperP } from "./statistics.ts";

/** How a series repeats itself. */
export interface Seasonality {
  readonly periodSeconds: number;
  /** Of the sine wave with as much power as what repeats, in units of the values. */
  readonly amplitude: number;
  /** The share of the variance that repeats: the autocorrelation at the period, 0 to 1. */
  readonly strength: number;
  /** The chance that noise looks like this at any of the periods that were looked at. */
  readonly p: number;
}

/** A season and what it adds to each point. */
export interface Season {
  readonly seasonality: Seasonality;
  readonly parts: readonly number[];
}

/** Noise is taken for a season in fewer cases than this; see `chanceOfNoise`. */
export const SEASON_ALPHA = 0.05;
/** Fewer periods than this are no repetition. */
const LEAST_PERIODS = 2;
/** Noise that remembers more is taken for such that remembers so much. */
const MOST_PHI = 0.99;

/**
 * Looks for a period in points whose trend was taken off: the peak of the autocorrelation, on a grid (grid.ts), at
 * periods from two steps to half of the time that the points cover. Undefined when there is none that noise would not
 * have, be it white, red, or rare spikes, or its amplitude is less than the resolution, in units of the values. Takes n
 * * n / 4 steps for n steps of the grid.
 */
export function findSeason(points: readonly Point[], resolution = 0): Season | undefined {
  const grid = layOnGrid(points);
  if (!grid) return undefined;
  const values = centred(grid.values);
  const mostLag = Math.floor(values.length / LEAST_PERIODS);
  const covariances = Float64Array.from({ length: mostLag + 1 }, (_, lag) => {
    const { sum, pairs } = products(values, lag);
    return pairs === 0 ? NaN : sum / pairs;
  });
  const lag = covariances[0]! > 0 ? findPeak(covariances, values.length) : undefined;
  if (lag === undefined) return undefined;
  const p = chanceOfNoise(values, lag, mostLag - 1);
  const amplitude = Math.sqrt(2 * covariances[lag]!);
  if (p >= SEASON_ALPHA || amplitude < resolution) return undefined;
  const period = vertexOf(covariances, lag);
  return {
    seasonality: {
      periodSeconds: (period * grid.stepMs) / 1000,
      amplitude,
      strength: Math.min(covariances[lag]! / covariances[0]!, 1),
      p,
    },
    parts: partsOf(grid, values, period),
  };
}

/**
 * The lag of the first of the highest peaks, which is the period and not a multiple of it: after the first fall below
 * 0, and as high as the highest but for what noise does. Long lags, which fewer pairs speak for, count for less.
 */
function findPeak(covariances: Float64Array, n: number): number | undefined {
  const heights = covariances.map((covariance, lag) => (covariance / covariances[0]!) * (1 - lag / n));
  const fall = heights.findIndex((height) => height < 0);
  if (fall < 0) return undefined;
  const peaks: number[] = [];
  for (let lag = Math.max(fall + 1, 2); lag < heights.length - 1; lag++)
    if (heights[lag]! > 0 && heights[lag]! > heights[lag - 1]! && heights[lag]! >= heights[lag + 1]!) peaks.push(lag);
  const highest = Math.max(...peaks.map((lag) => heights[lag]!));
  return peaks.find((lag) => heights[lag]! >= highest - 1 / Math.sqrt(n));
}

/**
 * The chance of such a correlation at any of `tries` lags when nothing repeats. What a value leaves in the next one,
 * and so at longer lags, is taken off first: it is what remains of it after the season was, the difference to the value
 * one period earlier. The products of pairs then are like noise around 0; their sum counts both in their usual standard
 * deviations and in those that they show themselves: one pair of great values, two spikes at whatever distance, is the
 * largest of products but proves nothing. The correction for the number of tries is that of Sidak (1967).
 */
function chanceOfNoise(values: Float64Array, lag: number, tries: number): number {
  const noise = products(centred(lagged(values, lag, 1)), 1);
  const power = products(centred(lagged(values, lag, 1)), 0).sum;
  const n = values.length - lag;
  const phi = power === 0 ? 0 : ((n * noise.sum) / power + 1) / (n - 3);
  const white = centred(lagged(values, 1, Math.min(Math.max(phi, 0), MOST_PHI)));
  const [all, { pairs, sum, squares }] = [products(white, 0), products(white, lag)];
  const z = Math.min((sum / all.sum) * (all.pairs / Math.sqrt(pairs)), sum / Math.sqrt(squares));
  return 1 - (1 - upperP(z)) ** tries;
}

/** Where the parabola has its top that fits best around a peak: noise moves the peak itself by several steps. */
function vertexOf(covariances: Float64Array, lag: number): number {
  const reach = Math.min(Math.max(Math.round(lag / 6), 1), covariances.length - 1 - lag);
  const sums = { x2: 0, x4: 0, y: 0, xy: 0, x2y: 0 };
  for (let x = -reach; x <= reach; x++) {
    const y = covariances[lag + x]!;
    sums.x2 += x ** 2;
    sums.x4 += x ** 4;
    sums.y += y;
    sums.xy += x * y;
    sums.x2y += x ** 2 * y;
  }
  const n = 2 * reach + 1;
  const curvature = (n * sums.x2y - sums.x2 * sums.y) / (n * sums.x4 - sums.x2 ** 2);
  const shift = -sums.xy / sums.x2 / (2 * curvature);
  return lag + (curvature < 0 ? Math.min(Math.max(shift, -reach), reach) : 0);
}

/** Of each point the mean of all values at its phase of the period, which is in steps. */
function partsOf({ steps }: Grid, values: Float64Array, period: number): number[] {
  const phases = Math.round(period);
  const phaseOf = (step: number): number => Math.floor(((step % period) / period) * phases);
  const sums = new Float64Array(phases);
  const counts = new Float64Array(phases);
  values.forEach((value, step) => {
    if (Number.isNaN(value)) return;
    sums[phaseOf(step)]! += value;
    counts[phaseOf(step)]! += 1;
  });
  return steps.map((step) => sums[phaseOf(step)]! / counts[phaseOf(step)]!);
}

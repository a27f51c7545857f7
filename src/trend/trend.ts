import { anomalies, type Anomaly } from "./anomaly.ts";
import { type Crossing, isBeyond, type Threshold, timeToCross } from "./degradation.ts";
import { mannKendall } from "./mannkendall.ts";
import { findSeason, type Seasonality } from "./seasonality.ts";
import { serialInflation } from "./serialcorrelation.ts";
import type { Point } from "./series.ts";
import { mean, median, scaledMad, Z_95 } from "./statistics.ts";
import { residuals, slopeLimits, theilSen, valueAt } from "./theilsen.ts";

/** A trend is told when chance alone would show it in fewer cases than this. */
export const TREND_ALPHA = 0.05;
/** Fewer points never show a trend: chance puts four in order in one case of twelve. */
export const LEAST_POINTS = 5;
/** More points are thinned: so many have 79,800 slopes, 640 KB, to sort. */
export const MOST_POINTS = 400;
/** The standard error of a median of normal numbers, in those of their mean. */
const MEDIAN_ERROR = Math.sqrt(Math.PI / 2);

/** What a series does. */
export interface Trend {
  /** How many points there were, and what they cover. */
  readonly points: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Steady unless the trend is significant and adds up to the resolution over what the points cover. */
  readonly direction: "rising" | "falling" | "steady";
  /** 1 - p of the test for a monotonic trend: 0 to 1. */
  readonly confidence: number;
  /** Units per second, and the limits of 95 %, infinite where there are too few points. */
  readonly perSecond: number;
  readonly lowPerSecond: number;
  readonly highPerSecond: number;
  /** What it is at the newest point: on the line of the trend or, without one, the median. */
  readonly level: number;
  /** Whether the level is at the threshold or on its bad side. */
  readonly isBeyond: boolean;
  /** When the threshold will be crossed; undefined when nothing says that it will. */
  readonly crossing: Crossing | undefined;
  readonly season: Seasonality | undefined;
  /** Points far from the others: where there is a trend, far from its line; without what repeats. Oldest first. */
  readonly anomalies: readonly Anomaly[];
}

/** What a series is held against. */
export interface Aim {
  readonly threshold?: Threshold | undefined;
  /** The least difference that matters to anybody, in units of the series; default 0. */
  readonly resolution?: number | undefined;
}

/**
 * Looks for a season, takes it off, and tests what remains for a trend. Undefined for fewer than LEAST_POINTS points or
 * only one time. The points come in the order of their times. Takes 4 to 8 ms for MOST_POINTS points or more.
 */
export function analyse(all: readonly Point[], { threshold, resolution = 0 }: Aim = {}): Trend | undefined {
  const thinned = thin(all);
  const raw = thinned.length < LEAST_POINTS ? undefined : theilSen(thinned);
  if (!raw) return undefined;
  const season = findSeason(withValues(thinned, residuals(thinned, raw)), resolution);
  const points = season ? lessParts(thinned, season.parts) : thinned;
  const line = season ? theilSen(points)! : raw;
  const rests = residuals(points, line);
  const [firstMs, lastMs] = [points[0]!.ms, points.at(-1)!.ms];
  const inflation = serialInflation(rests) * seasonInflation(season?.seasonality, lastMs - firstMs);
  const { s, p, variance } = mannKendall(valuesOf(points), inflation);
  const limits = slopeLimits(line, variance);
  const change = (Math.abs(line.perSecond) * (lastMs - firstMs)) / 1000;
  const isTrend = p < TREND_ALPHA && change > 0 && change >= resolution;
  const level = isTrend ? valueAt(line, lastMs) : median(valuesOf(points));
  const levelError = Z_95 * MEDIAN_ERROR * scaledMad(rests) * Math.sqrt(inflation / points.length);
  const fit = { line, limits, levelError, firstMs, lastMs };
  return {
    points: all.length,
    firstMs,
    lastMs,
    direction: isTrend ? (s > 0 ? "rising" : "falling") : "steady",
    confidence: 1 - p,
    perSecond: line.perSecond,
    lowPerSecond: limits.low,
    highPerSecond: limits.high,
    level,
    isBeyond: threshold !== undefined && isBeyond(level, threshold),
    crossing: threshold && isTrend ? timeToCross(fit, threshold) : undefined,
    season: season?.seasonality,
    anomalies: anomaliesAmong(thinned, isTrend ? rests : valuesOf(points), resolution),
  };
}

/** At most MOST_POINTS points: neighbours, equally many each, are averaged. */
export function thin(points: readonly Point[]): readonly Point[] {
  const size = Math.ceil(points.length / MOST_POINTS);
  if (size <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => {
    const block = points.slice(i * size, (i + 1) * size);
    return { ms: mean(block.map(({ ms }) => ms)), value: mean(valuesOf(block)) };
  });
}

/**
 * How many times greater the variance of Kendall's S is because a season was taken off that was seen c times: of what
 * the noise does, the means at each phase take 1/c off, but off its slope 1/c^2 only. With it, 3 to 9 % of series with
 * a season seen 2.5 times or more, and no trend, show one; with the season left in, no series with a trend would.
 */
function seasonInflation(season: Seasonality | undefined, spanMs: number): number {
  return season ? 1 + (season.periodSeconds * 1000) / spanMs : 1;
}

/** The points whose values, less what the others have in common, are far from the others'. */
function anomaliesAmong(points: readonly Point[], values: readonly number[], resolution: number): Anomaly[] {
  const valueOf = new Map(points.map(({ ms, value }) => [ms, value]));
  return anomalies(withValues(points, values), resolution).map(({ ms, z, severity }) => {
    return { ms, value: valueOf.get(ms)!, z, severity };
  });
}

function valuesOf(points: readonly Point[]): number[] {
  return points.map(({ value }) => value);
}

function withValues(points: readonly Point[], values: readonly number[]): Point[] {
  return points.map(({ ms }, i) => ({ ms, value: values[i]! }));
}

function lessParts(points: readonly Point[], parts: readonly number[]): Point[] {
  return points.map(({ ms, value }, i) => ({ ms, value: value - parts[i]! }));
}

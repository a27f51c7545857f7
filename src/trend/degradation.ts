import { type Line, type SlopeLimits, valueAt } from "./theilsen.ts";

/** A limit that a series should not reach. */
export interface Threshold {
  /** In units of the series. */
  readonly value: number;
  /** On which side of it things are bad. */
  readonly worse: "above" | "below";
}

/** A crossing further ahead than this many times what was seen is a guess, and is not told. */
export const MOST_SPANS = 10;

/**
 * When a series that gets worse will cross its threshold, in seconds after its newest point, and the limits of 95 % of
 * it.
 */
export interface Crossing {
  readonly inSeconds: number;
  readonly earliestSeconds: number;
  /** Infinity when it may never come to it. */
  readonly latestSeconds: number;
}

/** A significant trend: its line, the limits of its slope, and how exact its level is. */
export interface Fit {
  readonly line: Line;
  readonly limits: SlopeLimits;
  /** Half of the width of the interval that has the line at its pivot, at 95 %, in units of the values. */
  readonly levelError: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Whether a value is at a threshold or on the bad side of it. */
export function isBeyond(value: number, { value: limit, worse }: Threshold): boolean {
  return worse === "above" ? value >= limit : value <= limit;
}

/**
 * When the line crosses the threshold; undefined when it goes away from it, has crossed it, or would cross it only
 * after MOST_SPANS times what the points cover. The limits join what is uncertain of the slope and of the level, each
 * side for itself (Zou & Donner 2008).
 */
export function timeToCross(
  { line, limits, levelError, firstMs, lastMs }: Fit,
  threshold: Threshold,
): Crossing | undefined {
  if (isBeyond(valueAt(line, lastMs), threshold)) return undefined;
  const distance = threshold.value - line.pivot.value;
  const after = (perSecond: number): number => (distance / perSecond > 0 ? distance / perSecond : Infinity);
  const seconds = after(line.perSecond);
  const sinceSeconds = (lastMs - line.pivot.ms) / 1000;
  const inSeconds = seconds - sinceSeconds;
  if (!(inSeconds <= (MOST_SPANS * (lastMs - firstMs)) / 1000)) return undefined;
  const [flat, steep] = line.perSecond > 0 ? [limits.low, limits.high] : [limits.high, limits.low];
  const byLevel = levelError / Math.abs(line.perSecond);
  return {
    inSeconds,
    earliestSeconds: Math.max(inSeconds - Math.hypot(seconds - after(steep), byLevel), 0),
    latestSeconds: inSeconds + Math.hypot(after(flat) - seconds, byLevel),
  };
}

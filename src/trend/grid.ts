import type { Point } from "./series.ts";
import { median } from "./statistics.ts";

/** Values at equal distances in time. */
export interface Grid {
  readonly stepMs: number;
  /** One value a step, the first of the first point; NaN where there was none. */
  readonly values: Float64Array;
  /** Of each point the step that it belongs to. */
  readonly steps: readonly number[];
}

/** A series with more of its steps empty is not laid on a grid. */
const MOST_EMPTY = 1 / 3;

/**
 * Lays points on a grid: the step is the median distance of neighbours, a point belongs to the nearest step, and points
 * of the same step are averaged. Nothing is interpolated: an empty step stays empty. Undefined for fewer than three
 * points, and when more than a third of the steps would be empty.
 */
export function layOnGrid(points: readonly Point[]): Grid | undefined {
  if (points.length < 3) return undefined;
  const firstMs = points[0]!.ms;
  const stepMs = median(points.slice(1).map(({ ms }, i) => ms - points[i]!.ms));
  const steps = points.map(({ ms }) => Math.round((ms - firstMs) / stepMs));
  const length = steps.at(-1)! + 1;
  if (new Set(steps).size < length * (1 - MOST_EMPTY)) return undefined;
  const sums = new Float64Array(length);
  const counts = new Float64Array(length);
  points.forEach(({ value }, i) => {
    sums[steps[i]!]! += value;
    counts[steps[i]!]! += 1;
  });
  return { stepMs, values: sums.map((sum, i) => sum / counts[i]!), steps };
}

/** The values less their mean. */
export function centred(values: Float64Array): Float64Array {
  const present = values.filter((value) => !Number.isNaN(value));
  const mean = present.reduce((sum, value) => sum + value, 0) / present.length;
  return values.map((value) => value - mean);
}

/** Of each value that is `lag` steps later than another the difference to `part` of that; the first have none. */
export function lagged(values: Float64Array, lag: number, part: number): Float64Array {
  return values.map((value, i) => (i < lag ? NaN : value - part * values[i - lag]!));
}

/** What the products of values that are `lag` steps apart come to; of centred values that is their autocovariance. */
export interface Products {
  readonly pairs: number;
  readonly sum: number;
  readonly squares: number;
}

/** The products of values that are `lag` steps apart, where both are there. */
export function products(values: Float64Array, lag: number): Products {
  let pairs = 0;
  let sum = 0;
  let squares = 0;
  for (let i = lag; i < values.length; i++) {
    const product = values[i]! * values[i - lag]!;
    if (Number.isNaN(product)) continue;
    pairs++;
    sum += product;
    squares += product * product;
  }
  return { pairs, sum, squares };
}

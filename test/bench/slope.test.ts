import { expect, test } from "bun:test";

import { theilSen } from "../../bench/slope.ts";

/** The quantile of the standard normal distribution for a confidence of 93 %. */
const Z_93 = 1.811911;

function points(xs: readonly number[], ys: readonly number[]) {
  return xs.map((x, i) => ({ x, y: ys[i]! }));
}

test("theilSen finds the slope and the interval of Sen's example (1968, section 6)", () => {
  const { slope, low, high } = theilSen(points([1, 2, 3, 4, 10, 12, 18], [9, 15, 19, 20, 45, 55, 78]), Z_93);
  expect(slope).toBe(4);
  expect(low).toBeCloseTo(3.71, 2);
  expect(high).toBeCloseTo(4.38, 2);
});

test("theilSen finds the slope and the interval of the example with ties of statpsych's ci.theil", () => {
  const ys = [21, 4, 9, 12, 35, 18, 10, 22, 24, 1, 6, 8, 13, 16, 19];
  const xs = [67, 28, 30, 28, 52, 40, 25, 37, 44, 10, 14, 20, 28, 40, 51];
  const { slope, low, high } = theilSen(points(xs, ys));
  expect(slope).toBe(0.5);
  expect(low).toBeCloseTo(0.3243243, 7);
  expect(high).toBe(0.75);
});

test("theilSen is not moved by an outlier", () => {
  const xs = Array.from({ length: 20 }, (_, i) => i);
  const ys = xs.map((x) => (x === 10 ? 1000 : 3 * x + 1));
  expect(theilSen(points(xs, ys))).toEqual({ slope: 3, low: 3, high: 3 });
});

test("theilSen finds no slope and no doubt where nothing changes", () => {
  expect(theilSen(points([0, 1, 2, 3], [5, 5, 5, 5]))).toEqual({ slope: 0, low: 0, high: 0 });
});

test("theilSen corrects the interval for ties", () => {
  // 12 of the 28 slopes are 0, and of 1/7, 1/6 ... 1 there are 1, 2, 3, 4, 3, 2, 1. The variance is
  // (8 * 7 * 21 - 2 * 4 * 3 * 13) / 18 = 48, so the bounds are the slopes 7 and 22 in order; without the ties the upper is 23.
  const step = points([0, 1, 2, 3, 4, 5, 6, 7], [0, 0, 0, 0, 1, 1, 1, 1]);
  expect(theilSen(step)).toEqual({ slope: 1 / 6, low: 0, high: 1 / 4 });
});

test("theilSen refuses points at a single time", () => {
  expect(() => theilSen(points([1, 1], [2, 3]))).toThrow(RangeError);
});

import { expect, test } from "bun:test";

import { atRank, median, scaledMad, twoSidedP, upperP, Z_95 } from "../../src/trend/statistics.ts";

test("scaledMad is that of the example of Leys et al. (2013): median 7, deviation 5.1891", () => {
  const values = [1, 3, 3, 6, 8, 10, 10, 1000];
  expect(median(values)).toBe(7);
  expect(scaledMad(values)).toBeCloseTo(5.1891, 10);
});

test("twoSidedP is that of the normal distribution to seven digits, where the library's table has four", () => {
  // From scipy.stats.norm.
  expect(twoSidedP(2.146625)).toBeCloseTo(0.03182314797, 7);
  expect(twoSidedP(-2.9058)).toBeCloseTo(0.00366315507, 7);
  expect(twoSidedP(0)).toBeCloseTo(1, 6);
  expect(twoSidedP(Z_95)).toBeCloseTo(0.05, 7);
  expect(twoSidedP(60)).toBe(0);
});

test("upperP is the chance of a greater number, also below 0", () => {
  expect(upperP(1)).toBeCloseTo(0.15865525393, 7);
  expect(upperP(-1.5)).toBeCloseTo(0.93319279873, 7);
  expect(upperP(5)).toBeLessThan(1e-6);
});

test("atRank finds values by their rank, and what is between two", () => {
  const sorted = Float64Array.of(1, 2, 4, 8);
  expect([0, 3, 1.5, 2.25].map((rank) => atRank(sorted, rank))).toEqual([1, 8, 3, 5]);
  expect(atRank(Float64Array.of(5), 0)).toBe(5);
});

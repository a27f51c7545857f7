import { afterAll, expect, test } from "bun:test";

import { mannKendall } from "../../src/trend/mannkendall.ts";
import { Noise } from "./noise.ts";
import { EPA_SODIUM, HOLY_CROSS, NILE } from "./published.ts";
import { around, MANY_TRIES_MS, Rates } from "./rates.ts";

const rates = new Rates("Mann-Kendall: series with a trend at 5 %");
afterAll(() => rates.print());

const sodium = EPA_SODIUM.map(({ value }) => value);

test("mannKendall is that of the example by hand of Holy Cross: S 54, variance less that of one tie, z 2.9058", () => {
  const { s, variance, z, p } = mannKendall(HOLY_CROSS);
  expect(s).toBe(72 - 18);
  expect(variance).toBeCloseTo((14 * 13 * 33) / 18 - (2 * 1 * 9) / 18, 9);
  expect(z).toBeCloseTo(2.9058, 4);
  expect(p / 2).toBeCloseTo(0.0018, 4);
});

test("mannKendall is that of example 17-7 of EPA's Unified Guidance: z 2.146625, tau 0.5555556", () => {
  const { s, z } = mannKendall(sodium);
  expect(z).toBeCloseTo(2.146625, 6);
  expect(s / 45).toBeCloseTo(0.5555556, 7);
});

test("mannKendall of the Nile is that of R's wql and of scipy: S -1387, variance 112728.3, p 3.66e-5", () => {
  const { s, variance, z, p } = mannKendall(NILE);
  expect(s).toBe(-1387);
  expect(variance).toBeCloseTo(112_728.3333, 4);
  expect(z).toBeCloseTo(-4.128066522844, 9);
  expect(p).toBeCloseTo(3.658e-5, 6);
});

/** Gilbert (1987), table A18: the chance of this S or a greater one. */
const GILBERT_A18: readonly (readonly [n: number, s: number, chance: number])[] = [
  [4, 6, 0.042],
  [5, 8, 0.042],
  [5, 10, 0.0083],
  [6, 9, 0.068],
  [6, 11, 0.028],
  [7, 13, 0.035],
  [7, 15, 0.015],
  [8, 16, 0.031],
  [8, 18, 0.016],
  [9, 18, 0.038],
  [9, 20, 0.022],
  [10, 19, 0.054],
  [10, 21, 0.036],
  [10, 23, 0.023],
  [10, 25, 0.014],
  [10, 31, 0.0023],
];

test.each(GILBERT_A18)("mannKendall has the chance of Gilbert's table A18 for %d values with S %d", (n, s, chance) => {
  const values = withScore(n, s);
  expect(mannKendall(values).s).toBe(s);
  expect(mannKendall(values).p / 2).toBeCloseTo(chance, chance < 0.01 ? 4 : 3);
  expect(mannKendall(values.map((value) => -value)).p).toBe(mannKendall(values).p);
});

test("mannKendall counts the orders of up to ten values exactly, with ties too, as going through all of them does", () => {
  for (const values of [
    [1, 1, 2, 3, 3, 4],
    [0, 0, 0, 0, 0, 1, 2],
    [1, 2, 2, 3, 3, 3, 4],
    [2, 1, 3, 3, 5, 4],
    [5, 5, 1, 1, 3],
  ]) {
    const { s, p } = mannKendall(values);
    const orders = permutations(values);
    expect(p).toBeCloseTo(orders.filter((order) => Math.abs(score(order)) >= Math.abs(s)).length / orders.length, 12);
  }
});

test("mannKendall says nothing of values that are all equal, of one, and of none", () => {
  for (const values of [[], [1], [3, 3, 3], Array.from({ length: 50 }, () => 7)])
    expect(mannKendall(values)).toMatchObject({ s: 0, z: 0, p: 1 });
});

test("mannKendall takes the inflation of the variance for what it is, and then no table", () => {
  expect(mannKendall(HOLY_CROSS, 2).variance).toBeCloseTo(2 * mannKendall(HOLY_CROSS).variance, 9);
  // (25 - 1) / sqrt(500) is 1.0733.
  expect(mannKendall(sodium, 4).z).toBeCloseTo(1.0733, 4);
  expect(mannKendall(sodium, 4).p).toBeCloseTo(0.2831, 4);
});

test(
  "mannKendall finds a trend in white noise as often as chance does, with few values and with many",
  () => {
    const noise = new Noise(1);
    const isTrend = (n: number) => () => mannKendall(noise.white(n)).p < 0.05;
    // With 8 values no chance is nearer to 5 % than that of |S| >= 16: 6.1 %, and of 18: 3.1 %.
    rates.expect("white noise, 8 values (exact: 3.1 %)", 4000, isTrend(8), ...around(0.031, 4000));
    for (const n of [12, 30, 100])
      rates.expect(`white noise, ${n} values`, 4000, isTrend(n), ...around(n < 20 ? 0.045 : 0.05, 4000));
  },
  MANY_TRIES_MS,
);

test(
  "mannKendall finds a trend that adds up to three standard deviations in 30 values nearly always",
  () => {
    const noise = new Noise(2);
    const values = (): number[] => noise.white(30).map((value, i) => value + i / 10);
    rates.expect("3 standard deviations over 30 values", 1000, () => mannKendall(values()).p < 0.05, 0.98, 1);
  },
  MANY_TRIES_MS,
);

/** Values in an order that has this score: each is moved forward by as many places as inversions are still wanted. */
function withScore(n: number, s: number): number[] {
  let inversions = ((n * (n - 1)) / 2 - s) / 2;
  const values: number[] = [];
  for (let value = 0; value < n; value++) {
    const moved = Math.min(inversions, value);
    values.splice(value - moved, 0, value);
    inversions -= moved;
  }
  return values;
}

function score(values: readonly number[]): number {
  let [more, less] = [0, 0];
  values.forEach((value, i) => {
    more += values.slice(i + 1).filter((later) => later > value).length;
    less += values.slice(i + 1).filter((later) => later < value).length;
  });
  return more - less;
}

function permutations(values: readonly number[]): number[][] {
  if (values.length === 0) return [[]];
  return values.flatMap((value, i) => permutations(values.toSpliced(i, 1)).map((rest) => [value].concat(rest)));
}

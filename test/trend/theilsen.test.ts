import { afterAll, expect, test } from "bun:test";

import { mannKendall } from "../../src/trend/mannkendall.ts";
import { residuals, slopeLimits, theilSen, valueAt } from "../../src/trend/theilsen.ts";
import { every, Noise } from "./noise.ts";
import { EPA_SODIUM, LYNX, NILE } from "./published.ts";
import { around, MANY_TRIES_MS, Rates } from "./rates.ts";

const rates = new Rates("Theil-Sen: the true slope is within the limits of 95 %");
afterAll(() => rates.print());

test("theilSen and slopeLimits are those of example 17-7 of EPA's Unified Guidance: 1.3333 (0.3992 to 2.3333)", () => {
  const line = theilSen(EPA_SODIUM)!;
  expect(line.perSecond).toBeCloseTo(1.3333333, 7);
  const { low, high } = slopeLimits(line, mannKendall(EPA_SODIUM.map(({ value }) => value)).variance);
  expect(low).toBeCloseTo(0.3992083, 7);
  expect(high).toBeCloseTo(2.3333333, 7);
});

test("theilSen has the slope of Helsel & Hirsch (2002, 10.1.1) for 1 2 3 4 5 16 7: one wild value does not count", () => {
  const line = theilSen(every(1000, [1, 2, 3, 4, 5, 16, 7]))!;
  expect(line.perSecond).toBe(1);
  expect(valueAt(line, 0)).toBe(1);
});

test("theilSen has the slopes that scipy's theilslopes has for the Nile and the lynx", () => {
  expect(theilSen(every(1000, NILE))!.perSecond).toBeCloseTo(-2.6, 12);
  expect(theilSen(LYNX)!.perSecond).toBeCloseTo(2.1914893617, 9);
  // Their intercept, at the first point, is the median of what remains: method "joint".
  expect(valueAt(theilSen(LYNX)!, 0)).toBeCloseTo(645.9787234, 6);
});

test("theilSen has half of the points above the line and half below, at the times they have", () => {
  const points = EPA_SODIUM.slice(0, 9);
  const rests = residuals(points, theilSen(points)!);
  expect(rests.filter((rest) => rest > 1e-9).length).toBe(4);
  expect(rests.filter((rest) => rest < -1e-9).length).toBe(4);
});

test("theilSen takes times in milliseconds, with fractions and gaps, and tells slopes per second", () => {
  const times = [0, 0.25, 10.5, 4000, 4000.125, 90_000];
  const line = theilSen(times.map((ms) => ({ ms: 1.7e12 + ms, value: 5 + ms / 500 })))!;
  expect(line.perSecond).toBeCloseTo(2, 5);
});

test("theilSen has no line for fewer than two times", () => {
  expect(theilSen([])).toBeUndefined();
  expect(theilSen([{ ms: 1, value: 1 }])).toBeUndefined();
  expect(
    theilSen([
      { ms: 1, value: 1 },
      { ms: 1, value: 2 },
    ]),
  ).toBeUndefined();
});

test("theilSen leaves out the pairs of the same time", () => {
  const points = [
    { ms: 0, value: 0 },
    { ms: 1000, value: 1 },
    { ms: 1000, value: 9 },
  ];
  expect([...theilSen(points)!.slopes]).toEqual([1, 9]);
});

test("slopeLimits are open when there are too few points to tell", () => {
  const line = theilSen(every(1000, [1, 2, 3]))!;
  expect(slopeLimits(line, mannKendall([1, 2, 3]).variance)).toEqual({ low: -Infinity, high: Infinity });
});

test(
  "slopeLimits have the true slope in 95 % of series",
  () => {
    const noise = new Noise(3);
    for (const n of [12, 60]) {
      const isWithin = (): boolean => {
        const values = noise.white(n).map((value, i) => value - 0.2 * i);
        const { low, high } = slopeLimits(theilSen(every(1000, values))!, mannKendall(values).variance);
        return low <= -0.2 && -0.2 <= high;
      };
      const [least] = around(0.95, 1500);
      rates.expect(`white noise, ${n} points`, 1500, isWithin, least, 0.98);
    }
  },
  MANY_TRIES_MS,
);

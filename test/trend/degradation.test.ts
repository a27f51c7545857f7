import { afterAll, expect, test } from "bun:test";

import { type Fit, isBeyond, MOST_SPANS, timeToCross } from "../../src/trend/degradation.ts";
import { theilSen } from "../../src/trend/theilsen.ts";
import { analyse } from "../../src/trend/trend.ts";
import { every, Noise } from "./noise.ts";
import { MANY_TRIES_MS, Rates } from "./rates.ts";

const rates = new Rates("Time to degrade: the true time is within the limits of 95 %");
afterAll(() => rates.print());

/** A line from 0 at 0 s that rises by 1 per second, seen for 100 s; its middle is at 50 s. */
function fitOf(changes: Partial<Fit> = {}): Fit {
  const line = theilSen(every(1000, [0, 1, 2, 3, 4]))!;
  const pivot = { ms: 50_000, value: 50 };
  const limits = { low: 0.5, high: 2 };
  return { line: { ...line, pivot }, limits, levelError: 0, firstMs: 0, lastMs: 100_000, ...changes };
}

const falling = (): Partial<Fit> => ({
  line: { ...fitOf().line, perSecond: -1 },
  limits: { low: -2, high: -0.5 },
});

test("timeToCross is when the line is at the threshold, after the newest point, and where its limits are", () => {
  // From 50 at 50 s to 150: 100 s at 1, 200 s at 0.5, 50 s at 2 per second; the newest point is 50 s after that.
  expect(timeToCross(fitOf(), { value: 150, worse: "above" })).toEqual({
    inSeconds: 50,
    earliestSeconds: 0,
    latestSeconds: 150,
  });
  expect(timeToCross(fitOf(), { value: 250, worse: "above" })).toEqual({
    inSeconds: 150,
    earliestSeconds: 50,
    latestSeconds: 350,
  });
});

test("timeToCross is the same for a line that falls to a threshold below", () => {
  expect(timeToCross(fitOf(falling()), { value: -50, worse: "below" })).toEqual({
    inSeconds: 50,
    earliestSeconds: 0,
    latestSeconds: 150,
  });
});

test("timeToCross joins what is uncertain of the level to what is of the slope, as legs of a right angle", () => {
  // The slope alone: 100 s earlier, 200 s later. The level: 75 s either way.
  expect(timeToCross(fitOf({ levelError: 75 }), { value: 250, worse: "above" })).toEqual({
    inSeconds: 150,
    earliestSeconds: 150 - 125,
    latestSeconds: 150 + Math.hypot(200, 75),
  });
});

test("timeToCross has no end when the slope may be none", () => {
  const crossing = timeToCross(fitOf({ limits: { low: -0.1, high: 2 } }), { value: 250, worse: "above" })!;
  expect(crossing.latestSeconds).toBe(Infinity);
  expect(crossing.earliestSeconds).toBe(50);
});

test("timeToCross says nothing of a line that goes away from the threshold, or is beyond it", () => {
  expect(timeToCross(fitOf(), { value: -50, worse: "below" })).toBeUndefined();
  expect(timeToCross(fitOf(falling()), { value: 150, worse: "above" })).toBeUndefined();
  expect(timeToCross(fitOf(), { value: 90, worse: "above" })).toBeUndefined();
  expect(timeToCross(fitOf(), { value: 110, worse: "below" })).toBeUndefined();
});

test("timeToCross does not look further ahead than ten times what was seen", () => {
  const furthest = 100 * (MOST_SPANS + 1);
  expect(timeToCross(fitOf(), { value: furthest, worse: "above" })!.inSeconds).toBe(1000);
  expect(timeToCross(fitOf(), { value: furthest + 1, worse: "above" })).toBeUndefined();
});

test("isBeyond counts the threshold itself as the bad side", () => {
  expect([9, 10, 11].map((value) => isBeyond(value, { value: 10, worse: "above" }))).toEqual([false, true, true]);
  expect([9, 10, 11].map((value) => isBeyond(value, { value: 10, worse: "below" }))).toEqual([true, true, false]);
});

test(
  "timeToCross has the true time within its limits in about 95 % of series",
  () => {
    const noise = new Noise(12);
    for (const [phi, deviations, ahead, tries] of [
      [0, 8, 0.1, 400],
      [0, 4, 2, 400],
      [0.5, 4, 0.5, 400],
    ] as const) {
      // So many standard deviations over 160 s, and the threshold `ahead` times as long after it.
      const seen = Array.from({ length: tries }, () => {
        const values = noise.red(161, phi).map((value, i) => value + (deviations * i) / 160);
        const threshold = { value: deviations * (1 + ahead), worse: "above" } as const;
        return analyse(every(1000, values), { threshold })?.crossing;
      }).filter((crossing) => crossing !== undefined);
      expect(seen.length).toBeGreaterThan(tries * 0.9);
      const isWithin = (i: number): boolean =>
        seen[i]!.earliestSeconds <= 160 * ahead && 160 * ahead <= seen[i]!.latestSeconds;
      rates.expect(`phi ${phi}, ${ahead} times as far ahead as seen`, seen.length, isWithin, 0.92, 0.99);
    }
  },
  MANY_TRIES_MS,
);

import { expect, test } from "bun:test";

import { type KeptPoint, TieredSeries } from "../../src/trend/tieredseries.ts";

const STEP_MS = 10_000;
const MINUTES = 60_000;
const HOURS = 60 * MINUTES;

/** Samples every 10 s from `firstMs` for so long; what is to be kept. */
function sample(series: TieredSeries, firstMs: number, spanMs: number, value: (ms: number) => number): KeptPoint[] {
  const kept: KeptPoint[] = [];
  for (let ms = firstMs; ms < firstMs + spanMs; ms += STEP_MS) kept.push(...series.add(ms, value(ms)));
  return kept;
}

test("TieredSeries keeps every sample of an hour, and tells the points of 5 minutes and 2 hours to keep", () => {
  const series = new TieredSeries({ kind: "gauge" });
  const kept = sample(series, 0, 4 * HOURS + STEP_MS, (ms) => ms / 1000);
  expect(kept.filter(({ tier }) => tier === "day").length).toBe(48);
  expect(kept[0]).toEqual({ tier: "day", ms: 145_000, value: 145 });
  expect(kept.filter(({ tier }) => tier === "month")).toEqual([
    { tier: "month", ms: 3_595_000, value: 3595 },
    { tier: "month", ms: 3_595_000 + 2 * HOURS, value: 3595 + 7200 },
  ]);
  expect(series.points("hour").length).toBe(360);
  expect(series.points("hour")[0]).toEqual({ ms: 3 * HOURS + STEP_MS, value: 3 * 3600 + 10 });
  expect(series.points("day").length).toBe(48);
  expect(series.points("month").length).toBe(2);
});

test("TieredSeries goes on where it was when what was kept is given back, and loses nothing at a clean end", () => {
  const series = new TieredSeries({ kind: "gauge" });
  const kept = [...sample(series, 0, 62 * MINUTES, (ms) => ms), ...series.flush()];
  expect(kept.slice(-2).map(({ tier }) => tier)).toEqual(["day", "month"]);
  expect(series.flush()).toEqual([]);
  const again = new TieredSeries({ kind: "gauge" });
  for (const point of kept) expect(again.restore(point)).toBe(true);
  expect(again.points("day")).toEqual(series.points("day"));
  expect(again.points("month")).toEqual(series.points("month"));
  expect(again.points("hour")).toEqual([]);
  expect(again.lastMs).toBe(kept.at(-2)!.ms);
  sample(again, 63 * MINUTES, 10 * MINUTES, () => 0);
  expect(again.points("day").length).toBe(15);
});

test("TieredSeries knows the time of its newest point, whichever tier it is in", () => {
  const series = new TieredSeries({ kind: "gauge" });
  expect(series.lastMs).toBeUndefined();
  series.restore({ tier: "day", ms: 5, value: 0 });
  series.restore({ tier: "month", ms: 9, value: 0 });
  expect(series.lastMs).toBe(9);
  series.add(12, 0);
  expect(series.lastMs).toBe(12);
});

test("TieredSeries counts what a counter added while no process was there to see it", () => {
  const first = new TieredSeries({ kind: "counter" });
  const kept = [...sample(first, 0, 10 * MINUTES, () => 3), ...first.flush()];
  expect(kept.every(({ value }) => value === 3)).toBe(true);
  const second = new TieredSeries({ kind: "counter" });
  for (const point of kept) second.restore(point);
  sample(second, 60 * MINUTES, 10 * MINUTES, () => 4);
  const rates = second.points("day");
  expect(rates.map(({ value }) => value > 0)).toEqual([false, true]);
  // From the last total of the first process to the end of the first 5 minutes of the second.
  expect(rates[1]!.value).toBeCloseTo(1 / (64 * 60 + 50 - (9 * 60 + 50)), 12);
});

test("TieredSeries passes over a sample that is no number or not later, and makes no point of it", () => {
  const series = new TieredSeries({ kind: "gauge" });
  series.add(0, 1);
  expect(series.add(STEP_MS, NaN)).toEqual([]);
  expect(series.add(0, 5)).toEqual([]);
  expect(series.points("hour")).toEqual([{ ms: 0, value: 1 }]);
  expect(series.flush().map(({ value }) => value)).toEqual([1, 1]);
});

test("TieredSeries tells nothing that is older than the span of a tier, though there is room for it", () => {
  const series = new TieredSeries({ kind: "gauge" });
  series.add(0, 1);
  series.add(59 * MINUTES, 2);
  expect(series.points("hour").length).toBe(2);
  series.add(61 * MINUTES, 3);
  expect(series.points("hour").map(({ value }) => value)).toEqual([2, 3]);
  expect(new TieredSeries({ kind: "counter" }).points("month")).toEqual([]);
});

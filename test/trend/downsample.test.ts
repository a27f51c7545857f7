import { expect, test } from "bun:test";

import { Bucket, ratesOf, spanOf, TIERS } from "../../src/trend/downsample.ts";
import { MOST_POINTS } from "../../src/trend/trend.ts";

const TIER = { stepMs: 1000, capacity: 5 };

test("Bucket makes the mean of a gauge's samples, at the mean of their times, when the next step begins", () => {
  const bucket = new Bucket(TIER, "gauge");
  expect(bucket.add({ ms: 1000, value: 4 })).toBeUndefined();
  expect(bucket.add({ ms: 1100, value: 6 })).toBeUndefined();
  expect(bucket.add({ ms: 1999, value: 2 })).toBeUndefined();
  expect(bucket.add({ ms: 2000, value: 100 })).toEqual({ ms: (1000 + 1100 + 1999) / 3, value: 4 });
  expect(bucket.add({ ms: 9500, value: 8 })).toEqual({ ms: 2000, value: 100 });
  expect(bucket.close()).toEqual({ ms: 9500, value: 8 });
  expect(bucket.close()).toBeUndefined();
});

test("Bucket keeps the last total of a counter, at its time", () => {
  const bucket = new Bucket(TIER, "counter");
  bucket.add({ ms: 1000, value: 4 });
  bucket.add({ ms: 1700, value: 9 });
  expect(bucket.add({ ms: 2000, value: 9 })).toEqual({ ms: 1700, value: 9 });
});

test("Bucket keeps times exact that are as large as those of today", () => {
  const bucket = new Bucket(TIERS.month, "gauge");
  const firstMs = 1_767_225_600_000;
  for (let i = 0; i < 720; i++) bucket.add({ ms: firstMs + i * 10_000, value: 1 });
  expect(bucket.close()!.ms).toBe(firstMs + 359.5 * 10_000);
});

test("ratesOf tells the increase per second between totals, over gaps too, at the middle of their times", () => {
  const totals = [
    { ms: 0, value: 5 },
    { ms: 10_000, value: 7 },
    { ms: 110_000, value: 17 },
  ];
  expect(ratesOf(totals)).toEqual([
    { ms: 5000, value: 0.2 },
    { ms: 60_000, value: 0.1 },
  ]);
  expect(ratesOf(totals.slice(0, 1))).toEqual([]);
  expect(ratesOf([])).toEqual([]);
});

test("ratesOf takes a total that is less than the one before for one that began again at 0", () => {
  expect(
    ratesOf([
      { ms: 0, value: 100 },
      { ms: 10_000, value: 3 },
    ]),
  ).toEqual([{ ms: 5000, value: 0.3 }]);
});

test("TIERS cover an hour, a day and 30 days, with no more points than are analysed", () => {
  const hour = 3_600_000;
  expect(Object.values(TIERS).map(spanOf)).toEqual([hour, 24 * hour, 30 * 24 * hour]);
  for (const { capacity } of Object.values(TIERS)) expect(capacity).toBeLessThanOrEqual(MOST_POINTS);
});

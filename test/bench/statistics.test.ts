import { expect, test } from "bun:test";

import { latencies, median, medians } from "../../bench/statistics.ts";

test("median is the value in the middle, or the mean of the two there", () => {
  expect(median([30, 10, 20])).toBe(20);
  expect(median([40, 10, 30, 20])).toBe(25);
});

test("medians takes each number over the runs that have it", () => {
  const runs = [{ a: 1, b: 10 }, { a: 3 }, { a: 2, b: 20 }, { a: 4, b: undefined }];
  expect(medians(runs)).toEqual({ a: 2.5, b: 15 });
});

test("latencies are percentiles in microseconds", () => {
  const ms = Array.from({ length: 100 }, (_, i) => (i + 1) / 1000);
  expect(latencies(ms.reverse())).toEqual({ "p50 us": 51, "p90 us": 91, "p99 us": 100, "most us": 100 });
});

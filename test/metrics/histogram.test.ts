import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { HistogramWindow } from "../../src/alert/histogramwindow.ts";
import { accumulate, Histogram, withBound } from "../../src/metrics/histogram.ts";

describe("Histogram", () => {
  test("Histogram counts in each bucket all that is not above its bound, and all in the last", () => {
    const histogram = new Histogram([0.1, 1, 10]);
    for (const value of [0, 0.1, 0.100_001, 1, 5, 10, 10.5, 1e9]) histogram.observe(value);
    expect(histogram.value.counts).toEqual([2, 4, 6, 8]);
    expect(histogram.value.bounds).toEqual([0.1, 1, 10]);
    expect(histogram.value.sum).toBeCloseTo(1_000_000_026.700_001, 6);
  });

  test("Histogram.observe says which bucket it was", () => {
    const histogram = new Histogram([1, 2]);
    expect([0.5, 1, 1.5, 2, 3].map((value) => histogram.observe(value))).toEqual([0, 0, 1, 1, 2]);
  });

  test("Histogram counts what a naive count says, whatever the bounds and values", () => {
    const bounds = fc
      .uniqueArray(fc.double({ min: 1e-6, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 30 })
      .map((list) => list.sort((a, b) => a - b));
    const values = fc.array(fc.double({ min: 0, max: 2e3, noNaN: true }), { maxLength: 100 });
    fc.assert(
      fc.property(bounds, values, (bounds, values) => {
        const histogram = new Histogram(bounds);
        for (const value of [...values, ...bounds]) histogram.observe(value);
        const seen = [...values, ...bounds];
        const naive = [...bounds, Infinity].map((bound) => seen.filter((value) => value <= bound).length);
        expect(histogram.value.counts).toEqual(naive);
        const sum = seen.reduce((total, value) => total + value, 0);
        expect(Math.abs(histogram.value.sum - sum)).toBeLessThanOrEqual(1e-9 * Math.max(1, sum));
      }),
    );
  });

  test("Histogram.value is what it was when it was asked for", () => {
    const histogram = new Histogram([1]);
    const before = histogram.value;
    histogram.observe(0.5);
    expect([before.counts, histogram.value.counts]).toEqual([
      [0, 0],
      [1, 1],
    ]);
  });

  test("Histogram is what windows of alert rules and of health are made of", () => {
    const window = new HistogramWindow(60_000);
    const histogram = new Histogram([0.01, 0.1]);
    window.add(0, histogram.value);
    for (let i = 0; i < 100; i++) histogram.observe(i < 99 ? 0.001 : 0.05);
    window.add(1000, histogram.value);
    expect(window.quantile(0.99)).toBeCloseTo(0.01, 9);
  });
});

test("accumulate adds up buckets that were counted each alone", () => {
  expect(accumulate([1, 2], [3, 0, 4], 9)).toEqual({ bounds: [1, 2], counts: [3, 3, 7], sum: 9 });
});

test("withBound has the bound in its place, once", () => {
  expect(withBound([1, 5, 10], 2)).toEqual([1, 2, 5, 10]);
  expect(withBound([1, 5, 10], 5)).toEqual([1, 5, 10]);
  expect(withBound([1, 5, 10], 60)).toEqual([1, 5, 10, 60]);
});

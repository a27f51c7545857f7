import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { HistogramWindow } from "../../src/alert/histogramwindow.ts";

const BOUNDS = [1, 2, 4, 8];

/** The histogram of these observations. */
function histogramOf(values: readonly number[], bounds: readonly number[] = BOUNDS) {
  return {
    bounds,
    counts: [...bounds, Infinity].map((bound) => values.filter((value) => value <= bound).length),
    sum: values.reduce((sum, value) => sum + value, 0),
  };
}

test("HistogramWindow knows nothing with one sample, or when nothing was observed since", () => {
  const window = new HistogramWindow(10_000);
  expect([window.mean, window.quantile(0.5)]).toEqual([undefined, undefined]);
  window.add(0, histogramOf([3, 3]));
  expect([window.mean, window.quantile(0.5)]).toEqual([undefined, undefined]);
  window.add(1000, histogramOf([3, 3]));
  expect([window.mean, window.quantile(0.5)]).toEqual([undefined, undefined]);
});

test("HistogramWindow tells of what was observed within the window only", () => {
  const window = new HistogramWindow(10_000);
  window.add(0, histogramOf([7, 7, 7]));
  window.add(1000, histogramOf([7, 7, 7, 1.5]));
  expect(window.mean).toBe(1.5);
  window.add(6000, histogramOf([7, 7, 7, 1.5, 3.5]));
  expect(window.mean).toBe(2.5);
  window.add(11_000, histogramOf([7, 7, 7, 1.5, 3.5]));
  expect(window.mean).toBe(3.5);
  window.add(16_000, histogramOf([7, 7, 7, 1.5, 3.5]));
  expect(window.mean).toBeUndefined();
});

test("HistogramWindow.quantile goes in a straight line within a bucket, as histogram_quantile() does", () => {
  const window = new HistogramWindow(10_000);
  window.add(0, histogramOf([]));
  window.add(1000, histogramOf([0.5, 0.5, 1.5, 1.5, 3, 3, 3, 3, 6, 6]));
  // ranks 1, 2, 3, 6, 9 and 10 of: 2 up to 1, 2 up to 2, 4 up to 4, 2 up to 8
  expect([0.1, 0.2, 0.3, 0.6, 0.9, 1].map((q) => window.quantile(q))).toEqual([0.5, 1, 1.5, 3, 6, 8]);
});

test("HistogramWindow.quantile is the last bound for what is beyond it", () => {
  const window = new HistogramWindow(10_000);
  window.add(0, histogramOf([]));
  window.add(1000, histogramOf([100, 1000]));
  expect(window.quantile(0.5)).toBe(8);
});

test("HistogramWindow.quantile lies in the bucket of the true one", () => {
  const values = fc.array(fc.double({ min: 0.001, max: 8, noNaN: true }), { minLength: 1, maxLength: 50 });
  const property = fc.property(values, fc.double({ min: 0.01, max: 1, noNaN: true }), (observed, q) => {
    const window = new HistogramWindow(10_000);
    window.add(0, histogramOf([]));
    window.add(1000, histogramOf(observed));
    const sorted = observed.toSorted((a, b) => a - b);
    const truth = sorted[Math.max(0, Math.ceil(q * sorted.length - 1e-9) - 1)]!;
    const high = BOUNDS.find((bound) => truth <= bound)!;
    const low = BOUNDS[BOUNDS.indexOf(high) - 1] ?? 0;
    expect(window.quantile(q)).toBeLessThanOrEqual(high);
    expect(window.quantile(q)).toBeGreaterThanOrEqual(low);
  });
  fc.assert(property);
});

test("HistogramWindow counts what a histogram shows after a reset", () => {
  const window = new HistogramWindow(10_000);
  window.add(0, histogramOf([3, 3, 3]));
  window.add(1000, histogramOf([7]));
  expect(window.mean).toBe(7);
});

test("HistogramWindow counts what a histogram shows after a change of its buckets", () => {
  // fewer, as many, and more of them with the same beginning
  for (const bounds of [
    [1, 2],
    [1, 2, 4, 9],
    [...BOUNDS, 16],
  ]) {
    const window = new HistogramWindow(10_000);
    window.add(0, histogramOf([7]));
    window.add(1000, histogramOf([7, 1], bounds));
    expect(window.mean).toBe(4);
    expect(window.quantile(0.5)).toBe(1);
  }
});

test("HistogramWindow keeps what was, not what the histogram becomes", () => {
  const window = new HistogramWindow(10_000);
  const live = histogramOf([3]);
  window.add(0, live);
  for (const i of live.counts.keys()) live.counts[i]!++;
  live.sum += 5;
  window.add(1000, live);
  expect(window.mean).toBe(5);
});

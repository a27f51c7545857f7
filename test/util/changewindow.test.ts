import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { ChangeWindow } from "../../src/util/changewindow.ts";

function windowOf(samples: readonly (readonly [seconds: number, value: number])[], isCounter = true): ChangeWindow {
  const window = new ChangeWindow(10_000, isCounter);
  for (const [seconds, value] of samples) window.add(seconds * 1000, value);
  return window;
}

test("ChangeWindow knows no change before its second sample", () => {
  expect(windowOf([]).change).toBeUndefined();
  expect(windowOf([[0, 5]]).change).toBeUndefined();
  expect(
    windowOf([
      [0, 5],
      [1, 7],
    ]).change,
  ).toBe(2);
});

test("ChangeWindow counts from the value at the start of the window, however long before it that was seen", () => {
  const window = windowOf([
    [0, 5],
    [100, 6],
  ]);
  expect(window.change).toBe(1);
  expect(window.spanMs).toBe(10_000);
  window.add(109_999, 6);
  expect(window.change).toBe(1);
  window.add(110_000, 6);
  expect(window.change).toBe(0);
});

test("ChangeWindow counts what a counter shows after a reset on top, and takes a gauge as it is", () => {
  const samples = [
    [0, 100],
    [2, 103],
    [4, 2],
    [6, 4],
    [8, 1],
  ] as const;
  expect(windowOf(samples).change).toBe(3 + 4 + 1);
  expect(windowOf(samples, false).change).toBe(-99);
});

test("ChangeWindow tells a rate of two samples that are a second apart, and of no less", () => {
  expect(windowOf([[0, 5]]).perSecond).toBeUndefined();
  expect(
    windowOf([
      [0, 5],
      [0.999, 8],
    ]).perSecond,
  ).toBeUndefined();
  expect(
    windowOf([
      [0, 5],
      [1, 8],
    ]).perSecond,
  ).toBe(3);
  expect(
    windowOf([
      [0, 5],
      [4, 7],
    ]).perSecond,
  ).toBe(0.5);
  expect(
    windowOf([
      [0, 5],
      [40, 7],
    ]).perSecond,
  ).toBe(0.2);
});

test("ChangeWindow forgets what was saved when the counter is lower afterwards: it is of another file", () => {
  const window = new ChangeWindow(10_000, true);
  window.seed(0, 40);
  window.seed(1000, 50);
  window.add(2000, 45);
  expect(window.change).toBeUndefined();
  window.add(3000, 46);
  expect(window.change).toBe(1);
  window.add(4000, 2);
  expect(window.change).toBe(3);
});

test("ChangeWindow goes on from what was saved when the counter is not lower", () => {
  const window = new ChangeWindow(10_000, true);
  window.seed(0, 50);
  window.add(9000, 51);
  expect(window.change).toBe(1);
});

test("ChangeWindow is right to a 128th of its window, however far apart its samples are", () => {
  const windowMs = 12_800;
  const steps = fc.array(fc.record({ ms: fc.integer({ min: 1, max: 3000 }), more: fc.nat(3) }), { minLength: 2 });
  const property = fc.property(steps, (taken) => {
    const window = new ChangeWindow(windowMs, true);
    const history: [ms: number, value: number][] = [];
    let [ms, value] = [0, 0];
    for (const step of taken) {
      ms += step.ms;
      value += step.more;
      history.push([ms, value]);
      window.add(ms, value);
      const valueAt = (when: number): number => history.findLast(([at]) => at <= when)?.[1] ?? history[0]![1];
      if (history.length < 2) continue;
      expect(window.change).toBeLessThanOrEqual(value - valueAt(ms - windowMs - windowMs / 128));
      expect(window.change).toBeGreaterThanOrEqual(value - valueAt(ms - windowMs));
      expect(window.isFlat).toBe(window.change === 0);
    }
  });
  fc.assert(property, { numRuns: 300 });
});

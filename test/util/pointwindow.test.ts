import { expect, test } from "bun:test";

import { PointWindow } from "../../src/util/pointwindow.ts";

test("PointWindow keeps a point for each change, and no more than 258 however often it changes", () => {
  const window = new PointWindow<number>(3_600_000, (before, after) => before === after);
  for (let seconds = 0; seconds < 1000; seconds++) window.add(seconds * 1000, 7);
  expect(window.length).toBe(1);
  let most = 0;
  for (let seconds = 1000; seconds < 20_000; seconds++) {
    window.add(seconds * 1000, seconds);
    most = Math.max(most, window.length);
  }
  expect(most).toBeLessThanOrEqual(258);
  expect(most).toBeGreaterThan(100);
  expect(window.latest).toBe(19_999);
});

test("PointWindow is not flat when its latest value is one that it has no point for", () => {
  const window = new PointWindow<number>(128_000, (before, after) => before === after);
  window.add(0, 1);
  expect(window.isFlat).toBe(true);
  window.add(10, 2);
  expect(window.length).toBe(1);
  expect(window.isFlat).toBe(false);
});

test("PointWindow begins anew when it is told to", () => {
  const window = new PointWindow<number>(1000, (before, after) => before === after);
  window.add(0, 1);
  window.add(500, 2);
  window.clear();
  expect([window.first, window.latest, window.spanMs, window.isFlat]).toEqual([undefined, undefined, 0, true]);
  window.add(600, 3);
  expect([window.first, window.latest, window.spanMs]).toEqual([3, 3, 0]);
});

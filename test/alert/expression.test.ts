import { expect, test } from "bun:test";

import { type Expression, leavesOf, windowOf, withWindow } from "../../src/alert/expression.ts";

const DEEP: Expression = {
  kind: "where",
  of: {
    kind: "ratio",
    of: { kind: "increase", metric: "a", windowSeconds: 60 },
    to: {
      kind: "sum",
      of: [
        { kind: "mean", metric: "b", windowSeconds: 120 },
        { kind: "quantile", metric: "c", q: 0.5, windowSeconds: 30 },
      ],
    },
    percent: false,
  },
  test: {
    kind: "difference",
    of: { kind: "maxOverTime", metric: "d", windowSeconds: 10 },
    less: { kind: "gauge", metric: "e" },
  },
  is: { kind: "above", threshold: 3 },
};

test("leavesOf names every part that reads a metric, from left to right", () => {
  expect(leavesOf(DEEP).map(({ metric }) => metric)).toEqual(["a", "b", "c", "d", "e"]);
});

test("windowOf is the longest window, and undefined where there is none", () => {
  expect(windowOf(DEEP)).toBe(120);
  expect(windowOf({ kind: "gauge", metric: "m" })).toBeUndefined();
});

test("withWindow changes every window and nothing else", () => {
  const changed = withWindow(DEEP, 77);
  expect(leavesOf(changed).map((leaf) => ("windowSeconds" in leaf ? leaf.windowSeconds : undefined))).toEqual([
    77,
    77,
    77,
    77,
    undefined,
  ]);
  expect(withWindow(withWindow(changed, 60), 77)).toEqual(changed);
  expect(JSON.stringify(changed).replaceAll(/"windowSeconds":\d+/g, "")).toBe(
    JSON.stringify(DEEP).replaceAll(/"windowSeconds":\d+/g, ""),
  );
});

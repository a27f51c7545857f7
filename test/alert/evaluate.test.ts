import { expect, test } from "bun:test";

import { compile, compileRate } from "../../src/alert/evaluate.ts";
import type { Expression, Leaf } from "../../src/alert/expression.ts";
import { Samples } from "../../src/alert/samples.ts";
import { Metrics } from "./metrics.ts";

const NOW = { wallMs: 1_000_000_000, monotonicMs: 0 };

const A: Leaf = { kind: "gauge", metric: "a" };
const B: Leaf = { kind: "gauge", metric: "b" };

/** The value of an expression over gauges a and b. */
function valueOf(expression: Expression, a: number | undefined, b?: number): number | undefined {
  const samples = new Samples([], NOW);
  const evaluate = compile(expression, "daemon", samples);
  const metrics = new Metrics();
  metrics.set("a", a);
  metrics.set("b", b);
  samples.add(0, metrics);
  return evaluate(undefined);
}

/** The value of an expression after each look, a second apart; `set` is called before each. */
function valuesOf(
  expression: Expression,
  looks: number,
  set: (metrics: Metrics, look: number) => void,
): (number | undefined)[] {
  const samples = new Samples([], NOW);
  const evaluate = compile(expression, "daemon", samples);
  const metrics = new Metrics();
  return Array.from({ length: looks }, (_, look) => {
    set(metrics, look);
    samples.add(look * 1000, metrics);
    return evaluate(undefined);
  });
}

test("compile reads gauges as they are; what is absent, NaN or infinite is no value", () => {
  expect(valueOf(A, 5)).toBe(5);
  for (const none of [undefined, NaN, Infinity]) expect(valueOf(A, none)).toBeUndefined();
});

test("compile adds and subtracts, and has no value where a part has none", () => {
  expect(valueOf({ kind: "sum", of: [A, B, A] }, 5, 3)).toBe(13);
  expect(valueOf({ kind: "sum", of: [A, B] }, 5)).toBeUndefined();
  expect(valueOf({ kind: "difference", of: A, less: B }, 5, 3)).toBe(2);
  expect(valueOf({ kind: "difference", of: A, less: B }, 5)).toBeUndefined();
  expect(valueOf({ kind: "difference", of: B, less: A }, 5)).toBeUndefined();
});

test("compile divides; by 0 it has no value, or the one that the rule names", () => {
  const ratio = { kind: "ratio", of: A, to: B } as const;
  expect(valueOf({ ...ratio, percent: false }, 1, 4)).toBe(0.25);
  expect(valueOf({ ...ratio, percent: true }, 1, 4)).toBe(25);
  expect(valueOf({ ...ratio, percent: true }, 1, 0)).toBeUndefined();
  expect(valueOf({ ...ratio, percent: true }, 0, 0)).toBeUndefined();
  expect(valueOf({ ...ratio, percent: true, whenZero: 100 }, 0, 0)).toBe(100);
  expect(valueOf({ ...ratio, percent: true, whenZero: 100 }, 1)).toBeUndefined();
  expect(valueOf({ ...ratio, percent: true, whenZero: 100 }, undefined, 0)).toBeUndefined();
});

test("compile has a value only where the test of it is met", () => {
  const where: Expression = { kind: "where", of: A, test: B, is: { kind: "above", threshold: 3 } };
  expect(valueOf(where, 7, 4)).toBe(7);
  expect(valueOf(where, 7, 3)).toBeUndefined();
  expect(valueOf(where, 7)).toBeUndefined();
});

test("compile reads the lifetime of a counter, and what was added to it within the window", () => {
  const set = (metrics: Metrics, look: number): void => metrics.set("c", [5, 7, 7, 8, 2][look]);
  expect(valuesOf({ kind: "counter", metric: "c" }, 5, set)).toEqual([5, 7, 7, 8, 2]);
  expect(valuesOf({ kind: "increase", metric: "c", windowSeconds: 2 }, 5, set)).toEqual([undefined, 2, 2, 1, 3]);
});

test("compile has no increase while the counter has no value, and goes on when it is there again", () => {
  const set = (metrics: Metrics, look: number): void => metrics.set("c", [5, 6, undefined, 7][look]);
  const increase: Expression = { kind: "increase", metric: "c", windowSeconds: 10 };
  expect(valuesOf(increase, 4, set)).toEqual([undefined, 1, undefined, 2]);
});

test("compile tells series of one metric apart by their labels", () => {
  const down: Leaf = { kind: "increase", metric: "c", windowSeconds: 10, labels: { to: "down" } };
  const up: Leaf = { ...down, labels: { to: "up" } };
  const set = (metrics: Metrics, look: number): void => {
    metrics.set("c", look, { to: "up" });
    metrics.set("c", look * 10, { to: "down" });
  };
  expect(valuesOf({ kind: "difference", of: down, less: up }, 3, set)).toEqual([undefined, 9, 18]);
});

test("compile reads the largest of a gauge, the mean and the quantiles of a histogram", () => {
  const gauge = (metrics: Metrics, look: number): void => metrics.set("g", [1, 9, 2, 3][look]);
  expect(valuesOf({ kind: "maxOverTime", metric: "g", windowSeconds: 2 }, 4, gauge)).toEqual([1, 9, 9, 3]);
  const histogram = (metrics: Metrics, look: number): void => {
    if (look === 0) metrics.bucket("h", [1, 2, 4]);
    if (look === 1) for (const value of [1.5, 1.5, 3.5, 3.5]) metrics.observe("h", value);
    if (look === 2) metrics.forgetHistogram("h");
  };
  expect(valuesOf({ kind: "mean", metric: "h", windowSeconds: 10 }, 3, histogram)).toEqual([undefined, 2.5, undefined]);
  expect(valuesOf({ kind: "count", metric: "h", windowSeconds: 10 }, 3, histogram)).toEqual([0, 4, undefined]);
  const median: Expression = { kind: "quantile", metric: "h", q: 0.5, windowSeconds: 10 };
  expect(valuesOf(median, 3, histogram)).toEqual([undefined, 2, undefined]);
});

test("compile evaluates for each port what is per port", () => {
  const samples = new Samples([], NOW);
  const value = compile({ kind: "gauge", metric: "up" }, "port", samples);
  const increase = compile({ kind: "increase", metric: "flaps", windowSeconds: 10 }, "port", samples);
  const metrics = new Metrics();
  metrics.setPort("up", "Ethernet0", 1);
  for (const look of [0, 1]) {
    metrics.setPort("flaps", "Ethernet0", look * 3);
    metrics.setPort("flaps", "Ethernet4", look * 5);
    samples.add(look * 1000, metrics);
  }
  expect([value("Ethernet0"), value("Ethernet4")]).toEqual([1, undefined]);
  expect([increase("Ethernet0"), increase("Ethernet4"), increase("Ethernet8")]).toEqual([3, 5, undefined]);
});

/** The rate of an expression over 10 s after looks at these values of `m` and `n`, a second apart. */
function rateOf(
  expression: Expression,
  m: readonly (number | undefined)[],
  n: readonly number[] = [],
): number | undefined {
  const samples = new Samples([], NOW);
  const evaluate = compileRate(expression, 10, "daemon", samples);
  const metrics = new Metrics();
  for (const [look, value] of m.entries()) {
    metrics.set("m", value);
    metrics.set("n", n[look]);
    samples.add(look * 1000, metrics);
  }
  return evaluate(undefined);
}

test("compileRate is the change in a second of counters, gauges, sums and differences", () => {
  const counter: Expression = { kind: "counter", metric: "m" };
  const gauge: Expression = { kind: "gauge", metric: "m" };
  const other: Expression = { kind: "counter", metric: "n" };
  expect(rateOf(counter, [5])).toBeUndefined();
  expect(rateOf(counter, [5, 6, 9])).toBe(2);
  expect(rateOf(counter, [5, 6, undefined])).toBeUndefined();
  expect(rateOf(counter, [5, 6, 2])).toBe(1.5);
  expect(rateOf(gauge, [5, 6, 2])).toBe(-1.5);
  expect(rateOf({ kind: "sum", of: [counter, other] }, [0, 1], [0, 4])).toBe(5);
  expect(rateOf({ kind: "difference", of: counter, less: other }, [0, 1], [0, 4])).toBe(-3);
  expect(rateOf({ kind: "sum", of: [counter, other] }, [0, 1])).toBeUndefined();
});

test("compileRate is told for each port, too", () => {
  const samples = new Samples([], NOW);
  const rate = compileRate({ kind: "counter", metric: "flaps" }, 10, "port", samples);
  const metrics = new Metrics();
  for (const look of [0, 1, 2]) {
    metrics.setPort("flaps", "Ethernet0", look * 3);
    metrics.setPort("flaps", "Ethernet4", 7);
    samples.add(look * 1000, metrics);
  }
  expect([rate("Ethernet0"), rate("Ethernet4")]).toEqual([3, 0]);
});

test("compileRate refuses what has no rate", () => {
  const samples = new Samples([], NOW);
  const increase: Expression = { kind: "increase", metric: "m", windowSeconds: 10 };
  expect(() => compileRate(increase, 10, "daemon", samples)).toThrow("increase has no rate of change");
});

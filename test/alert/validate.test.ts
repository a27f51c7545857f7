import { expect, test } from "bun:test";

import type { Rule } from "../../src/alert/rule.ts";
import { validateRule } from "../../src/alert/validate.ts";
import { CATALOGUE } from "./metrics.ts";
import { ruleOf } from "./rig.ts";

const DEPTH = { kind: "gauge", metric: "portsyncd_queue_depth" } as const;
const FAILED = { kind: "counter", metric: "portsyncd_events_failed_total" } as const;
const INCREASE = { ...FAILED, kind: "increase", windowSeconds: 300 } as const;

/** `KEY: MESSAGE` of all that is wrong with a rule that is otherwise good. */
function issuesOf(changes: Partial<Rule>): string[] {
  return validateRule(ruleOf({ expression: DEPTH, ...changes }), CATALOGUE).map(
    ({ key, message }) => `${key}: ${message}`,
  );
}

test("validateRule finds nothing wrong with a good rule of each kind", () => {
  const latency = { metric: "portsyncd_event_latency_seconds", windowSeconds: 3600 } as const;
  const good: Partial<Rule>[] = [
    {},
    { expression: FAILED, condition: { kind: "rateOfChange", perSecond: 1, windowSeconds: 1 } },
    { expression: { kind: "mean", ...latency } },
    { expression: { kind: "quantile", q: 0, ...latency }, summary: "{window}" },
    { expression: { ...DEPTH, kind: "maxOverTime", windowSeconds: 1 } },
    { expression: { kind: "gauge", metric: "portsyncd_port_up" }, scope: "port", summary: "{port}" },
    { expression: { kind: "ratio", of: INCREASE, to: INCREASE, percent: true, whenZero: 0 } },
    { condition: { kind: "between", low: 1, high: 1 }, forSeconds: 86_400, keepFiringSeconds: 86_400 },
    { details: { title: "t", metric: "portsyncd_queue_depth" } },
  ];
  for (const changes of good) expect(issuesOf(changes)).toEqual([]);
});

test("validateRule refuses ids that are no label", () => {
  for (const id of ["", "A", "1a", "a b", "a-b", `a${"b".repeat(64)}`]) expect(issuesOf({ id })).toHaveLength(1);
  expect(issuesOf({ id: `a${"b".repeat(63)}` })).toEqual([]);
});

test("validateRule refuses a metric that does not exist, wherever it stands, and guesses which was meant", () => {
  const typo = { kind: "gauge", metric: "portsyncd_queue_dept" } as const;
  const issue = 'metric: there is no metric "portsyncd_queue_dept"; is portsyncd_queue_depth meant?';
  expect(issuesOf({ expression: typo })).toEqual([issue]);
  expect(issuesOf({ expression: { kind: "sum", of: [DEPTH, typo] } })).toEqual([issue]);
  expect(issuesOf({ expression: { kind: "difference", of: DEPTH, less: typo } })).toEqual([issue]);
  expect(issuesOf({ expression: { kind: "ratio", of: DEPTH, to: typo, percent: false } })).toEqual([issue]);
  const where = { kind: "where", of: DEPTH, test: typo, is: { kind: "above", threshold: 0 } } as const;
  expect(issuesOf({ expression: where })).toEqual([issue]);
  expect(issuesOf({ details: { title: "t", metric: "portsyncd_queue_dept" } })).toEqual([issue]);
  expect(issuesOf({ expression: { kind: "gauge", metric: "xyz" } })).toEqual([
    'metric: there is no metric "xyz"; allowed: those that /metrics shows',
  ]);
});

test("validateRule refuses to read a metric as what it is not", () => {
  expect(issuesOf({ expression: { ...INCREASE, metric: "portsyncd_queue_depth" } })).toEqual([
    'take: "increase" cannot be had of portsyncd_queue_depth, a gauge; allowed: "value", "maximum"',
  ]);
  expect(issuesOf({ expression: { ...INCREASE, kind: "mean" } })).toEqual([
    'take: "mean" cannot be had of portsyncd_events_failed_total, a counter; allowed: "value", "increase"',
  ]);
});

test("validateRule refuses ports where there are none, none where there are, and what cannot be told of each", () => {
  expect(issuesOf({ scope: "port" })).toEqual(["metric: portsyncd_queue_depth has no number for each port"]);
  expect(issuesOf({ expression: { kind: "gauge", metric: "portsyncd_port_up" } })).toEqual([
    "metric: portsyncd_port_up has a number for each port",
  ]);
  const largest = { kind: "maxOverTime", metric: "portsyncd_port_up", windowSeconds: 60 } as const;
  expect(issuesOf({ scope: "port", expression: largest })).toEqual([
    'take: "maximum" cannot be had of portsyncd_port_up, a gauge with a number for each port; allowed: "value"',
  ]);
  const labelled = { kind: "gauge", metric: "portsyncd_port_up", labels: { port: "Ethernet0" } } as const;
  expect(issuesOf({ scope: "port", expression: labelled })).toHaveLength(1);
});

test("validateRule refuses windows outside of 1 s to an hour, and quantiles outside of 0 to 1", () => {
  for (const windowSeconds of [0, 0.9, 3601, NaN, Infinity]) {
    const issue = `window_secs: ${windowSeconds}; allowed: a number from 1 to 3600`;
    expect(issuesOf({ expression: { ...INCREASE, windowSeconds } })).toEqual([issue]);
    const condition = { kind: "rateOfChange", perSecond: 1, windowSeconds } as const;
    expect(issuesOf({ condition })).toEqual([issue]);
  }
  const metric = "portsyncd_event_latency_seconds";
  for (const q of [-0.1, 1.1, NaN])
    expect(issuesOf({ expression: { kind: "quantile", metric, q, windowSeconds: 60 } })).toEqual([
      `quantile: ${q}; allowed: a number from 0 to 1`,
    ]);
});

test("validateRule refuses thresholds that are no numbers, and ranges that are reversed", () => {
  for (const threshold of [NaN, Infinity, -Infinity]) {
    const issue = `threshold: ${threshold}; allowed: a finite number`;
    for (const kind of ["above", "below", "equals"] as const)
      expect(issuesOf({ condition: { kind, threshold } })).toEqual([issue]);
    expect(issuesOf({ condition: { kind: "rateOfChange", perSecond: threshold, windowSeconds: 60 } })).toEqual([issue]);
  }
  expect(issuesOf({ condition: { kind: "between", low: 2, high: 1 } })).toEqual([
    "range: [2, 1]; allowed: the lower end first",
  ]);
  for (const [low, high] of [
    [NaN, 1],
    [1, NaN],
    [0, Infinity],
  ] as const)
    expect(issuesOf({ condition: { kind: "between", low, high } })).toEqual([
      `range: [${low}, ${high}]; allowed: two finite numbers`,
    ]);
});

test("validateRule refuses such numbers within an expression, and a sum of nothing", () => {
  const zero = { kind: "ratio", of: DEPTH, to: DEPTH, percent: false, whenZero: NaN } as const;
  expect(issuesOf({ expression: zero })).toEqual(["metric: NaN; allowed: a finite number"]);
  const where = { kind: "where", of: DEPTH, test: DEPTH, is: { kind: "above", threshold: NaN } } as const;
  expect(issuesOf({ expression: { kind: "difference", of: where, less: DEPTH } })).toEqual([
    "metric: NaN; allowed: a finite number",
  ]);
  expect(issuesOf({ expression: { kind: "sum", of: [] } })).toEqual(["metric: a sum of nothing"]);
});

test("validateRule refuses a rate of change of what has none", () => {
  const condition = { kind: "rateOfChange", perSecond: 1, windowSeconds: 60 } as const;
  const issue = 'take: rate_of_change looks at a metric as it is; allowed: "value"';
  expect(issuesOf({ condition, expression: INCREASE })).toEqual([issue]);
  expect(issuesOf({ condition, expression: { kind: "sum", of: [DEPTH, INCREASE] } })).toEqual([issue]);
  expect(issuesOf({ condition, expression: { kind: "difference", of: DEPTH, less: FAILED } })).toEqual([]);
});

test("validateRule refuses delays below 0 and beyond a day", () => {
  for (const seconds of [-1, 86_401, NaN, Infinity]) {
    const message = `${seconds}; allowed: a number from 0 to 86400`;
    expect(issuesOf({ forSeconds: seconds })).toEqual([`for_secs: ${message}`]);
    expect(issuesOf({ keepFiringSeconds: seconds })).toEqual([`keep_firing_secs: ${message}`]);
  }
});

test("validateRule refuses placeholders that do not exist, or that this rule has nothing for", () => {
  for (const key of ["summary", "description", "action"] as const) {
    expect(issuesOf({ [key]: "{valeu}" })).toEqual([`${key}: there is no {valeu}`]);
    expect(issuesOf({ [key]: "{port}" })).toEqual([
      `${key}: {port} is for rules of metrics that have a number for each port`,
    ]);
    expect(issuesOf({ [key]: "{window}" })).toEqual([`${key}: {window} is for rules that have one`]);
  }
});

import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { annotate } from "../../src/alert/annotation.ts";
import { builtinRules } from "../../src/alert/builtin.ts";
import { parseRules } from "../../src/alert/parserules.ts";
import type { Rule } from "../../src/alert/rule.ts";
import { RULE_KEYS } from "../../src/alert/rulekeys.ts";
import { validateRule } from "../../src/alert/validate.ts";
import { CATALOGUE } from "./metrics.ts";

const BUILTIN: readonly Rule[] = builtinRules({ maxLatencyUs: 10_000 });
const DEPTH = { id: "queue_long", metric: "portsyncd_queue_depth", condition: "above", threshold: 500 };

/** `INDEX KEY: MESSAGE` of all that is wrong. */
function issuesOf(...entries: unknown[]): string[] {
  return parseRules(entries, BUILTIN, CATALOGUE).issues.map(({ index, key, message }) => `${index} ${key}: ${message}`);
}

/** The rule that a table makes, which is otherwise that of a long queue. */
function ruleFrom(table: Record<string, unknown>): Rule {
  const { rules, issues } = parseRules([{ ...DEPTH, ...table }], BUILTIN, CATALOGUE);
  expect(issues).toEqual([]);
  return rules.find(({ id }) => id === (table["id"] ?? DEPTH.id))!;
}

test("parseRules takes the rules of the daemon as they are when the file has none", () => {
  expect(parseRules([], BUILTIN, CATALOGUE)).toEqual({ rules: [...BUILTIN], issues: [] });
});

test("parseRules makes a rule of the least that has to be said", () => {
  expect(ruleFrom({})).toEqual({
    id: "queue_long",
    severity: "warning",
    scope: "daemon",
    expression: { kind: "gauge", metric: "portsyncd_queue_depth" },
    condition: { kind: "above", threshold: 500 },
    forSeconds: 0,
    keepFiringSeconds: 0,
    enabled: true,
    unit: "",
    summary: "portsyncd_queue_depth is {value} (allowed: at most {threshold})",
    description: "portsyncd_queue_depth is {value} (allowed: at most {threshold}). The metric says: Something.",
    action: "The configuration file has this rule in [[alerts.rules]]; its key `action` can say what to do.",
  });
});

test("parseRules makes a rule of all that can be said", () => {
  const said = {
    for_secs: 30,
    keep_firing_secs: 60,
    severity: "critical",
    enabled: false,
    summary: "s {value}",
    description: "d",
    action: "a",
  };
  expect(ruleFrom(said)).toMatchObject({
    severity: "critical",
    forSeconds: 30,
    keepFiringSeconds: 60,
    enabled: false,
    summary: "s {value}",
    description: "d",
    action: "a",
  });
  expect(ruleFrom({ for_secs: 30 }).description).toBe(
    "portsyncd_queue_depth is {value} (allowed: at most {threshold}), for {for} or longer. The metric says: Something.",
  );
});

test("parseRules reads a metric as its kind suggests, or as it is told", () => {
  const failed = { metric: "portsyncd_events_failed_total", window_secs: 60 };
  const latency = { metric: "portsyncd_event_latency_seconds", window_secs: 60 };
  const expressionOf = (table: Record<string, unknown>) => ruleFrom(table).expression;
  expect(expressionOf(failed)).toEqual({ kind: "increase", metric: failed.metric, windowSeconds: 60 });
  expect(expressionOf({ metric: failed.metric, take: "value" })).toEqual({ kind: "counter", metric: failed.metric });
  expect(expressionOf(latency)).toEqual({ kind: "quantile", metric: latency.metric, windowSeconds: 60, q: 0.99 });
  expect(expressionOf({ ...latency, take: "quantile", quantile: 0.5 })).toMatchObject({ kind: "quantile", q: 0.5 });
  expect(expressionOf({ ...latency, take: "mean" })).toMatchObject({ kind: "mean", windowSeconds: 60 });
  expect(expressionOf({ take: "maximum", window_secs: 60 })).toMatchObject({ kind: "maxOverTime", windowSeconds: 60 });
  expect(ruleFrom({ ...failed, ratio_to: "portsyncd_events_processed_total" })).toMatchObject({
    unit: "percent",
    expression: {
      kind: "ratio",
      percent: true,
      of: { kind: "increase", metric: failed.metric, windowSeconds: 60 },
      to: { kind: "increase", metric: "portsyncd_events_processed_total", windowSeconds: 60 },
    },
  });
});

test("parseRules says in words what a rule without texts looks at, with the value, the limit and the window", () => {
  const summaryOf = (table: Record<string, unknown>): string => {
    const { action: _, ...texts } = annotate(ruleFrom(table), { value: 0.7, port: undefined, details: [] });
    return texts.summary;
  };
  const failed = { metric: "portsyncd_events_failed_total", window_secs: 60, threshold: 5 };
  const latency = { metric: "portsyncd_event_latency_seconds", window_secs: 300, threshold: 0.005 };
  const memory = { metric: "portsyncd_memory_bytes", window_secs: 60, threshold: 2048 };
  for (const [table, summary] of [
    [{ condition: "below" }, "portsyncd_queue_depth is 0.7 (allowed: at least 500)"],
    [{ condition: "equals", threshold: 0.7 }, "portsyncd_queue_depth is 0.7 (the alert is for 0.7)"],
    [failed, "portsyncd_events_failed_total rose by 0.7 in 60 s (allowed: at most 5)"],
    [
      { ...failed, ratio_to: "portsyncd_events_processed_total" },
      "portsyncd_events_failed_total rose by 0.7 % of the rise of portsyncd_events_processed_total in 60 s (allowed: at most 5 %)",
    ],
    [latency, "99 % of portsyncd_event_latency_seconds was at most 700 ms in 5 min (allowed: at most 5 ms)"],
    [
      { ...latency, take: "quantile", quantile: 0.999 },
      "99.9 % of portsyncd_event_latency_seconds was at most 700 ms in 5 min (allowed: at most 5 ms)",
    ],
    [
      { ...latency, take: "mean" },
      "portsyncd_event_latency_seconds was 700 ms on average in 5 min (allowed: at most 5 ms)",
    ],
    [{ ...memory, take: "maximum" }, "portsyncd_memory_bytes was up to 0.7 B in 60 s (allowed: at most 2 KiB)"],
    [
      { ...memory, condition: "rate_of_change" },
      "portsyncd_memory_bytes rose by 0.7 B/s on average over 60 s (allowed: at most 2 KiB/s)",
    ],
  ] as const)
    expect(summaryOf(table)).toBe(summary);
  const between = { id: "b", metric: DEPTH.metric, condition: "between", range: [1, 2] };
  expect(parseRules([between], BUILTIN, CATALOGUE).rules.at(-1)!.summary).toBe(
    "portsyncd_queue_depth is {value} (the alert is for {threshold})",
  );
});

test("parseRules refuses to read a metric as what it is not in the words of the file, with what there is", () => {
  const latency = { ...DEPTH, metric: "portsyncd_event_latency_seconds" };
  const failed = { ...DEPTH, metric: "portsyncd_events_failed_total", window_secs: 60 };
  const flaps = { ...DEPTH, metric: "portsyncd_port_flaps_total", window_secs: 60 };
  for (const [table, issue] of [
    [
      { ...DEPTH, take: "increase", window_secs: 60 },
      'take: "increase" cannot be had of portsyncd_queue_depth, a gauge; allowed: "value", "maximum"',
    ],
    [
      { ...failed, take: "maximum" },
      'take: "maximum" cannot be had of portsyncd_events_failed_total, a counter; allowed: "value", "increase"',
    ],
    [
      { ...latency, take: "value" },
      'take: "value" cannot be had of portsyncd_event_latency_seconds, a histogram; allowed: "mean", "quantile"',
    ],
    [
      { ...flaps, take: "maximum" },
      'take: "maximum" cannot be had of portsyncd_port_flaps_total, a counter with a number for each port; allowed: ' +
        '"value", "increase"',
    ],
    [
      { ...latency, condition: "rate_of_change", window_secs: 60 },
      'condition: "rate_of_change" cannot be had of portsyncd_event_latency_seconds, a histogram; allowed: of a counter ' +
        "or gauge",
    ],
  ] as const)
    expect(issuesOf(table)).toEqual([`0 ${issue}`]);
});

test("parseRules takes units from the metric, and makes an alert for each port where it has a number for each", () => {
  expect(ruleFrom({ metric: "portsyncd_memory_bytes" }).unit).toBe("bytes");
  const flaps = { id: "flappy", metric: "portsyncd_port_flaps_total", window_secs: 60 };
  expect(ruleFrom(flaps)).toMatchObject({
    scope: "port",
    summary: "portsyncd_port_flaps_total of {port} rose by {value} in {window} (allowed: at most {threshold})",
  });
});

test("parseRules knows all five conditions", () => {
  const conditionOf = (table: Record<string, unknown>) => ruleFrom(table).condition;
  expect(conditionOf({ condition: "above" })).toEqual({ kind: "above", threshold: 500 });
  expect(conditionOf({ condition: "below" })).toEqual({ kind: "below", threshold: 500 });
  expect(conditionOf({ condition: "equals" })).toEqual({ kind: "equals", threshold: 500 });
  const between = { id: "b", metric: DEPTH.metric, condition: "between", range: [1, 2] };
  expect(parseRules([between], BUILTIN, CATALOGUE).rules.at(-1)!.condition).toEqual({
    kind: "between",
    low: 1,
    high: 2,
  });
  const rate = { condition: "rate_of_change", window_secs: 60, metric: "portsyncd_events_failed_total" };
  expect(ruleFrom(rate)).toMatchObject({
    condition: { kind: "rateOfChange", perSecond: 500, windowSeconds: 60 },
    expression: { kind: "counter" },
  });
});

test("parseRules changes a rule of the daemon by what the file says, and nothing else of it", () => {
  const before = BUILTIN.find(({ id }) => id === "restart_rate_high")!;
  const after = ruleFromBuiltin({ id: "restart_rate_high", threshold: 0.1, window_secs: 600, for_secs: 5 });
  expect(after).toEqual({
    ...before,
    condition: { kind: "rateOfChange", perSecond: 0.1, windowSeconds: 600 },
    forSeconds: 5,
  });
  expect(ruleFromBuiltin({ id: "health_score_good", enabled: true }).enabled).toBe(true);
  const flapping = ruleFromBuiltin({
    id: "port_flapping",
    severity: "info",
    keep_firing_secs: 9,
    window_secs: 60,
    threshold: 2,
  });
  expect(flapping).toMatchObject({
    severity: "info",
    keepFiringSeconds: 9,
    expression: { windowSeconds: 60 },
    condition: { kind: "above", threshold: 2 },
    scope: "port",
  });
});

function ruleFromBuiltin(table: Record<string, unknown>): Rule {
  const { rules, issues } = parseRules([table], BUILTIN, CATALOGUE);
  expect(issues).toEqual([]);
  expect(rules).toHaveLength(BUILTIN.length);
  return rules.find(({ id }) => id === table["id"])!;
}

test("parseRules refuses to make another rule of one of the daemon", () => {
  const issue = (key: string): string =>
    `0 ${key}: is fixed in redis_down, a rule of the daemon; allowed: id, threshold, window_secs, for_secs, ` +
    "keep_firing_secs, severity, enabled";
  expect(issuesOf({ id: "redis_down", metric: "portsyncd_queue_depth", condition: "above" })).toEqual([
    issue("metric"),
    issue("condition"),
  ]);
  expect(issuesOf({ id: "redis_down", window_secs: 60 })).toEqual([
    "0 window_secs: has no effect: the rule looks at the present only",
  ]);
});

test("parseRules refuses an id that was there before, with the index of the second", () => {
  expect(issuesOf(DEPTH, { ...DEPTH, id: "other" }, { ...DEPTH, threshold: 1 })).toEqual([
    '2 id: "queue_long" is the id of an earlier rule; allowed: each id once',
  ]);
  expect(issuesOf({ id: "redis_down", enabled: false }, { id: "redis_down", for_secs: 1 })).toHaveLength(1);
  expect(issuesOf({ ...DEPTH, threshold: NaN }, DEPTH).map((issue) => issue.slice(0, 4))).toEqual(["0 th", "1 id"]);
});

test("parseRules refuses metrics that do not exist", () => {
  expect(issuesOf({ ...DEPTH, metric: "portsyncd_queue_dept" })).toEqual([
    '0 metric: there is no metric "portsyncd_queue_dept"; is portsyncd_queue_depth meant?',
  ]);
  expect(issuesOf({ ...DEPTH, metric: undefined })).toEqual([
    "0 metric: nothing; allowed: text of 1 to 500 characters",
  ]);
  const { metric: _, ...without } = DEPTH;
  expect(issuesOf(without)).toEqual(["0 metric: is missing; allowed: the name of a metric"]);
  const ratio = { ...DEPTH, metric: "portsyncd_events_failed_total", window_secs: 60 };
  expect(issuesOf({ ...ratio, ratio_to: "nope" })).toEqual([
    '0 ratio_to: there is no metric "nope"; allowed: those that /metrics shows',
  ]);
  expect(issuesOf({ ...ratio, ratio_to: "portsyncd_queue_depth" })).toEqual([
    "0 ratio_to: portsyncd_queue_depth is a gauge; allowed: a counter",
  ]);
  expect(issuesOf({ ...ratio, ratio_to: "portsyncd_port_flaps_total" })).toEqual([
    "0 ratio_to: only one of portsyncd_events_failed_total and portsyncd_port_flaps_total has a number for each port; " +
      "allowed: both or none",
  ]);
});

test("parseRules refuses NaN, infinity and ranges that are reversed", () => {
  expect(issuesOf({ ...DEPTH, threshold: NaN })).toEqual(["0 threshold: NaN; allowed: a finite number"]);
  expect(issuesOf({ ...DEPTH, threshold: -Infinity })).toEqual(["0 threshold: -Infinity; allowed: a finite number"]);
  const { threshold: _, ...between } = { ...DEPTH, condition: "between" };
  for (const [range, shown] of [
    [[2, 1], "[2, 1]"],
    [[1], "[1]"],
    [[1, 2, 3], "[1, 2, 3]"],
    [[NaN, 1], "[NaN, 1]"],
    [[1, 2n ** 70n], "[1, 1180591620717411303424]"],
    [[1, "2"], '[1, "2"]'],
    ["1-2", '"1-2"'],
  ])
    expect(issuesOf({ ...between, range })).toEqual([
      `0 range: ${shown}; allowed: two finite numbers, the lower first`,
    ]);
});

test("parseRules refuses keys that do not exist, and values that are not allowed, each with what is", () => {
  expect(issuesOf({ ...DEPTH, treshold: 3 })).toEqual(["0 treshold: there is no such key; is threshold meant?"]);
  expect(issuesOf({ ...DEPTH, constructor: 3 })).toEqual([
    expect.stringMatching(/^0 constructor: there is no such key; allowed: id, metric, .*, action$/),
  ]);
  const bad: Record<string, unknown> = {
    id: "Queue",
    metric: 5,
    take: "median",
    quantile: 2,
    ratio_to: 5,
    condition: "over",
    threshold: "5",
    range: [5],
    window_secs: 0,
    for_secs: -1,
    keep_firing_secs: 1e9,
    severity: "fatal",
    enabled: "yes",
    summary: "",
    description: "x".repeat(501),
    action: [],
  };
  expect(Object.keys(bad).sort()).toEqual(Object.keys(RULE_KEYS).sort());
  for (const [key, value] of Object.entries(bad)) {
    const issues = issuesOf({ ...DEPTH, [key]: value });
    expect(issues).toHaveLength(1);
    expect(issues[0]).toStartWith(`0 ${key}: `);
    expect(issues[0]).toEndWith(`allowed: ${RULE_KEYS[key as "id"].allowed}`);
  }
});

test("parseRules refuses what is no table, and a table without an id", () => {
  for (const entry of [5, "x", null, [DEPTH], new Date(0)]) {
    expect(issuesOf(entry)).toHaveLength(1);
    expect(issuesOf(entry)[0]).toEndWith("allowed: a table");
  }
  const { id: _, ...without } = DEPTH;
  expect(issuesOf(without)).toEqual([`0 id: is missing; allowed: ${RULE_KEYS.id.allowed}`]);
});

test("parseRules asks for what is needed, and refuses what would have no effect", () => {
  const { threshold: _, condition: __, ...bare } = DEPTH;
  expect(issuesOf(bare)).toEqual([`0 condition: is missing; allowed: ${RULE_KEYS.condition.allowed}`]);
  expect(issuesOf({ ...bare, threshold: 5 })).toEqual([
    `0 condition: is missing; allowed: ${RULE_KEYS.condition.allowed}`,
  ]);
  expect(issuesOf({ ...bare, condition: "below" })).toEqual(["0 threshold: is missing; allowed: a finite number"]);
  expect(issuesOf({ ...DEPTH, range: [1, 2] })).toEqual(['0 range: has no effect without condition = "between"']);
  expect(issuesOf({ ...DEPTH, condition: "between", range: [1, 2] })).toEqual([
    '0 threshold: has no effect with condition = "between"',
  ]);
  expect(issuesOf({ ...DEPTH, window_secs: 60 })).toEqual(['0 window_secs: has no effect with take = "value"']);
  expect(issuesOf({ ...DEPTH, metric: "portsyncd_events_failed_total" })).toEqual([
    `0 window_secs: is missing; allowed: ${RULE_KEYS.window_secs.allowed}`,
  ]);
  expect(issuesOf({ ...DEPTH, quantile: 0.5 })).toEqual(['0 quantile: has no effect without take = "quantile"']);
  const ratio = { ...DEPTH, take: "value", ratio_to: "portsyncd_events_failed_total" };
  expect(issuesOf(ratio)).toEqual(['0 ratio_to: has no effect without take = "increase"']);
});

test("parseRules finds what is wrong with a rule as a whole", () => {
  expect(issuesOf({ ...DEPTH, summary: "{valeu}" })).toEqual(["0 summary: there is no {valeu}"]);
  expect(issuesOf({ ...DEPTH, summary: "{port}" })).toEqual([
    "0 summary: {port} is for rules of metrics that have a number for each port",
  ]);
});

test("parseRules keeps what is good when something else is wrong, and a rule of the daemon as it is", () => {
  const { rules, issues } = parseRules(
    [
      { ...DEPTH, threshold: NaN },
      { ...DEPTH, id: "good" },
      { id: "redis_down", for_secs: -1 },
    ],
    BUILTIN,
    CATALOGUE,
  );
  expect(issues.map(({ index, key }) => `${index} ${key}`)).toEqual(["0 threshold", "2 for_secs"]);
  expect(rules.map(({ id }) => id)).toEqual([...BUILTIN.map(({ id }) => id), "good"]);
  expect(rules.find(({ id }) => id === "redis_down")).toEqual(BUILTIN.find(({ id }) => id === "redis_down")!);
});

test("parseRules makes of anything only rules that are valid, and never throws", () => {
  const value = fc.oneof(
    fc.constantFrom(
      "above",
      "between",
      "rate_of_change",
      "increase",
      "value",
      "quantile",
      "maximum",
      "warning",
      "redis_down",
    ),
    fc.constantFrom(...CATALOGUE.keys()),
    fc.integer({ min: -1, max: 100 }),
    fc.boolean(),
    fc.constantFrom<unknown>([1, 2], NaN, null, {}, "{port} {value}", "{window}"),
  );
  const key = fc.constantFrom(...Object.keys(RULE_KEYS), "other");
  let made = 0;
  const property = fc.property(fc.array(fc.tuple(key, value)), (pairs) => {
    const table = { ...DEPTH, ...Object.fromEntries(pairs) };
    const { rules, issues } = parseRules([table], BUILTIN, CATALOGUE);
    expect(rules.flatMap((rule) => validateRule(rule, CATALOGUE))).toEqual([]);
    if (rules.length > BUILTIN.length) made++;
    else expect(issues.length > 0 || table.id === "redis_down").toBe(true);
  });
  fc.assert(property, { numRuns: 3000 });
  expect(made).toBeGreaterThan(100);
});

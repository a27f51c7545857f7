import { describe, expect, test } from "bun:test";

import { stringify } from "yaml";

import { builtinRules } from "../../src/alert/builtin.ts";
import type { Rule } from "../../src/alert/rule.ts";
import { DEFAULT_CONFIG } from "../../src/config/schema.ts";
import type { MetricName } from "../../src/metrics/definitions.ts";
import { alertingRule } from "../../src/monitoring/prometheusrule.ts";
import { formatPromqlDuration, ruleQuery, ruleValue } from "../../src/monitoring/promqlexpression.ts";
import { Rig, ruleOf } from "../alert/rig.ts";
import { runChild } from "../support/child.ts";
import { needsCommands } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { CourseSnapshot } from "./coursesnapshot.ts";
import { type Courses, STEP_SECONDS, STORY_SECONDS, valuesOf } from "./stories.ts";

const hasPromtool = needsCommands("promtool");
const RULES = builtinRules({ maxLatencyUs: DEFAULT_CONFIG.performance.max_latency_us });

type Changes = Partial<Rule<MetricName>>;

function ruleWith(changes: Changes): Rule<MetricName> {
  return ruleOf(changes as Partial<Rule>) as Rule<MetricName>;
}

const LATENCY = "portsyncd_event_latency_seconds";
const QUEUE = "portsyncd_queue_depth";
const EVENTS = "portsyncd_events_processed_total";
const REPAIRS = "portsyncd_audit_repairs_total";

/** Until 600 s one value, then another, and at the end a third. */
function twoSteps(first: number, second: number, third: number): Courses[string] {
  return [
    [first, 600],
    [second, 900],
    [third, STORY_SECONDS + STEP_SECONDS],
  ];
}

function gauge(metric: MetricName = QUEUE) {
  return { kind: "gauge", metric } as const;
}

const COURSES: Courses = {
  portsyncd_queue_depth: twoSteps(4, 10, 5),
  portsyncd_dirty_ports: twoSteps(1, 2, 0),
  portsyncd_events_processed_total: twoSteps(100, 106, 110),
  [`${REPAIRS}{direction="to_state_db"}`]: twoSteps(1, 3, 8),
  [`${REPAIRS}{direction="from_kernel"}`]: twoSteps(50, 54, 90),
  'portsyncd_alert_firing_seconds_total{rule="a"}': twoSteps(0.5, 0.75, 2),
  [`${LATENCY}_bucket{le="+Inf"}`]: twoSteps(3, 9, 90),
  [`${LATENCY}_count`]: twoSteps(3, 9, 90),
  [`${LATENCY}_sum`]: twoSteps(1, 2, 3),
};

/** Prometheus has scrapes from 285 s of a window of 300 s, and stretches what it saw; of what is whole that is rounded away. */
const STRETCH = 300 / 285;

/** Rules with what their value is at a time, in seconds, and by how much Prometheus is off; what is undefined is absent. */
const VALUES: readonly (readonly [
  name: string,
  rule: Changes,
  at: number,
  value: number | undefined,
  stretch?: number,
])[] = [
  ["a gauge", { expression: gauge() }, 615, 10],
  ["a sum", { expression: { kind: "sum", of: [gauge(), gauge("portsyncd_dirty_ports")] } }, 615, 12],
  [
    "a difference of a sum",
    {
      expression: {
        kind: "difference",
        of: gauge(),
        less: { kind: "sum", of: [gauge("portsyncd_dirty_ports"), gauge("portsyncd_dirty_ports")] },
      },
    },
    615,
    6,
  ],
  ["an increase", { expression: { kind: "increase", metric: EVENTS, windowSeconds: 300 } }, 615, 6],
  [
    "an increase of all series of a metric",
    { expression: { kind: "increase", metric: REPAIRS, windowSeconds: 300 } },
    615,
    6,
  ],
  [
    "an increase of one series of a metric",
    { expression: { kind: "increase", metric: REPAIRS, labels: { direction: "to_state_db" }, windowSeconds: 300 } },
    615,
    2,
  ],
  [
    "an increase of what is not whole",
    { expression: { kind: "increase", metric: "portsyncd_alert_firing_seconds_total", windowSeconds: 300 } },
    615,
    0.25,
    STRETCH,
  ],
  ["a count of observations", { expression: { kind: "count", metric: LATENCY, windowSeconds: 300 } }, 615, 6],
  ["the largest of a window", { expression: { kind: "maxOverTime", metric: QUEUE, windowSeconds: 300 } }, 1050, 10],
  ["the largest after a window", { expression: { kind: "maxOverTime", metric: QUEUE, windowSeconds: 300 } }, 1215, 5],
  [
    "a ratio in percent",
    { expression: { kind: "ratio", of: gauge("portsyncd_dirty_ports"), to: gauge(), percent: true } },
    615,
    20,
  ],
  [
    "a ratio to nothing",
    { expression: { kind: "ratio", of: gauge(), to: gauge("portsyncd_dirty_ports"), percent: false } },
    915,
    undefined,
  ],
  [
    "a ratio to nothing that has a value then",
    { expression: { kind: "ratio", of: gauge(), to: gauge("portsyncd_dirty_ports"), percent: false, whenZero: -7 } },
    915,
    -7,
  ],
  [
    "what is asked where something else is so",
    {
      expression: {
        kind: "where",
        of: gauge(),
        test: gauge("portsyncd_dirty_ports"),
        is: { kind: "above", threshold: 1 },
      },
    },
    615,
    10,
  ],
  [
    "what is asked where something else is not so",
    {
      expression: {
        kind: "where",
        of: gauge(),
        test: gauge("portsyncd_dirty_ports"),
        is: { kind: "between", low: 3, high: 5 },
      },
    },
    615,
    undefined,
  ],
  [
    "the rate of change of a gauge that falls",
    { expression: gauge(), condition: { kind: "rateOfChange", perSecond: 1, windowSeconds: 300 } },
    915,
    -5 / 300,
    STRETCH,
  ],
  [
    "the rate of change of counters",
    {
      expression: {
        kind: "sum",
        of: [
          { kind: "counter", metric: EVENTS },
          { kind: "counter", metric: REPAIRS },
        ],
      },
      condition: { kind: "rateOfChange", perSecond: 1, windowSeconds: 300 },
    },
    615,
    12 / 300,
    STRETCH,
  ],
];

/** Lets promtool look at one expression over the courses. */
async function expectSamples(expression: string, at: number, samples: readonly object[]): Promise<void> {
  await using dir = new TempDir();
  const input_series = Object.entries(COURSES).map(([series, course]) => ({
    series: series.includes("{") ? series.replace("}", ',instance="a"}') : `${series}{instance="a"}`,
    values: valuesOf(course).join(" "),
  }));
  const promql_expr_test = [{ expr: `round(${expression}, 1e-6)`, eval_time: `${at}s`, exp_samples: samples }];
  const suite = { tests: [{ interval: `${STEP_SECONDS}s`, input_series, promql_expr_test }] };
  await Bun.write(dir.file("test.yml"), stringify(suite));
  await runChild(["promtool", "test", "rules", dir.file("test.yml")]);
}

describe("ruleValue", () => {
  for (const [name, changes, at, value, stretch = 1] of VALUES) {
    const rule = ruleWith(changes);
    const samples =
      value === undefined ? [] : [{ labels: '{instance="a"}', value: Math.round(value * stretch * 1e6) / 1e6 }];
    testWith(hasPromtool, `ruleValue of ${name} is ${value} in Prometheus`, () =>
      expectSamples(ruleValue(rule), at, samples),
    );

    test(`AlertEngine has for ${name} the same ${value}`, () => {
      const rig = new Rig([rule as unknown as Rule]);
      for (let i = 0; i * STEP_SECONDS <= at; i++) {
        rig.clock.advance(i === 0 ? 0 : STEP_SECONDS * 1000);
        rig.engine.tick(rig.now, new CourseSnapshot(COURSES, i));
      }
      const seen = rig.engine.statistics[0]!.value;
      if (value === undefined) expect(seen).toBeUndefined();
      else expect(seen).toBeCloseTo(value, 9);
    });
  }

  test("ruleValue throws for what has no rate of change", () => {
    const expression = { kind: "maxOverTime", metric: QUEUE, windowSeconds: 60 } as const;
    const rule = ruleWith({ expression, condition: { kind: "rateOfChange", perSecond: 1, windowSeconds: 60 } });
    expect(() => ruleValue(rule)).toThrow("maxOverTime has no rate of change");
  });
});

describe("ruleQuery", () => {
  const MEETS: readonly (readonly [name: string, condition: Rule["condition"], isMet: boolean])[] = [
    ["above", { kind: "above", threshold: 9.9 }, true],
    ["not above", { kind: "above", threshold: 10 }, false],
    ["below", { kind: "below", threshold: 10.1 }, true],
    ["not below", { kind: "below", threshold: 10 }, false],
    ["at the low end", { kind: "between", low: 10, high: 11 }, true],
    ["at the high end", { kind: "between", low: 9, high: 10 }, true],
    ["below both ends", { kind: "between", low: 10.5, high: 11 }, false],
    ["above both ends", { kind: "between", low: 9, high: 9.5 }, false],
    ["equal within a thousandth", { kind: "equals", threshold: 10.0009 }, true],
    ["not equal", { kind: "equals", threshold: 10.002 }, false],
    ["not equal from below", { kind: "equals", threshold: 9.998 }, false],
  ];
  for (const [name, condition, isMet] of MEETS)
    testWith(hasPromtool, `ruleQuery keeps the value 10 where it is ${name}: ${isMet}`, () =>
      expectSamples(
        ruleQuery(ruleWith({ expression: gauge(), condition })),
        615,
        isMet ? [{ labels: '{instance="a"}', value: 10 }] : [],
      ),
    );

  test("ruleQuery keeps apart what operators would tear", () => {
    const sum = { kind: "sum", of: [gauge(), gauge("portsyncd_dirty_ports")] } as const;
    const query = (changes: Changes) => ruleQuery(ruleWith(changes));
    expect(query({ expression: { kind: "ratio", of: sum, to: sum, percent: true } })).toBe(
      "(100 * (portsyncd_queue_depth + portsyncd_dirty_ports) / ((portsyncd_queue_depth + portsyncd_dirty_ports) != 0)) > 0",
    );
    expect(query({ expression: { kind: "difference", of: gauge(), less: sum } })).toBe(
      "(portsyncd_queue_depth - (portsyncd_queue_depth + portsyncd_dirty_ports)) > 0",
    );
  });
});

test("formatPromqlDuration writes the largest unit that is whole", () => {
  const times = [90, 60, 300, 3600, 5400, 1.5, 1e-9].map(formatPromqlDuration);
  expect(times).toEqual(["90s", "1m", "5m", "1h", "90m", "1500ms", "1ms"]);
});

describe("alertingRule", () => {
  const TEXTS = {
    health_score_low: {
      input: {
        portsyncd_health_score: "40",
        'portsyncd_health_lost_points{reason="redis_down"}': "60",
        'portsyncd_health_lost_points{reason="http_failed"}': "0",
      },
      port: {},
      annotations: {
        summary: "a: portsyncd is unhealthy: 40 points of 100",
        description:
          "The health score is 40 points of 100. It has been below 50 points for 60 s or longer. Reasons: redis_down.",
        action: "`portsyncd status` names the reasons: begin with the one that costs most points.",
      },
    },
    port_flapping: {
      input: { 'portsyncd_port_flaps_total{port="Ethernet0"}': "0+1" },
      port: { port: "Ethernet0" },
      annotations: {
        summary: "a: Ethernet0 went down 20 times in 5 min",
        description:
          "The link of Ethernet0 went down 20 times in the last 5 min (allowed: 5). Routes and LAGs over it go up and down with it.",
        action:
          "Check the transceiver and cable (show interfaces transceiver eeprom --dom Ethernet0) and the other end. Until it is " +
          "repaired, shut it down: config interface shutdown Ethernet0. `portsyncd history Ethernet0` shows when it happened.",
      },
    },
  } as const;
  for (const [id, { input, port, annotations }] of Object.entries(TEXTS))
    testWith(hasPromtool, `alertingRule has Prometheus say of ${id} what the daemon says`, async () => {
      await using dir = new TempDir();
      const rule = alertingRule(RULES.find((each) => each.id === id)!);
      await Bun.write(dir.file("rules.yml"), stringify({ groups: [{ name: "g", rules: [rule] }] }));
      const input_series = Object.entries(input).map(([series, values]) => ({
        series: series.includes("{") ? series.replace("}", ',instance="a"}') : `${series}{instance="a"}`,
        values: `${values}x100`,
      }));
      const expected = { exp_labels: { severity: "warning", instance: "a", ...port }, exp_annotations: annotations };
      const alert_rule_test = [{ eval_time: "10m", alertname: id, exp_alerts: [expected] }];
      const tests = [{ interval: "15s", input_series, alert_rule_test }];
      await Bun.write(
        dir.file("test.yml"),
        stringify({ rule_files: ["rules.yml"], evaluation_interval: "15s", tests }),
      );
      await runChild(["promtool", "test", "rules", dir.file("test.yml")]);
    });

  test("alertingRule says what looks like a template as it is", () => {
    const { annotations } = alertingRule(
      ruleWith({ expression: gauge(), summary: "{{ x }} is {value}", unit: "bytes" }),
    );
    expect(annotations["summary"]).toBe('{{ $labels.instance }}: {{ "{{" }} x }} is {{ $value | humanize1024 }}B');
  });
});

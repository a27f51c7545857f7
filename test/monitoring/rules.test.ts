import { describe, expect, test } from "bun:test";

import { stringify } from "yaml";

import { builtinRules } from "../../src/alert/builtin.ts";
import type { Rule } from "../../src/alert/rule.ts";
import { DEFAULT_CONFIG } from "../../src/config/schema.ts";
import type { MetricName } from "../../src/metrics/definitions.ts";
import { alertmanagerFile } from "../../src/monitoring/alertmanager.ts";
import { type AlertingRule, alertingRule } from "../../src/monitoring/prometheusrule.ts";
import { ruleFile, ruleGroups } from "../../src/monitoring/rulefile.ts";
import { Rig, ruleOf } from "../alert/rig.ts";
import { runChild } from "../support/child.ts";
import { needsCommands } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { CourseSnapshot } from "./coursesnapshot.ts";
import { type Courses, DOWN_STORY, STEP_SECONDS, STORIES, type Story, STORY_SECONDS, valuesOf } from "./stories.ts";

const RULES = builtinRules({ maxLatencyUs: DEFAULT_CONFIG.performance.max_latency_us });
const ALL_STORIES: Readonly<Record<string, Story>> = { ...STORIES, portsyncd_down: DOWN_STORY };
const ALERTS = Object.keys(ALL_STORIES);
const TARGET = { instance: "switch1:9101", job: "portsyncd" } as const;
const hasPromtool = needsCommands("promtool");

function isAlerting(rule: object): rule is AlertingRule {
  return "alert" in rule;
}

/** A series with the labels of the target, and its values, for promtool. */
function inputSeries(courses: Courses): { series: string; values: string }[] {
  const target = Object.entries(TARGET).map(([label, text]) => `${label}="${text}"`);
  return Object.entries(courses).map(([series, course]) => {
    const [name, labels] = series.replace("}", "").split("{");
    return {
      series: `${name}{${[...(labels ? [labels] : []), ...target].join(",")}}`,
      values: valuesOf(course).join(" "),
    };
  });
}

/** Expects at a time that of all alerts only some fire. */
function firingAt(seconds: number, firing: Readonly<Record<string, Story>>, open: readonly string[] = []): object[] {
  return ALERTS.filter((alert) => !open.includes(alert)).map((alertname) => {
    const story = firing[alertname];
    const exp_alerts = story
      ? [
          {
            exp_labels: { severity: story.severity, ...(story.port && { port: story.port }), ...TARGET },
            exp_annotations: { summary: `${TARGET.instance}: ${story.summary}` },
          },
        ]
      : [];
    return { eval_time: `${seconds}s`, alertname, exp_alerts };
  });
}

/** Expects that an alert fires, whatever its value is by then. */
function stillFiring(id: string, seconds: number): object {
  const { severity, port } = ALL_STORIES[id]!;
  const labels = { alertname: id, alertstate: "firing", severity, ...(port && { port }), ...TARGET };
  const text = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return {
    expr: `ALERTS{alertname="${id}",alertstate="firing"}`,
    eval_time: `${seconds}s`,
    exp_samples: [{ labels: `ALERTS{${text.join(",")}}`, value: 1 }],
  };
}

/** What is expected of annotations is all of them; the texts but the summary have tests of their own. */
function withSummaryOnly(rule: object): object {
  return isAlerting(rule) ? { ...rule, annotations: { summary: rule.annotations["summary"] } } : rule;
}

/** Runs the rules in promtool over courses of metrics. */
async function playInPromtool(rules: readonly Rule<MetricName>[], tests: readonly object[]): Promise<string> {
  await using dir = new TempDir();
  const groups = ruleGroups(rules).map(({ name, rules: all }) => ({ name, rules: all.map(withSummaryOnly) }));
  await Bun.write(dir.file("rules.yml"), stringify({ groups }));
  const suite = { rule_files: ["rules.yml"], evaluation_interval: `${STEP_SECONDS}s`, tests };
  await Bun.write(dir.file("test.yml"), stringify(suite, { aliasDuplicateObjects: false }));
  return await runChild(["promtool", "test", "rules", dir.file("test.yml")]);
}

/** When an alert of the daemon's own engine came into a state, over courses of metrics. */
function playInDaemon(courses: Courses): string[] {
  const rig = new Rig(RULES);
  const states: string[] = [];
  for (let i = 0; i * STEP_SECONDS <= STORY_SECONDS; i++) {
    rig.clock.advance(i === 0 ? 0 : STEP_SECONDS * 1000);
    const { changes } = rig.engine.tick(rig.now, new CourseSnapshot(courses, i));
    for (const { rule, port, to } of changes)
      if (to === "firing" || to === "resolved")
        states.push(`${i * STEP_SECONDS} ${rule}${port === undefined ? "" : ` ${port}`} ${to}`);
  }
  return states;
}

describe("ruleFile", () => {
  test("ruleFile has an alert with a story for each rule that is enabled, and for the daemon that is gone", () => {
    const alerts = ruleGroups(RULES).flatMap(({ rules }) => rules.filter(isAlerting).map(({ alert }) => alert));
    expect(alerts.toSorted()).toEqual(ALERTS.toSorted());
    const disabled = RULES.filter(({ enabled }) => !enabled).map(({ id }) => id);
    expect(disabled).toEqual(["health_score_good"]);
    expect(ruleFile(RULES).text).toContain("Left out, since they are disabled: health_score_good.");
  });

  testWith(hasPromtool, "ruleFile is what promtool takes for rules", async () => {
    await using dir = new TempDir();
    const { name, text } = ruleFile(RULES);
    await Bun.write(dir.file(name), text);
    expect(await runChild(["promtool", "check", "rules", dir.file(name)])).toContain("SUCCESS: 25 rules found");
  });

  test("ruleFile takes severity, waiting time and the time to go on from the rule", () => {
    const rule = ruleOf({
      expression: { kind: "gauge", metric: "portsyncd_queue_depth" },
      severity: "critical",
      forSeconds: 90,
      keepFiringSeconds: 600,
    }) as Rule<MetricName>;
    expect(alertingRule(rule)).toMatchObject({
      alert: "test_rule",
      expr: "portsyncd_queue_depth > 0",
      for: "90s",
      keep_firing_for: "10m",
      labels: { severity: "critical" },
    });
  });
});

describe("Prometheus and the daemon", () => {
  for (const [id, story] of Object.entries(ALL_STORIES)) {
    const { trouble, quiet, firesAt, resolvesAt, also = [], quietAlso = [] } = story;
    testWith(
      hasPromtool,
      `Prometheus fires ${id} at ${firesAt} s, ends it at ${resolvesAt} s, and not before`,
      async () => {
        const looks = {
          interval: `${STEP_SECONDS}s`,
          input_series: inputSeries(trouble),
          alert_rule_test: [
            ...firingAt(firesAt - STEP_SECONDS, {}, also),
            ...firingAt(firesAt, { [id]: story }, also),
            ...firingAt(resolvesAt, {}, also),
          ],
          promql_expr_test: [stillFiring(id, resolvesAt - STEP_SECONDS)],
        };
        expect(await playInPromtool(RULES, [looks])).toContain("SUCCESS");
      },
    );

    testWith(hasPromtool, `Prometheus keeps quiet about what ${id} allows`, async () => {
      const looks = [];
      for (let seconds = 0; seconds <= STORY_SECONDS; seconds += STEP_SECONDS)
        looks.push(...firingAt(seconds, {}, quietAlso));
      const quietly = { interval: `${STEP_SECONDS}s`, input_series: inputSeries(quiet), alert_rule_test: looks };
      expect(await playInPromtool(RULES, [quietly])).toContain("SUCCESS");
    });

    if (id in STORIES)
      test(`AlertEngine fires ${id} at the same looks as Prometheus`, () => {
        const name = story.port === undefined ? id : `${id} ${story.port}`;
        const without = (lines: readonly string[], others: readonly string[]) =>
          lines.filter((line) => !others.some((other) => line.includes(` ${other} `)));
        const own = without(playInDaemon(trouble), also);
        expect(own).toEqual([`${firesAt} ${name} firing`, `${resolvesAt} ${name} resolved`]);
        expect(without(playInDaemon(quiet), quietAlso)).toEqual([]);
      });
  }
});

testWith(
  needsCommands("amtool"),
  "alertmanagerFile is what Alertmanager takes, by severity, and worse before bad",
  async () => {
    await using dir = new TempDir();
    const { name, text } = alertmanagerFile();
    await Bun.write(dir.file(name), text);
    expect(await runChild(["amtool", "check-config", dir.file(name)])).toContain("SUCCESS");
    const receivers = ["critical", "warning", "info"].map((severity) =>
      runChild(["amtool", "config", "routes", "test", `--config.file=${dir.file(name)}`, `severity=${severity}`]),
    );
    expect((await Promise.all(receivers)).map((receiver) => receiver.trim())).toEqual([
      "portsyncd-page",
      "portsyncd-ticket",
      "portsyncd-log",
    ]);
  },
);

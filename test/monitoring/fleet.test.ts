import { afterAll, expect } from "bun:test";

import { type Dashboard, type Panel } from "@grafana/grafana-foundation-sdk/dashboard";

import { buildDashboard, DASHBOARDS } from "../../src/monitoring/grafana/dashboards.ts";
import { listQueries } from "../../src/monitoring/querylibrary.ts";
import { testWith } from "../support/testwith.ts";
import { EXPECTATIONS, type Expected } from "./expectations.ts";
import { fillIn } from "./filledin.ts";
import { canUseFleet, Fleet } from "./fleet.ts";
import type { Answer } from "./prometheus.ts";

// A real Prometheus that scraped two real daemons, of which one had much to suffer, is asked all that is exported.

/** Whichever test is first waits for the fleet. */
const SECONDS = 120;

let started: Promise<Fleet> | undefined;

/** The fleet after all that it suffers, which is once for all tests. */
function sufferedFleet(): Promise<Fleet> {
  started ??= (async () => {
    const fleet = await Fleet.start();
    await fleet.suffer();
    return fleet;
  })();
  return started;
}

afterAll(async () => {
  await (await started?.catch(() => undefined))?.[Symbol.asyncDispose]();
});

function labelsOf({ labels }: Answer): string {
  const own = Object.entries(labels).filter(([label]) => !["__name__", "instance", "job"].includes(label));
  return own.map(([label, value]) => `${label}="${value}"`).join(",");
}

/** What of an answer is not as expected, one line each. */
function differences(answers: readonly Answer[], expected: readonly Expected[]): string[] {
  const found = new Map(answers.map((answer) => [labelsOf(answer), answer.value]));
  const wanted = new Map(expected.map((each) => [each.labels, each]));
  const missing = expected.filter(({ labels }) => !found.has(labels)).map(({ labels }) => `{${labels}} is missing`);
  const wrong = [...found].flatMap(([labels, value]) => {
    const want = wanted.get(labels);
    if (!want) return [`{${labels}} ${value} is too much`];
    const isRight = Number.isNaN(want.value) ? Number.isNaN(value) : Math.abs(value - want.value) <= want.within;
    return isRight ? [] : [`{${labels}} is ${value}, not ${want.value} (within ${want.within})`];
  });
  return [...missing, ...wrong];
}

for (const { id, expression } of listQueries())
  testWith(
    canUseFleet,
    `listQueries: ${id} returns of each switch what has happened to it`,
    async () => {
      const fleet = await sufferedFleet();
      const answers = await fleet.prometheus.query(expression, fleet.end);
      const expected = EXPECTATIONS[id](fleet);
      for (const instance of ["busy", "other"] as const) {
        const own = answers.filter(({ labels }) => labels["instance"] === instance);
        expect([instance, differences(own, expected[instance])]).toEqual([instance, []]);
      }
      expect(answers.every(({ labels }) => labels["instance"] !== undefined)).toBe(true);
    },
    SECONDS,
  );

testWith(
  canUseFleet,
  "listQueries: health_lost_points names what is wrong while it is",
  async () => {
    const { prometheus, outage } = await sufferedFleet();
    const { expression } = listQueries().find(({ id }) => id === "health_lost_points")!;
    const during = await prometheus.query(expression, outage.end - 1);
    expect(during.filter(({ labels }) => labels["instance"] === "other")).toEqual([]);
    const busy = during.map(({ labels, value }) => [labels["instance"], labels["reason"], value]);
    expect(busy).toContainEqual(["busy", "redis_down", 60]);
  },
  SECONDS,
);

testWith(
  canUseFleet,
  "ruleFile has the same alerts fire in Prometheus as in the daemon, and texts that can be read",
  async () => {
    const { firing, prometheus } = await sufferedFleet();
    const expected = ["netlink_overrun", "port_flapping", "state_drift"];
    expect(firing).toEqual({ daemon: expected, prometheus: expected });
    const rules = await prometheus.rules();
    expect(rules.length).toBeGreaterThan(20);
    expect(rules.filter(({ health }) => health !== "ok")).toEqual([]);
    const texts = (await prometheus.alerts()).flatMap(({ annotations }) => Object.values(annotations));
    expect(texts).toContain("busy: Ethernet0 went down 6 times in 5 min");
    expect(texts.filter((text) => /[{}<>]|no value|error/.test(text))).toEqual([]);
  },
  SECONDS,
);

testWith(
  canUseFleet,
  "recordingRules are recorded by Prometheus",
  async () => {
    const { prometheus } = await sufferedFleet();
    const recorded = (await prometheus.rules()).map(({ name }) => name).filter((name) => name.includes(":"));
    expect(recorded.length).toBeGreaterThanOrEqual(6);
    for (const name of recorded) {
      const instances = (await prometheus.series(name)).map(({ instance }) => instance);
      expect([name, instances.includes("busy")]).toEqual([name, true]);
    }
  },
  SECONDS,
);

function panelsOf({ panels = [] }: Dashboard): Panel[] {
  return panels.filter((panel): panel is Panel => panel.type !== "row");
}

/** The selectors of an expression: names of series with their matchers. */
function selectorsIn(expression: string): string[] {
  return expression.match(/\b(?:portsyncd|process)_\w+(?:\{[^}]*\})?/g) ?? [];
}

for (const spec of DASHBOARDS)
  testWith(
    canUseFleet,
    `buildDashboard: what ${spec.title} asks is understood, and its series are there`,
    async () => {
      const { prometheus, end } = await sufferedFleet();
      const expressions = panelsOf(buildDashboard(spec)).flatMap(({ targets = [] }) =>
        targets.map((target) => fillIn((target as unknown as { expr: string }).expr)),
      );
      expect(expressions.length).toBeGreaterThan(5);
      for (const expression of expressions) {
        await prometheus.query(expression, end);
        const selectors = selectorsIn(expression);
        expect([expression, selectors.length > 0]).toEqual([expression, true]);
        for (const selector of selectors) {
          const instances = (await prometheus.series(selector)).map(({ instance }) => instance);
          expect([selector, instances.includes("busy")]).toEqual([selector, true]);
        }
      }
    },
    SECONDS,
  );

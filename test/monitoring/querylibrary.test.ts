import { describe, expect, test } from "bun:test";

import { stringify } from "yaml";

import { METRIC_NAMES } from "../../src/metrics/definitions.ts";
import { FLEET, perSecond, quoteText, series, within } from "../../src/monitoring/promql.ts";
import { QUERY_CATEGORIES } from "../../src/monitoring/query.ts";
import { listQueries, recordingRules } from "../../src/monitoring/querylibrary.ts";
import { queryFile } from "../../src/monitoring/rulefile.ts";
import { runChild } from "../support/child.ts";
import { needsCommands } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";

const hasPromtool = needsCommands("promtool");
const queries = listQueries();

function expressionOf(id: string): string {
  return queries.find((query) => query.id === id)!.expression;
}

/** Lets promtool evaluate an expression over series, a value each minute. */
async function evaluate(
  expression: string,
  input: Readonly<Record<string, string>>,
  atMinute: number,
  samples: readonly { labels: string; value: number }[],
): Promise<void> {
  await using dir = new TempDir();
  const input_series = Object.entries(input).map(([name, values]) => ({ series: name, values }));
  const promql_expr_test = [{ expr: expression, eval_time: `${atMinute}m`, exp_samples: samples }];
  await Bun.write(dir.file("t.yml"), stringify({ tests: [{ interval: "1m", input_series, promql_expr_test }] }));
  await runChild(["promtool", "test", "rules", dir.file("t.yml")]);
}

describe("listQueries", () => {
  test("listQueries has at least 24 queries in all eight categories, each with a title, a description and an id", () => {
    expect(queries.length).toBeGreaterThanOrEqual(24);
    expect(Object.keys(QUERY_CATEGORIES)).toHaveLength(8);
    for (const category of Object.keys(QUERY_CATEGORIES))
      expect([category, queries.filter((query) => query.category === category).length >= 3]).toEqual([category, true]);
    expect(new Set(queries.map(({ id }) => id)).size).toBe(queries.length);
    expect(new Set(queries.map(({ title }) => title)).size).toBe(queries.length);
    for (const { id, description } of queries) expect([id, /^[A-Z].{20,}\.$/.test(description)]).toEqual([id, true]);
  });

  test("listQueries names metrics that exist, and can be asked about one switch", () => {
    const chosen = listQueries({ ...FLEET, matchers: ['instance="a"'] });
    for (const { id, expression } of chosen) {
      const names = expression.match(/\b(?:portsyncd|process)_\w+(?:\{[^}]*\})?/g)!;
      expect([id, names.length > 0]).toEqual([id, true]);
      for (const name of names) {
        expect(name).toContain('{instance="a"');
        const metric = name.replace(/\{.*/, "").replace(/_(bucket|sum|count)$/, "");
        expect(METRIC_NAMES).toContain(metric as never);
      }
    }
  });

  test("listQueries adds nothing below a fraction to make it finite", () => {
    for (const { id, expression } of queries) expect([id, /\/[^/]*\+ ?1\b/.test(expression)]).toEqual([id, false]);
  });

  testWith(
    hasPromtool,
    "listQueries: event_rate_anomaly is the distance from the mean in standard deviations",
    async () => {
      // Nothing for an hour, and 300 in its last minute: of 60 rates 59 are 0 and one is 1.
      const labels = '{instance="a"}';
      const input = { [`portsyncd_events_processed_total${labels}`]: "5x59 305" };
      const rates = [...Array.from({ length: 59 }, () => 0), 1];
      const mean = rates.reduce((sum, value) => sum + value) / rates.length;
      const deviation = Math.sqrt(rates.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rates.length);
      await evaluate(expressionOf("event_rate_anomaly"), input, 60, [{ labels, value: (1 - mean) / deviation }]);
    },
  );

  // For 4 and for 2 of 34 minutes; the last look is at the beginning of the last minute, so there is one more than in 33 minutes.
  const LOOKS = 33 * 4 + 1;
  const LOST = (4 + 2) * 4;
  const LOSSES: readonly (readonly [id: string, value: number])[] = [
    ["redis_downtime", 360],
    ["redis_mttr", 180],
    ["availability", 100 * (1 - LOST / LOOKS)],
    ["healthy_time", 100 * (1 - (LOST + 2 * 4) / LOOKS)],
  ];
  for (const [id, value] of LOSSES)
    testWith(hasPromtool, `listQueries: ${id} is worked out from the times at which something was lost`, async () => {
      const input = {
        'portsyncd_redis_connected{instance="a"}': "1x9 0x3 1x9 0x1 1x9",
        'portsyncd_netlink_connected{instance="a"}': "1x33",
        'portsyncd_health_status{instance="a"}': "1x9 0x3 1x9 0x1 0.5x1 1x7",
      };
      const rounded = Math.round(value * 1e6) / 1e6;
      await evaluate(`round(${expressionOf(id)}, 1e-6)`, input, 33, [{ labels: '{instance="a"}', value: rounded }]);
    });

  testWith(
    hasPromtool,
    "listQueries: port_flaps_slope compares with the hour before, and leaves out what got better",
    async () => {
      const name = (port: string) => `portsyncd_port_flaps_total{instance="a",port="${port}"}`;
      // Two and then five, one and then none, and as many as before.
      const input = {
        [name("worse")]: "0x29 2x59 7x40",
        [name("better")]: "0x29 1x100",
        [name("same")]: "0x29 1x59 2x40",
      };
      await evaluate(expressionOf("port_flaps_slope"), input, 120, [
        { labels: '{instance="a",port="worse"}', value: 3 },
      ]);
    },
  );
});

test("queryFile can be read as it was written", async () => {
  const { parse } = await import("yaml");
  expect((parse(queryFile().text) as { queries: unknown }).queries).toEqual(queries);
});

test("recordingRules have names as Prometheus wants them, each once", () => {
  const names = recordingRules().map(({ record }) => record);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^instance:portsyncd_[a-z_]+:[a-z0-9_]*5m$/);
});

describe("series", () => {
  test("series puts matchers of the view before its own, and one of several values as they are", () => {
    const view = { ...FLEET, matchers: ['instance=~"$instance"'] };
    expect(series(FLEET, "portsyncd_ports")).toBe("portsyncd_ports");
    expect(series(view, "portsyncd_publishes_total", { result: ["set", "deleted"] })).toBe(
      'portsyncd_publishes_total{instance=~"$instance",result=~"set|deleted"}',
    );
    expect(series(FLEET, "portsyncd_port_oper_up", { port: ["Ethernet1.2", "a|b"] })).toBe(
      'portsyncd_port_oper_up{port=~"Ethernet1\\\\.2|a\\\\|b"}',
    );
    // @ts-expect-error -- no such label
    series(FLEET, "portsyncd_ports", { port: "Ethernet0" });
    // @ts-expect-error -- no such value
    series(FLEET, "portsyncd_publishes_total", { result: "published" });
    // @ts-expect-error -- no such metric
    series(FLEET, "portsyncd_ports_total");
    // @ts-expect-error -- a gauge has no rate
    perSecond(FLEET, "portsyncd_ports");
  });

  test("quoteText leaves no text that ends before its quote", () => {
    expect(quoteText('a"b\\c\nd\u007f')).toBe('"a\\"b\\\\c\\nd\\u007f"');
  });

  test("within takes bounds of buckets only", () => {
    expect(() => within(FLEET, "portsyncd_event_latency_seconds", 0.02)).toThrow("has no bucket 0.02");
    expect(within(FLEET, "portsyncd_event_latency_seconds", 1)).toContain('le=~"1|1\\\\.0"');
  });
});

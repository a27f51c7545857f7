import { describe, expect, test } from "bun:test";

import { builtinRules } from "../../src/alert/builtin.ts";
import { leavesOf } from "../../src/alert/expression.ts";
import { validateRule } from "../../src/alert/validate.ts";
import { METRIC_CATALOGUE } from "../../src/config/metriccatalogue.ts";
import { METRIC_NAMES, METRICS } from "../../src/metrics/definitions.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { samplesBy } from "../../src/metrics/reading.ts";
import { MetricSnapshot } from "../../src/watch/metricsnapshot.ts";
import { readings } from "../metrics/readings.ts";

const REPAIRS = { from_kernel: 1, from_appl_db: 2, to_state_db: 4 };

function snapshot(): MetricSnapshot {
  const own = new Histogram([1, 2]);
  own.observe(1.5);
  const all = { bounds: [1, 2], counts: [7, 8, 9], sum: 50 };
  const given = readings({
    portsyncd_health_score: () => 85,
    portsyncd_cold_starts_total: () => undefined,
    portsyncd_audit_repairs_total: () => samplesBy("direction", REPAIRS),
    portsyncd_port_flaps_total: (see) => {
      see("Ethernet0", 3);
      see("Ethern\xe9t", 0);
    },
    portsyncd_initial_sync_duration_seconds: () => all,
    portsyncd_redis_latency_seconds: () => all,
  });
  return new MetricSnapshot(
    given,
    { portsyncd_initial_sync_duration_seconds: () => own.value },
    { portsyncd_port_flaps_total: (name) => (name === "Ethern\xe9t" ? 7 : 0) },
    { portsyncd_health_score: () => ["the disk is full"] },
  );
}

describe("MetricSnapshot", () => {
  test("MetricSnapshot.value is what /metrics shows, undefined where that has nothing", () => {
    expect(snapshot().value("portsyncd_health_score")).toBe(85);
    expect(snapshot().value("portsyncd_cold_starts_total")).toBeUndefined();
    expect(snapshot().value("portsyncd_netlink_resyncs_total")).toBeUndefined();
  });

  test("MetricSnapshot.value adds up the series that the labels pick, all without any", () => {
    const repairs = (labels?: Record<string, string>) => snapshot().value("portsyncd_audit_repairs_total", labels);
    expect([repairs(), repairs({}), repairs({ direction: "to_state_db" }), repairs({ direction: "up" })]).toEqual([
      7,
      7,
      4,
      undefined,
    ]);
    const flaps = (labels?: Record<string, string>) => snapshot().value("portsyncd_port_flaps_total", labels);
    expect([flaps(), flaps({ port: "Ethernet0" }), flaps({ port: "Ethern/xe9t" })]).toEqual([3, 3, 0]);
  });

  test("MetricSnapshot.histogram begins with the process where the metric goes on over restarts", () => {
    expect(snapshot().histogram("portsyncd_initial_sync_duration_seconds")).toMatchObject({ counts: [0, 1, 1] });
    expect(snapshot().histogram("portsyncd_redis_latency_seconds")).toMatchObject({ counts: [7, 8, 9] });
    expect(snapshot().histogram("portsyncd_health_score")).toBeUndefined();
  });

  test("MetricSnapshot.ports has all ports by the names that /metrics shows", () => {
    expect([...snapshot().ports("portsyncd_port_flaps_total")!]).toEqual([
      ["Ethernet0", 3],
      ["Ethern/xe9t", 0],
    ]);
    expect(snapshot().ports("portsyncd_health_score")).toBeUndefined();
  });

  test("MetricSnapshot.recent is what is new of a port's counter, by the name that /metrics shows", () => {
    const seen = snapshot();
    expect([
      seen.recent("portsyncd_port_flaps_total", "Ethern/xe9t"),
      seen.recent("portsyncd_port_flaps_total", "Ethernet0"),
      seen.recent("portsyncd_port_mtu_bytes", "Ethern/xe9t"),
    ]).toEqual([7, 0, 0]);
  });

  test("MetricSnapshot.details is what stands behind a number, if anything does", () => {
    expect(snapshot().details("portsyncd_health_score")).toEqual(["the disk is full"]);
    expect(snapshot().details("portsyncd_queue_depth")).toEqual([]);
  });
});

describe("METRIC_CATALOGUE", () => {
  test("METRIC_CATALOGUE has every metric", () => {
    expect([...METRIC_CATALOGUE.keys()]).toEqual([...METRIC_NAMES]);
    expect(METRIC_CATALOGUE.get("portsyncd_port_flaps_total")).toEqual({
      kind: "counter",
      isPerPort: true,
      unit: "",
      help: "Times that the port went down after it had been up.",
    });
    expect(METRIC_CATALOGUE.get("portsyncd_memory_bytes")).toMatchObject({
      kind: "gauge",
      isPerPort: false,
      unit: "bytes",
    });
    expect(METRIC_CATALOGUE.get("portsyncd_initial_sync_duration_seconds")!.kind).toBe("histogram");
  });

  test("METRIC_CATALOGUE lets all rules of the daemon be evaluated", () => {
    const rules = builtinRules({ maxLatencyUs: 10_000 });
    expect(rules.flatMap((rule) => validateRule(rule, METRIC_CATALOGUE))).toEqual([]);
    for (const { metric, labels = {} } of rules.flatMap(({ expression }) => leavesOf(expression)))
      for (const [name, value] of Object.entries(labels))
        expect(new Map(Object.entries<readonly string[]>(METRICS[metric].labels)).get(name)).toContain(value);
    expect(rules.flatMap(({ expression }) => leavesOf(expression)).length).toBeGreaterThan(15);
  });
});

import { describe, expect, test } from "bun:test";

import { ALERT_STATES } from "../../src/alert/step.ts";
import { REASON_NAMES } from "../../src/health/weights.ts";
import { METRIC_NAMES, type MetricDefinition, METRICS } from "../../src/metrics/definitions.ts";
import { START_KINDS } from "../../src/store/start.ts";

/** The names that were promised, by type; those of counters end in `_total`, as OpenMetrics wants it. */
const PROMISED = {
  counter: [
    "portsyncd_events_processed_total",
    "portsyncd_events_failed_total",
    "portsyncd_port_flaps_total",
    "portsyncd_warm_restarts_total",
    "portsyncd_cold_starts_total",
    "portsyncd_eoiu_detected_total",
    "portsyncd_eoiu_timeouts_total",
    "portsyncd_state_recoveries_total",
    "portsyncd_corruptions_detected_total",
    "portsyncd_backups_created_total",
    "portsyncd_backups_cleaned_total",
  ],
  gauge: [
    "portsyncd_queue_depth",
    "portsyncd_memory_bytes",
    "portsyncd_health_status",
    "portsyncd_redis_connected",
    "portsyncd_netlink_connected",
    "portsyncd_last_warm_restart_timestamp_seconds",
    "portsyncd_last_eoiu_detection_timestamp_seconds",
    "portsyncd_last_state_recovery_timestamp_seconds",
    "portsyncd_last_corruption_timestamp_seconds",
  ],
  histogram: [
    "portsyncd_event_latency_seconds",
    "portsyncd_redis_latency_seconds",
    "portsyncd_initial_sync_duration_seconds",
  ],
};

const ALL: readonly (readonly [string, MetricDefinition])[] = METRIC_NAMES.map((name) => [name, METRICS[name]]);

describe("METRICS", () => {
  for (const [type, names] of Object.entries(PROMISED))
    test(`METRICS has every ${type} that was promised`, () => {
      const found = new Map(ALL.map(([name, definition]) => [name, definition.type as string]));
      expect(names.map((name) => [name, found.get(name)])).toEqual(names.map((name) => [name, type]));
    });

  test("METRICS are named as Prometheus has it: our prefix or that of every process, and _total for counters only", () => {
    const wrong = ALL.filter(
      ([name, { type }]) =>
        !/^(portsyncd|process)(_[a-z0-9]+)+$/.test(name) ||
        name.endsWith("_total") !== (type === "counter") ||
        /_(bucket|sum|count|info_total)$/.test(name),
    );
    expect(wrong).toEqual([]);
  });

  test("METRICS are in base units, which their names end with", () => {
    const endings = { seconds: /_seconds(_total)?$/, bytes: /_bytes(_total)?$/, points: /_(score|points)$/ };
    for (const [name, { unit }] of ALL)
      expect([name, unit === "" ? !/_(seconds|bytes|points)(_|$)/.test(name) : endings[unit].test(name)]).toEqual([
        name,
        true,
      ]);
    expect(ALL.filter(([name]) => /_(ms|us|ns|milli|micro|kb|mb|minutes|hours|percent|ratio)(_|$)/.test(name))).toEqual(
      [],
    );
  });

  test("METRICS say in one sentence what they are, which needs no escape", () => {
    for (const [name, { help }] of ALL) {
      expect([name, /^[A-Z0-9][^\n\\]{5,200}\.$/.test(help)]).toEqual([name, true]);
    }
    const helps = ALL.map(([, { help }]) => help);
    expect(new Set(helps).size).toBe(helps.length);
  });

  test("METRICS with buckets are the histograms, and their bounds rise", () => {
    for (const [name, { type, buckets }] of ALL) {
      expect([name, buckets.length > 0]).toEqual([name, type === "histogram"]);
      expect(buckets).toEqual([...new Set(buckets)].sort((a, b) => a - b));
      expect(buckets.every((bound) => bound > 0 && Number.isFinite(bound))).toBe(true);
    }
  });

  test("METRICS has bounds where the alert rules and the limits of the configuration are", () => {
    expect(METRICS.portsyncd_event_latency_seconds.buckets).toContain(0.01);
    const { buckets } = METRICS.portsyncd_initial_sync_duration_seconds;
    expect(buckets).toContain(30);
    expect(buckets).toContain(300);
    expect(Math.max(...buckets)).toBeGreaterThan(300);
    expect(METRICS.portsyncd_event_loop_delay_seconds.buckets).toContain(10);
  });

  test("METRICS resolves tens of microseconds in the latencies", () => {
    for (const name of ["portsyncd_event_latency_seconds", "portsyncd_redis_latency_seconds"] as const) {
      const fine = METRICS[name].buckets.filter((bound) => bound <= 0.000_1);
      expect(fine.length).toBeGreaterThanOrEqual(4);
      for (const [i, bound] of fine.entries()) expect(bound - (fine[i - 1] ?? 0)).toBeLessThanOrEqual(0.000_026);
    }
  });

  test("METRICS knows the values of labels that others define", () => {
    expect(METRICS.portsyncd_health_lost_points.labels.reason).toEqual(REASON_NAMES);
    expect(METRICS.portsyncd_starts_total.labels.kind).toEqual(START_KINDS);
    expect([...METRICS.portsyncd_alert_transitions_total.labels.state].sort()).toEqual([...ALERT_STATES].sort());
    expect(["inactive", ...METRICS.portsyncd_alerts.labels.state].sort()).toEqual([...ALERT_STATES].sort());
  });

  test("METRICS go on over restarts where an alert rule looks over them", () => {
    const persisted = ALL.filter(([, definition]) => definition.persisted).map(([name]) => name);
    expect(persisted).toEqual(
      expect.arrayContaining(PROMISED.counter.filter((name) => !name.startsWith("portsyncd_events_"))),
    );
  });
});

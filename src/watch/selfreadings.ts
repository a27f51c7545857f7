import type { RuleStatistics } from "../alert/rulealerts.ts";
import type { AlertState } from "../alert/step.ts";
import { type Health, HEALTH_GAUGE } from "../health/health.ts";
import { REASON_NAMES } from "../health/weights.ts";
import { METRICS } from "../metrics/definitions.ts";
import { type Sample, samplesBy } from "../metrics/reading.ts";
import type { Observations } from "./observations.ts";
import { processUsage } from "./processusage.ts";
import type { DeliveryCounts } from "./receivers.ts";

const { state: SHOWN_STATES } = METRICS.portsyncd_alerts.labels;

/** Reads how the daemon is; there is nothing to read before somebody looked. */
export function healthReadings(health: () => Health | undefined) {
  return {
    portsyncd_health_status: () => {
      const found = health();
      return found && HEALTH_GAUGE[found.status];
    },
    portsyncd_health_score: () => health()?.score,
    portsyncd_health_lost_points: () => {
      const { reasons = [] } = health() ?? {};
      const points = Object.fromEntries(REASON_NAMES.map((name) => [name, 0]));
      for (const { name, points: lost } of reasons) points[name]! += lost;
      return samplesBy("reason", points);
    },
  };
}

/** Reads what the alert rules have come to. */
export function alertReadings(statistics: () => readonly RuleStatistics[]) {
  const each = (values: (rule: RuleStatistics) => Readonly<Partial<Record<AlertState, number>>>) =>
    statistics().flatMap((rule) =>
      Object.entries(values(rule)).map(([state, value]): Sample<"rule" | "severity" | "state"> => ({
        labels: { rule: rule.rule, severity: rule.severity, state },
        value,
      })),
    );
  return {
    portsyncd_alerts: () =>
      each(({ alerts }) => Object.fromEntries(SHOWN_STATES.map((state) => [state, alerts[state]]))),
    portsyncd_alert_transitions_total: () => each(({ transitions }) => transitions),
    portsyncd_alert_firing_seconds_total: () =>
      statistics().map(({ rule, severity, firingSeconds }) => ({ labels: { rule, severity }, value: firingSeconds })),
  };
}

/** Reads what came of telling receivers of alerts. */
export function deliveryReadings(counts: () => DeliveryCounts) {
  return {
    portsyncd_notifications_total: () =>
      Object.entries(counts()).flatMap(([receiver, results]) =>
        Object.entries(results).map(([result, value]) => ({ labels: { receiver, result }, value })),
      ),
  };
}

/** Reads what is known of the configuration and of the process. */
export function processReadings(version: string, observations: Observations) {
  return {
    portsyncd_build_info: () => [{ labels: { version, bun: Bun.version }, value: 1 }],
    portsyncd_config_last_reload_successful: () => Number(observations.isConfigGood),
    portsyncd_config_last_reload_success_timestamp_seconds: () => observations.configWallMs / 1000,
    portsyncd_config_reloads_total: () => samplesBy("result", observations.reloads),
    portsyncd_event_loop_delay_seconds: () => observations.loopDelay.value,
    portsyncd_gc_collections_total: () => observations.garbage.collections,
    portsyncd_memory_bytes: () => processUsage.residentBytes(),
    process_cpu_seconds_total: () => processUsage.cpuSeconds(),
    process_open_fds: () => processUsage.openFiles(),
    process_max_fds: () => processUsage.mostFiles(),
    process_start_time_seconds: () => processUsage.startSeconds(),
  };
}

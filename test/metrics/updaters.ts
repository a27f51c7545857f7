import { METRIC_NAMES, type MetricName } from "../../src/metrics/definitions.ts";

/** Metrics that only a start, a fault of the disk or a new configuration moves. */
const LIFETIME = new Set<MetricName>([
  "portsyncd_port_init_pending_ports",
  "portsyncd_warm_restarts_total",
  "portsyncd_last_warm_restart_timestamp_seconds",
  "portsyncd_eoiu_timeouts_total",
  "portsyncd_store_degraded",
  "portsyncd_store_faults_total",
  "portsyncd_corruptions_detected_total",
  "portsyncd_state_recoveries_total",
  "portsyncd_last_corruption_timestamp_seconds",
  "portsyncd_last_state_recovery_timestamp_seconds",
  "portsyncd_backups_created_total",
  "portsyncd_backups_cleaned_total",
  "portsyncd_config_reloads_total",
  "portsyncd_notifications_total",
]);

/** Metrics that only clients of the servers move; test/metrics/serving.test.ts does. */
const SERVED = new Set<MetricName>(METRIC_NAMES.filter((name) => name.startsWith("portsyncd_http_")));

/** Metrics that only time moves, or more than a test of the daemon can do; test/watch/statereadings.test.ts does. */
const SLOW = new Set<MetricName>([
  "portsyncd_store_dropped_transitions_total",
  "portsyncd_store_lost_transitions_total",
  "portsyncd_backup_due",
]);

/** Which tests have to make each metric another value than 0, so that none is shown that nothing updates. */
export const UPDATED_BY = {
  events: METRIC_NAMES.filter((name) => [LIFETIME, SERVED, SLOW].every((others) => !others.has(name))),
  lifetime: [...LIFETIME],
  serving: [...SERVED],
  store: [...SLOW],
} as const;

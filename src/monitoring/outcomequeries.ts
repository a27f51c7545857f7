import { added, mean, observed, over, percent, perSecond, quantile, series, total } from "./promql.ts";
import type { QueryDefinition } from "./query.ts";

const SYNC = "portsyncd_initial_sync_duration_seconds";

/** How often what went wrong was put right. */
export const RECOVERY_QUERIES = {
  state_recovery_rate: {
    category: "recovery",
    title: "Damaged state files that a backup replaced, last day",
    description:
      "Of the times in the last day that the store's file was damaged or missing, how many a backup took the place of. Absent " +
      "when none was damaged.",
    unit: "percent",
    expression: (view) => {
      const day = over(view, "1d");
      return percent(
        added(day, "portsyncd_state_recoveries_total"),
        added(day, "portsyncd_corruptions_detected_total"),
      );
    },
  },
  eoiu_success_rate: {
    category: "recovery",
    title: "Starts that got all links in time, last day",
    description:
      "Of the starts in the last day, how many got all links of the kernel (EOIU) before the timeout. Absent when there was no start.",
    unit: "percent",
    expression: (view) => {
      const day = over(view, "1d");
      const detected = added(day, "portsyncd_eoiu_detected_total");
      return percent(detected, `(${detected} + ${added(day, "portsyncd_eoiu_timeouts_total")})`);
    },
  },
  netlink_resyncs: {
    category: "recovery",
    title: "Times that messages were lost, last hour",
    description:
      "Times in the last hour that messages of the kernel were lost and all links were read again, by what was wrong.",
    unit: "",
    expression: (view) => added(over(view, "1h"), "portsyncd_netlink_resyncs_total", {}, ["reason"]),
  },
  redis_reconnects: {
    category: "recovery",
    title: "Redis connections that came back, last hour",
    description: "Times in the last hour that a database was there again after it was lost, by database.",
    unit: "",
    expression: (view) => added(over(view, "1h"), "portsyncd_redis_reconnects_total", {}, ["database"]),
  },
  state_repairs: {
    category: "recovery",
    title: "Rows of STATE_DB that audits repaired, last hour",
    description: "Rows in the last hour that somebody else had changed or deleted. It should be 0.",
    unit: "",
    expression: (view) => added(over(view, "1h"), "portsyncd_audit_repairs_total", { direction: "to_state_db" }),
  },
} as const satisfies Readonly<Record<string, QueryDefinition>>;

/** How long initial syncs take. There is one observation a start, so they look back a day. */
export const SYNC_QUERIES = {
  sync_duration_average: {
    category: "sync",
    title: "Initial sync, average, last day",
    description:
      "From the start of the daemon until STATE_DB has all ports, on average over the starts of the last day. Absent when there was none.",
    unit: "seconds",
    expression: (view) => mean(over(view, "1d"), SYNC),
  },
  sync_duration_maximum: {
    category: "sync",
    title: "Initial sync, longest, last day",
    description:
      "The longest initial sync of the last day, rounded up to the bound of its bucket. NaN when there was none.",
    unit: "seconds",
    expression: (view) => quantile(over(view, "1d"), 1, SYNC),
  },
  sync_duration_p50: {
    category: "sync",
    title: "Initial sync, median, last day",
    description: "Half of the initial syncs of the last day took no longer. NaN when there was none.",
    unit: "seconds",
    expression: (view) => quantile(over(view, "1d"), 0.5, SYNC),
  },
  sync_duration_p95: {
    category: "sync",
    title: "Initial sync, 95th percentile, last day",
    description: "Nineteen of twenty initial syncs of the last day took no longer. NaN when there was none.",
    unit: "seconds",
    expression: (view) => quantile(over(view, "1d"), 0.95, SYNC),
  },
  sync_duration_p99: {
    category: "sync",
    title: "Initial sync, 99th percentile, last day",
    description: "All but a hundredth of the initial syncs of the last day took no longer. NaN when there was none.",
    unit: "seconds",
    expression: (view) => quantile(over(view, "1d"), 0.99, SYNC),
  },
  syncs: {
    category: "sync",
    title: "Initial syncs, last day",
    description: "How many starts of the last day came to the end of their initial sync.",
    unit: "",
    expression: (view) => observed(over(view, "1d"), SYNC),
  },
} as const satisfies Readonly<Record<string, QueryDefinition>>;

/** What does not succeed. */
export const ERROR_QUERIES = {
  event_failure_rate: {
    category: "errors",
    title: "Link messages that failed",
    description: "Of the link messages of the kernel, how many could not be taken in. Absent while there are none.",
    unit: "percent",
    expression: (view) => {
      const failed = perSecond(view, "portsyncd_events_failed_total");
      return percent(failed, `(${failed} + ${perSecond(view, "portsyncd_events_processed_total")})`);
    },
    record: "instance:portsyncd_events_failed:percent5m",
  },
  publish_failure_rate: {
    category: "errors",
    title: "Writes to STATE_DB that failed",
    description:
      "Of the rows on their way to STATE_DB, how many it refused or were lost with the connection; each is tried again. Absent " +
      "while none is written.",
    unit: "percent",
    expression: (view) =>
      percent(
        perSecond(view, "portsyncd_publishes_total", { result: ["refused", "lost"] }),
        perSecond(view, "portsyncd_publishes_total", { result: ["set", "deleted", "refused", "lost"] }),
      ),
    record: "instance:portsyncd_publishes_failed:percent5m",
  },
  decode_errors: {
    category: "errors",
    title: "Netlink messages that were not understood, last hour",
    description: "Messages of the last hour that could not be decoded, by what was wrong. It should be 0.",
    unit: "",
    expression: (view) => added(over(view, "1h"), "portsyncd_netlink_decode_errors_total", {}, ["reason"]),
  },
  netlink_overruns: {
    category: "errors",
    title: "Netlink overruns, last hour",
    description: "Times in the last hour that more links changed at once than the receive buffer holds.",
    unit: "",
    expression: (view) => added(over(view, "1h"), "portsyncd_netlink_overruns_total"),
  },
  audit_failure_rate: {
    category: "errors",
    title: "Audits that failed, last hour",
    description:
      "Of the comparisons of kernel, APPL_DB and STATE_DB in the last hour, how many could not be finished. Absent when there was none.",
    unit: "percent",
    expression: (view) => {
      const hour = over(view, "1h");
      return percent(
        added(hour, "portsyncd_audits_total", { result: "failed" }),
        added(hour, "portsyncd_audits_total"),
      );
    },
  },
  config_reload_failures: {
    category: "errors",
    title: "Configurations that were refused, last day",
    description: "Times in the last day that the configuration was read again and was wrong; the old one goes on.",
    unit: "",
    expression: (view) => added(over(view, "1d"), "portsyncd_config_reloads_total", { result: "failure" }),
  },
} as const satisfies Readonly<Record<string, QueryDefinition>>;

/** So many seconds of the last day that a gauge of 0 and 1 was 0: a look each 15 s, which a Prometheus of a thousand switches can bear. */
function secondsDown(gauge: string): string {
  return `15 * sum_over_time((1 - ${gauge})[1d:15s])`;
}

/** Whether what is to run does. */
export const RELIABILITY_QUERIES = {
  availability: {
    category: "reliability",
    title: "Availability, last day",
    description:
      "The part of the last day, of what Prometheus saw of it, in which both the kernel and Redis were connected: in which STATE_DB could follow the kernel.",
    unit: "percent",
    expression: (view) =>
      `100 * avg_over_time((${series(view, "portsyncd_redis_connected")} * ${series(view, "portsyncd_netlink_connected")})[1d:15s])`,
  },
  redis_mttr: {
    category: "reliability",
    title: "Mean time to repair of Redis, last day",
    description:
      "How long Redis was away on average when it was lost in the last day, to 15 s. Absent when it was not lost.",
    unit: "seconds",
    expression: (view) => {
      const connected = series(view, "portsyncd_redis_connected");
      return `${secondsDown(connected)} / (resets(${connected}[1d]) > 0)`;
    },
  },
  redis_downtime: {
    category: "reliability",
    title: "Time without Redis, last day",
    description: "For how long of the last day Redis was not connected, to 15 s.",
    unit: "seconds",
    expression: (view) => secondsDown(series(view, "portsyncd_redis_connected")),
  },
  backups: {
    category: "reliability",
    title: "Backups of the state, last day",
    description: "Backups that were made in the last day.",
    unit: "",
    expression: (view) => added(over(view, "1d"), "portsyncd_backups_created_total"),
  },
  backup_success_rate: {
    category: "reliability",
    title: "Backups that were not overdue, last day",
    description: "The part of the last day in which no backup was due without having been made.",
    unit: "percent",
    expression: (view) => `100 * (1 - avg_over_time(${series(view, "portsyncd_backup_due")}[1d]))`,
  },
  since_warm_restart: {
    category: "reliability",
    title: "Time since the last warm restart",
    description: "How long ago the last warm start was. Absent when there was never one.",
    unit: "seconds",
    expression: (view) => `time() - (${series(view, "portsyncd_last_warm_restart_timestamp_seconds")} > 0)`,
  },
  starts: {
    category: "reliability",
    title: "Starts, last day",
    description: "Starts of the daemon in the last day, by their kind; a cold one takes the ports down.",
    unit: "",
    expression: (view) => added(over(view, "1d"), "portsyncd_starts_total", {}, ["kind"]),
  },
  uptime: {
    category: "reliability",
    title: "Uptime",
    description: "How long ago the daemon was started.",
    unit: "seconds",
    expression: (view) => `time() - ${series(view, "process_start_time_seconds")}`,
  },
  ports_in_sync: {
    category: "reliability",
    title: "Ports in sync",
    description:
      "Of the ports that are to be in STATE_DB, how many have a row there that says what the kernel says. Absent without ports.",
    unit: "percent",
    expression: (view) => percent(total(view, "portsyncd_ports_in_sync"), total(view, "portsyncd_ports")),
  },
} as const satisfies Readonly<Record<string, QueryDefinition>>;

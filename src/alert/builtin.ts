import { type DaemonMetric, daemonRules } from "./daemonrules.ts";
import { type Expression, increase } from "./expression.ts";
import { OF_DAEMON, type Rule } from "./rule.ts";

/** The metrics that the rules of this file read; the catalogue of the daemon has to have them. */
type StateMetric =
  | "portsyncd_eoiu_detected_total"
  | "portsyncd_eoiu_timeouts_total"
  | "portsyncd_starts_total"
  | "portsyncd_cold_starts_total"
  | "portsyncd_warm_restarts_total"
  | "portsyncd_initial_sync_duration_seconds"
  | "portsyncd_corruptions_detected_total"
  | "portsyncd_state_recoveries_total"
  | "portsyncd_backups_created_total"
  | "portsyncd_backup_due"
  | "portsyncd_health_score";

/** The metrics that the rules of the daemon read. */
export type BuiltinMetric = StateMetric | DaemonMetric;

const SYNC = "portsyncd_initial_sync_duration_seconds";

function sum(...of: Expression<StateMetric>[]): Expression<StateMetric> {
  return { kind: "sum", of };
}

function percent(of: Expression<StateMetric>, to: Expression<StateMetric>): Expression<StateMetric> {
  return { kind: "ratio", of, to, percent: true };
}

const STARTS = sum(increase("portsyncd_cold_starts_total", 900), increase("portsyncd_warm_restarts_total", 900));

const SYNC_RULES: readonly Rule<StateMetric>[] = [
  {
    ...OF_DAEMON,
    id: "eoiu_timeout_high",
    severity: "warning",
    expression: percent(
      increase("portsyncd_eoiu_timeouts_total", 300),
      sum(increase("portsyncd_eoiu_detected_total", 300), increase("portsyncd_eoiu_timeouts_total", 300)),
    ),
    condition: { kind: "above", threshold: 50 },
    forSeconds: 60,
    unit: "percent",
    summary: "{value} of the initial syncs timed out",
    description:
      "In the last {window} the kernel did not list all its links in time in {value} of the starts (allowed: {threshold}). " +
      "Those starts went on without the rest, so ports may have come late to STATE_DB.",
    action:
      'Look in the log for "the kernel did not tell all links" and in dmesg for a driver that hangs. If the switch just ' +
      "has many links, raise PORTSYNCD_EOIU_TIMEOUT_SECS.",
  },
  {
    ...OF_DAEMON,
    id: "cold_start_anomaly",
    severity: "warning",
    expression: {
      kind: "where",
      of: percent(increase("portsyncd_cold_starts_total", 900), STARTS),
      test: STARTS,
      is: { kind: "above", threshold: 3 },
    },
    condition: { kind: "above", threshold: 50 },
    forSeconds: 180,
    unit: "percent",
    summary: "{value} of the starts were cold",
    description:
      "portsyncd started at least 4 times in the last {window}, and {value} of those starts were cold (allowed: " +
      "{threshold}). A cold start takes the ports down: traffic is lost each time.",
    action:
      "Find out who restarts it: systemctl status portsyncd, or docker logs swss. Until then stop it rather than let it " +
      'loop. For a warm start, see WARM_RESTART_ENABLE_TABLE in STATE_DB; restart = "adopt" never takes ports down.',
  },
  {
    ...OF_DAEMON,
    id: "sync_duration_slow",
    severity: "info",
    expression: { kind: "mean", metric: SYNC, windowSeconds: 600 },
    condition: { kind: "above", threshold: 30 },
    forSeconds: 300,
    unit: "seconds",
    summary: "the initial sync took {value} on average",
    description:
      "The initial syncs of the last {window} took {value} on average (expected: at most {threshold}). Until its end " +
      "STATE_DB does not have all ports, and those who wait for them wait, too.",
    action:
      "Nothing is broken. See whether CPU, Redis (redis-cli --latency) or the netdev driver was busy at that time.",
  },
  {
    ...OF_DAEMON,
    id: "sync_duration_critical",
    severity: "critical",
    expression: { kind: "quantile", metric: SYNC, q: 1, windowSeconds: 600 },
    condition: { kind: "above", threshold: 300 },
    forSeconds: 60,
    unit: "seconds",
    summary: "an initial sync took up to {value}",
    description:
      "The longest initial sync of the last {window} took up to {value} (allowed: {threshold}). STATE_DB had no " +
      "complete list of ports for so long.",
    action:
      "See whether Redis answers (redis-cli --latency) and the kernel lists its links (time ip link). The log says how " +
      "many links were read and what was waited for.",
  },
  {
    ...OF_DAEMON,
    id: "restart_rate_high",
    severity: "critical",
    expression: { kind: "counter", metric: "portsyncd_starts_total" },
    condition: { kind: "rateOfChange", perSecond: 0.5, windowSeconds: 300 },
    forSeconds: 60,
    unit: "",
    summary: "portsyncd starts again and again, at a rate of {value}",
    description:
      "Over the last {window} portsyncd started at a rate of {value} (allowed: {threshold}): it does not stay up.",
    action:
      "The last lines of the log before each start say why it ended: journalctl -u portsyncd, or docker logs swss. " +
      "Stop it if the starts take the ports down.",
  },
];

const STATE_RULES: readonly Rule<StateMetric>[] = [
  {
    ...OF_DAEMON,
    id: "corruption_unrecovered",
    severity: "critical",
    expression: {
      kind: "difference",
      of: increase("portsyncd_corruptions_detected_total", 600),
      less: increase("portsyncd_state_recoveries_total", 600),
    },
    condition: { kind: "above", threshold: 0 },
    forSeconds: 120,
    unit: "",
    summary: "damaged state files that no backup could replace: {value}",
    description:
      "In the last {window} more files were found damaged than a backup could replace, by {value} (allowed: {threshold}). " +
      "The history and the counters began anew. STATE_DB is not affected.",
    action:
      'The log ("the history could not be used") names the file that was set aside. Check the disk: dmesg, smartctl, df. ' +
      "An older backup beside it can be put back by hand while portsyncd is stopped.",
  },
  {
    ...OF_DAEMON,
    id: "recovery_rate_low",
    severity: "warning",
    expression: {
      kind: "ratio",
      of: increase("portsyncd_state_recoveries_total", 600),
      to: increase("portsyncd_corruptions_detected_total", 600),
      percent: true,
      whenZero: 100,
    },
    condition: { kind: "below", threshold: 75 },
    forSeconds: 120,
    unit: "percent",
    summary: "only {value} of the damaged state files were recovered",
    description:
      "Of the damaged state files of the last {window}, {value} could be replaced by a backup (expected: at least " +
      "{threshold}). The backups are missing or damaged, too.",
    action:
      "Look at the backups beside portsyncd.db (portsyncd history --since 1h opens it), at the disk, and at [store] backups.",
  },
  {
    ...OF_DAEMON,
    id: "backup_creation_low",
    severity: "info",
    expression: {
      kind: "where",
      of: increase("portsyncd_backups_created_total", 1800),
      test: { kind: "gauge", metric: "portsyncd_backup_due" },
      is: { kind: "above", threshold: 0 },
    },
    condition: { kind: "below", threshold: 1 },
    forSeconds: 300,
    unit: "",
    summary: "no backup of the state was made",
    description:
      "A backup of the state is due, but in the last {window} {value} were made (expected: at least {threshold}). If the " +
      "file is damaged now, what was recorded since the last one is lost.",
    action:
      "See the reason in the log or in the health report: a full or read-only disk, or a directory that is not writable.",
  },
];

const SCORE_RULES: readonly Rule<StateMetric>[] = [
  {
    ...OF_DAEMON,
    id: "health_score_low",
    severity: "warning",
    expression: { kind: "gauge", metric: "portsyncd_health_score" },
    condition: { kind: "below", threshold: 50 },
    forSeconds: 60,
    unit: "points",
    summary: "portsyncd is unhealthy: {value} of 100",
    description: "The health score is {value} of 100. It has been below {threshold} for {for} or longer.",
    action: "`portsyncd status` names the reasons: begin with the one that costs most points.",
    details: { title: "Reasons", metric: "portsyncd_health_score" },
  },
  {
    ...OF_DAEMON,
    id: "health_score_good",
    severity: "info",
    expression: { kind: "gauge", metric: "portsyncd_health_score" },
    condition: { kind: "above", threshold: 85 },
    forSeconds: 300,
    enabled: false,
    unit: "points",
    summary: "portsyncd is well: {value} of 100",
    description:
      "The health score is {value} of 100. It has been above {threshold} for {for} or longer. Of use to those who want to be " +
      "told that all is well.",
    action: "Nothing is to be done.",
  },
];

/** What the rules of the daemon need to know of its configuration. */
export interface BuiltinLimits {
  /** performance.max_latency_us. */
  readonly maxLatencyUs: number;
}

/** The rules that the daemon comes with: the ten that were promised, then those about the daemon and its ports. */
export function builtinRules({ maxLatencyUs }: BuiltinLimits): readonly Rule<BuiltinMetric>[] {
  return [...SYNC_RULES, ...STATE_RULES, ...SCORE_RULES, ...daemonRules(maxLatencyUs)];
}

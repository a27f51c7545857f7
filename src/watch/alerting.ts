import { AlertEngine } from "../alert/engine.ts";
import type { Rule, Severity } from "../alert/rule.ts";
import type { AlertView, Change, RuleStatistics } from "../alert/rulealerts.ts";
import type { Silence } from "../alert/silence.ts";
import type { Snapshot } from "../alert/snapshot.ts";
import type { LogLevel } from "../log/level.ts";
import { getLog } from "../log/logger.ts";
import type { MetricName } from "../metrics/definitions.ts";
import type { Clock } from "../util/clock.ts";
import type { Moment } from "../util/moment.ts";
import { AlertKeeping, type KeepsakeStore } from "./alertkeeping.ts";
import type { AlertSettings } from "./alertsettings.ts";
import { type DeliveryCounts, Receivers } from "./receivers.ts";

const log = getLog("alert");

const FIRING_LEVEL: Readonly<Record<Severity, LogLevel>> = { critical: "error", warning: "warn", info: "notice" };

/** What is pending is nothing yet: each start has some of it, before Redis and the kernel have answered. */
function levelOf({ to, severity }: Change): LogLevel {
  if (to === "firing") return FIRING_LEVEL[severity];
  if (to === "resolved") return "notice";
  return to === "suppressed" ? "info" : "debug";
}

function tellLog(change: Change): void {
  const { rule, to, port, value, annotations } = change;
  const said = { rule, state: to, value, summary: annotations.summary };
  const level = levelOf(change);
  // The summary is of the time when it was so.
  if (to === "resolved" && port === undefined) log[level]("{rule} is resolved; it was: {summary}", said);
  else if (to === "resolved") log[level]("{rule} of {port} is resolved; it was: {summary}", { ...said, port });
  else if (port === undefined) log[level]("{rule} is {state}: {summary}", said);
  else log[level]("{rule} of {port} is {state}: {summary}", { ...said, port });
}

/** The alert rules over the daemon's own metrics: what begins or ends is told to the log and to the receivers. */
export class Alerting implements Disposable {
  readonly #engine: AlertEngine<MetricName>;
  readonly #keeping: AlertKeeping;
  readonly #receivers: Receivers;
  #rules: readonly Rule<MetricName>[];

  /** `store` has the alerts of the process before, once it is open. */
  constructor({ rules, labels, receivers }: AlertSettings, store: KeepsakeStore, clock: Clock, now: Moment) {
    this.#rules = rules;
    this.#engine = new AlertEngine({ rules, silences: [], labels, samples: [], alerts: undefined }, now);
    this.#keeping = new AlertKeeping(this.#engine, store);
    this.#receivers = new Receivers(receivers, clock);
  }

  /** Takes over the rules and the receivers of a configuration, not its labels. */
  apply({ rules, receivers }: AlertSettings): void {
    this.#rules = rules;
    this.#engine.setRules(rules);
    this.#receivers.apply(receivers);
  }

  /** The rules as they are now. */
  get rules(): readonly Rule<MetricName>[] {
    return this.#rules;
  }

  /** The alerts that are not inactive. */
  get alerts(): readonly AlertView[] {
    return this.#engine.alerts;
  }

  /** Takes these silences in place of the former, from the next look on. */
  setSilences(silences: readonly Silence[]): void {
    this.#engine.setSilences(silences);
  }

  /** What was counted of each rule. */
  get statistics(): readonly RuleStatistics[] {
    return this.#engine.statistics;
  }

  /** What came of telling the receivers. */
  get deliveries(): DeliveryCounts {
    return this.#receivers.counts;
  }

  /** Looks at the metrics. */
  tick(now: Moment, snapshot: Snapshot<MetricName>): void {
    this.#keeping.restore(now);
    const outcome = this.#engine.tick(now, snapshot);
    this.#keeping.keep(now, snapshot, outcome);
    for (const change of outcome.changes) {
      tellLog(change);
      if (change.to === "suppressed") this.#receivers.withdraw(change.fingerprint);
    }
    this.#receivers.tell(outcome.notifications);
  }

  [Symbol.dispose](): void {
    this.#receivers[Symbol.dispose]();
  }

  /** Keeps the alerts as they are, for the next process. */
  keep(now: Moment): void {
    this.#keeping.keepAlerts(now);
  }
}

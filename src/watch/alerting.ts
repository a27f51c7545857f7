import { builtinRules } from "../alert/builtin.ts";
import { AlertEngine } from "../alert/engine.ts";
import type { Rule, Severity } from "../alert/rule.ts";
import type { Change, RuleStatistics } from "../alert/rulealerts.ts";
import type { Silence } from "../alert/silence.ts";
import type { Snapshot } from "../alert/snapshot.ts";
import type { LogLevel } from "../log/level.ts";
import { getLog } from "../log/logger.ts";
import type { MetricName } from "../metrics/definitions.ts";
import type { Moment } from "../util/moment.ts";
import { AlertKeeping, type KeepsakeStore } from "./alertkeeping.ts";

const log = getLog("alert");

const FIRING_LEVEL: Readonly<Record<Severity, LogLevel>> = { critical: "error", warning: "warn", info: "notice" };

function levelOf({ to, severity }: Change): LogLevel {
  if (to === "firing") return FIRING_LEVEL[severity];
  return to === "resolved" ? "notice" : "info";
}

/** The rules of the daemon over its own metrics, and a line in the log for each alert that begins or ends. */
export class Alerting {
  readonly #engine: AlertEngine<MetricName>;
  readonly #keeping: AlertKeeping;
  #rules: readonly Rule<MetricName>[];

  /** `maxLatencyUs` is performance.max_latency_us; `store` has the alerts of the process before, once it is open. */
  constructor(maxLatencyUs: number, store: KeepsakeStore, now: Moment) {
    const rules = (this.#rules = builtinRules({ maxLatencyUs }));
    this.#engine = new AlertEngine({ rules, silences: [], labels: {}, samples: [], alerts: undefined }, now);
    this.#keeping = new AlertKeeping(this.#engine, store);
  }

  /** The rules as they are now. */
  get rules(): readonly Rule<MetricName>[] {
    return this.#rules;
  }

  /** Takes these silences in place of the former, from the next look on. */
  setSilences(silences: readonly Silence[]): void {
    this.#engine.setSilences(silences);
  }

  /** Takes over the limit of the configuration. */
  setMaxLatency(maxLatencyUs: number): void {
    this.#rules = builtinRules({ maxLatencyUs });
    this.#engine.setRules(this.#rules);
  }

  /** What was counted of each rule. */
  get statistics(): readonly RuleStatistics[] {
    return this.#engine.statistics;
  }

  /** Looks at the metrics. */
  tick(now: Moment, snapshot: Snapshot<MetricName>): void {
    this.#keeping.restore(now);
    const outcome = this.#engine.tick(now, snapshot);
    this.#keeping.keep(now, snapshot, outcome);
    for (const change of outcome.changes) {
      const { rule, to, annotations } = change;
      log[levelOf(change)]("{rule} is {state}: {summary}", { rule, state: to, summary: annotations.summary });
    }
  }

  /** Keeps the alerts as they are, for the next process. */
  keep(now: Moment): void {
    this.#keeping.keepAlerts(now);
  }
}

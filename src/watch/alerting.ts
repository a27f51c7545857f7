import { builtinRules } from "../alert/builtin.ts";
import { AlertEngine } from "../alert/engine.ts";
import type { Severity } from "../alert/rule.ts";
import type { AlertView, Change, RuleStatistics } from "../alert/rulealerts.ts";
import type { Silence } from "../alert/silence.ts";
import type { Snapshot } from "../alert/snapshot.ts";
import type { LogLevel } from "../log/level.ts";
import { getLog } from "../log/logger.ts";
import type { MetricName } from "../metrics/definitions.ts";
import type { Moment } from "../util/moment.ts";

const log = getLog("alert");

const FIRING_LEVEL: Readonly<Record<Severity, LogLevel>> = { critical: "error", warning: "warn", info: "notice" };

function levelOf({ to, severity }: Change): LogLevel {
  if (to === "firing") return FIRING_LEVEL[severity];
  return to === "resolved" ? "notice" : "info";
}

/** The rules of the daemon over its own metrics, and a line in the log for each alert that begins or ends. */
export class Alerting {
  readonly #engine: AlertEngine<MetricName>;

  /** `maxLatencyUs` is performance.max_latency_us. */
  constructor(maxLatencyUs: number, now: Moment) {
    const rules = builtinRules({ maxLatencyUs });
    this.#engine = new AlertEngine({ rules, silences: [], labels: {}, samples: [], alerts: undefined }, now);
  }

  /** Takes over the limit of the configuration. */
  setMaxLatency(maxLatencyUs: number): void {
    this.#engine.setRules(builtinRules({ maxLatencyUs }));
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

  /** Looks at the metrics. */
  tick(now: Moment, snapshot: Snapshot<MetricName>): void {
    for (const change of this.#engine.tick(now, snapshot).changes) {
      const { rule, to, annotations } = change;
      log[levelOf(change)]("{rule} is {state}: {summary}", { rule, state: to, summary: annotations.summary });
    }
  }
}

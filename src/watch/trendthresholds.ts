import type { Rule } from "../alert/rule.ts";
import type { Threshold } from "../trend/degradation.ts";
import type { SubjectName } from "../trend/subject.ts";

/** What the series are held against; one without a threshold has none. */
export type TrendThresholds = { readonly [Name in SubjectName]?: Threshold };

/** The rules that alert when a series has become too bad. An event includes its Redis commands, so both have one limit. */
const RULES = {
  event_latency_p99: "event_latency_high",
  redis_latency_p99: "event_latency_high",
  health_score: "health_score_low",
  restarts: "restart_rate_high",
} as const satisfies { readonly [Name in SubjectName]?: string };

/** The thresholds that the alert rules have: when a trend will cross one, an alert is to be expected. */
export function trendThresholds(rules: readonly Rule[]): TrendThresholds {
  const thresholds = Object.entries(RULES).map(([name, id]) => [
    name,
    thresholdOf(rules.find((rule) => rule.id === id)),
  ]);
  return Object.fromEntries(thresholds) as TrendThresholds;
}

function thresholdOf(rule: Rule | undefined): Threshold | undefined {
  if (!rule?.enabled) return undefined;
  const { condition } = rule;
  if (condition.kind === "above" || condition.kind === "below")
    return { value: condition.threshold, worse: condition.kind };
  return condition.kind === "rateOfChange" ? { value: condition.perSecond, worse: "above" } : undefined;
}

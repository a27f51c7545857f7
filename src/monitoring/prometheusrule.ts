import { fillPlaceholders, formatThreshold, type Placeholder } from "../alert/annotation.ts";
import { formatDuration } from "../alert/quantity.ts";
import { type Rule, ruleWindow } from "../alert/rule.ts";
import type { LabelOf, MetricName, MetricOf } from "../metrics/definitions.ts";
import { quoteText } from "./promql.ts";
import { formatPromqlDuration, ruleQuery } from "./promqlexpression.ts";

/** An alerting rule as Prometheus reads it. */
export interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A recording rule as Prometheus reads it. */
export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

/** Rules that Prometheus evaluates together. */
export interface RuleGroup {
  readonly name: string;
  /** How often; without it as often as Prometheus does by default. */
  readonly interval?: string;
  readonly rules: readonly (AlertingRule | RecordingRule)[];
}

/** Series that say in their label what stands behind another metric, and how to pick those that do. */
interface Telling<Name extends MetricOf<"gauge"> = MetricOf<"gauge">> {
  readonly metric: Name;
  readonly label: LabelOf<Name>;
  readonly is: string;
}

function telling<const Name extends MetricOf<"gauge">>(metric: Name, label: LabelOf<Name>, is: string): Telling {
  return { metric, label, is } as unknown as Telling;
}

const DETAILS: { readonly [Name in MetricName]?: Telling } = {
  portsyncd_health_score: telling("portsyncd_health_lost_points", "reason", "> 0"),
  portsyncd_redis_connected: telling("portsyncd_redis_database_connected", "database", "== 0"),
};

/** The value of an alert, in a template of Prometheus, with its unit. */
function templateValue({ unit, condition }: Rule): string {
  const texts: Readonly<Record<Rule["unit"], string>> = {
    "": '{{ $value | printf "%.6g" }}',
    percent: '{{ $value | printf "%.3g" }} %',
    seconds: "{{ $value | humanizeDuration }}",
    bytes: "{{ $value | humanize1024 }}B",
    points: '{{ $value | printf "%.3g" }} points',
  };
  return condition.kind === "rateOfChange" ? `${texts[unit]}/s` : texts[unit];
}

/** Text that a template of Prometheus prints as it is. */
function escapeTemplate(text: string): string {
  return text.replaceAll("{{", '{{ "{{" }}');
}

function fill(rule: Rule, text: string): string {
  const replace = (name: Placeholder): string => {
    if (name === "value") return templateValue(rule);
    if (name === "threshold") return formatThreshold(rule.condition, rule.unit);
    if (name === "window") return formatDuration(ruleWindow(rule) ?? 0);
    return name === "for" ? formatDuration(rule.forSeconds) : "{{ $labels.port }}";
  };
  return fillPlaceholders(escapeTemplate(text), replace);
}

/** What the daemon adds to a description is asked of Prometheus, as far as that knows it. */
function templateDetails({ details }: Rule<MetricName>): string {
  const telling = details && DETAILS[details.metric];
  if (!details || !telling) return "";
  const { metric, label, is } = telling;
  const query = `printf ${quoteText(`${metric}{instance=%q} ${is}`)} $labels.instance | query`;
  return ` ${details.title}:{{ range ${query} }} {{ .Labels.${label} }}{{ end }}.`;
}

/** A rule of the daemon as an alerting rule. Throws RangeError for one that cannot be evaluated. */
export function alertingRule(rule: Rule<MetricName>): AlertingRule {
  const { id, severity, forSeconds, keepFiringSeconds } = rule;
  return {
    alert: id,
    expr: ruleQuery(rule),
    ...(forSeconds > 0 && { for: formatPromqlDuration(forSeconds) }),
    ...(keepFiringSeconds > 0 && { keep_firing_for: formatPromqlDuration(keepFiringSeconds) }),
    labels: { severity },
    annotations: {
      summary: `{{ $labels.instance }}: ${fill(rule, rule.summary)}`,
      description: fill(rule, rule.description) + templateDetails(rule),
      action: fill(rule, rule.action),
    },
  };
}

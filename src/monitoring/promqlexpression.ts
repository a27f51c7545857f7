import { type Condition, EQUALS_WITHIN } from "../alert/condition.ts";
import type { Expression, Leaf } from "../alert/expression.ts";
import type { Rule } from "../alert/rule.ts";
import { type MetricDefinition, type MetricName, METRICS } from "../metrics/definitions.ts";
import { addedOf, FLEET, select, sumBut } from "./promql.ts";

type Scope = Rule["scope"];

/** A number as PromQL has it; of what was worked out no more digits than it has. */
function number(value: number): string {
  return String(Number(value.toPrecision(15)));
}

/** A time as PromQL has it: `90s`, `5m`, `1h`. Prometheus takes whole milliseconds, and no time of 0. */
export function formatPromqlDuration(seconds: number): string {
  const ms = Math.max(1, Math.round(seconds * 1000));
  if (ms % 1000 !== 0) return `${ms}ms`;
  if (ms % 60_000 !== 0) return `${ms / 1000}s`;
  return ms % 3_600_000 === 0 ? `${ms / 3_600_000}h` : `${ms / 60_000}m`;
}

/** Every series of the metric is summed up, as the daemon does it, but that of one port where the rule is about ports. */
function summed(metric: MetricName, scope: Scope, of: string): string {
  return sumBut(metric, scope === "port" ? ["port"] : [], of);
}

function leaf(part: Leaf<MetricName>, scope: Scope): string {
  const { metric, labels = {} } = part;
  const selector = (end = "") => select(FLEET, metric + end, labels);
  switch (part.kind) {
    case "gauge":
    case "counter":
      return summed(metric, scope, selector());
    case "increase":
      return summed(metric, scope, addedOf(metric, selector(), formatPromqlDuration(part.windowSeconds)));
    case "maxOverTime":
      return `max_over_time(${windowed(summed(metric, scope, selector()), part.windowSeconds)})`;
    case "count":
      return addedOf(metric, selector("_count"), formatPromqlDuration(part.windowSeconds));
    case "mean": {
      const window = formatPromqlDuration(part.windowSeconds);
      return `rate(${selector("_sum")}[${window}]) / (rate(${selector("_count")}[${window}]) > 0)`;
    }
    case "quantile":
      return `histogram_quantile(${part.q}, ${addedOf(metric, selector("_bucket"), formatPromqlDuration(part.windowSeconds))})`;
  }
}

/** A range of a selector, or of what is worked out at each evaluation. */
function windowed(of: string, windowSeconds: number): string {
  const window = formatPromqlDuration(windowSeconds);
  return of.startsWith("sum ") ? `(${of})[${window}:]` : `${of}[${window}]`;
}

const HEAD = /^(?:sum without \([\w, ]*\) |[\w:]+)(?=[({]|$)/;

/** Whether a text is one selector, one call or one sum: nothing of it can be torn apart by an operator beside it. */
function isWhole(text: string): boolean {
  const rest = text.replace(HEAD, "").replaceAll(/"(?:[^"\\]|\\.)*"/g, "");
  if (rest === "") return HEAD.test(text);
  let depth = 0;
  for (const [i, character] of [...rest].entries()) {
    if ("({".includes(character)) depth++;
    if (")}".includes(character)) depth--;
    if (depth === 0) return i === rest.length - 1 && HEAD.test(text);
  }
  return false;
}

function inside(text: string): string {
  return isWhole(text) ? text : `(${text})`;
}

/** The expression of a rule in PromQL, of all daemons at once: each has its own labels, such as `instance`. */
export function toPromql(expression: Expression<MetricName>, scope: Scope): string {
  const part = (of: Expression<MetricName>): string => inside(toPromql(of, scope));
  switch (expression.kind) {
    case "sum":
      return expression.of.map(part).join(" + ");
    case "difference":
      return `${part(expression.of)} - ${part(expression.less)}`;
    case "ratio": {
      const { whenZero, percent } = expression;
      const [of, to] = [part(expression.of), part(expression.to)];
      const ratio = `${percent ? "100 * " : ""}${of} / (${to} != 0)`;
      return whenZero === undefined ? ratio : `${ratio} or ((${to} == 0) + ${number(whenZero)})`;
    }
    case "where":
      return `${part(expression.of)} and ${inside(compare(part(expression.test), expression.is))}`;
    default:
      return leaf(expression, scope);
  }
}

/** What keeps a value that meets the condition, and drops one that does not. */
function compare(value: string, condition: Exclude<Condition, { kind: "rateOfChange" }>): string {
  switch (condition.kind) {
    case "above":
      return `${value} > ${number(condition.threshold)}`;
    case "below":
      return `${value} < ${number(condition.threshold)}`;
    case "between":
      return `${value} >= ${number(condition.low)} <= ${number(condition.high)}`;
    case "equals": {
      const { threshold } = condition;
      return `${value} >= ${number(threshold - EQUALS_WITHIN)} <= ${number(threshold + EQUALS_WITHIN)}`;
    }
  }
}

/** How fast an expression changes in a second. Throws RangeError for what has no rate of change. */
function toPromqlRate(expression: Expression<MetricName>, windowSeconds: number, scope: Scope): string {
  const part = (of: Expression<MetricName>): string => inside(toPromqlRate(of, windowSeconds, scope));
  if (expression.kind === "sum") return expression.of.map(part).join(" + ");
  if (expression.kind === "difference") return `${part(expression.of)} - ${part(expression.less)}`;
  if (expression.kind !== "gauge" && expression.kind !== "counter")
    throw new RangeError(`${expression.kind} has no rate of change`);
  const { metric, labels = {} } = expression;
  const { type }: MetricDefinition = METRICS[metric];
  const range = `${select(FLEET, metric, labels)}[${formatPromqlDuration(windowSeconds)}]`;
  if (type === "counter") return summed(metric, scope, `rate(${range})`);
  return summed(metric, scope, `delta(${range}) / ${number(windowSeconds)}`);
}

/** What the condition of a rule looks at. Throws RangeError for a rule that cannot be evaluated. */
export function ruleValue({ expression, condition, scope }: Rule<MetricName>): string {
  if (condition.kind !== "rateOfChange") return toPromql(expression, scope);
  return toPromqlRate(expression, condition.windowSeconds, scope);
}

/** The series for which a rule is met, with their values. Throws RangeError as ruleValue. */
export function ruleQuery(rule: Rule<MetricName>): string {
  const { condition } = rule;
  const value = inside(ruleValue(rule));
  if (condition.kind === "rateOfChange") return `${value} > ${number(condition.perSecond)}`;
  return compare(value, condition);
}

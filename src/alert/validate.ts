import { quoteString } from "../log/escape.ts";
import { closest } from "../util/closest.ts";
import { unknownPlaceholders } from "./annotation.ts";
import type { Catalogue, MetricInfo } from "./catalogue.ts";
import type { Comparison } from "./condition.ts";
import { type Expression, type Leaf, leavesOf } from "./expression.ts";
import { type Rule, ruleWindow } from "./rule.ts";

/** Something wrong with a rule. */
export interface RuleIssue {
  /** The key of the configuration file that says it. */
  readonly key: string;
  /** What is wrong, what is allowed. */
  readonly message: string;
}

/** The longest window, in seconds. */
export const LONGEST_WINDOW_SECONDS = 3600;
/** The longest `forSeconds` and `keepFiringSeconds`. */
export const LONGEST_DELAY_SECONDS = 86_400;
/** The form of an id. */
export const RULE_ID = /^[a-z][a-z0-9_]{0,63}$/;

/** What can be read of metrics, in the words of `take`; what has no word there is for the rules of the daemon. */
const READS: Readonly<Record<MetricInfo["kind"], { readonly [Kind in Leaf["kind"]]?: string }>> = {
  gauge: { gauge: "value", maxOverTime: "maximum" },
  counter: { counter: "value", increase: "increase" },
  histogram: { count: "", mean: "mean", quantile: "quantile" },
};

/** What can be told of each port. */
const PER_PORT: ReadonlySet<string> = new Set<Leaf["kind"]>(["gauge", "counter", "increase"]);

function wordOf(kind: Leaf["kind"]): string {
  return READS.gauge[kind] ?? READS.counter[kind] ?? READS.histogram[kind] ?? "";
}

/** Refuses to read of a metric what it has not. */
function checkRead({ kind, metric, labels }: Leaf, scope: Rule["scope"], info: MetricInfo): RuleIssue[] {
  const readable = Object.entries(READS[info.kind]).filter(([can]) => scope === "daemon" || PER_PORT.has(can));
  if (scope === "port" && labels)
    return [{ key: "metric", message: `${metric} cannot be told of each port by labels` }];
  if (readable.some(([can]) => can === kind)) return [];
  const words = readable.flatMap(([, word]) => (word === "" ? [] : `"${word}"`)).join(", ") || "another metric";
  const what = info.isPerPort ? `a ${info.kind} with a number for each port` : `a ${info.kind}`;
  return [{ key: "take", message: `"${wordOf(kind)}" cannot be had of ${metric}, ${what}; allowed: ${words}` }];
}

/** Whether a window, in seconds, can be looked at. */
export function isWindow(seconds: number): boolean {
  return seconds >= 1 && seconds <= LONGEST_WINDOW_SECONDS;
}

/** Whether a rule may wait so long, in seconds. */
export function isDelay(seconds: number): boolean {
  return seconds >= 0 && seconds <= LONGEST_DELAY_SECONDS;
}

/** That there is no such metric, and which one was meant. */
export function unknownMetric(metric: string, catalogue: Catalogue): string {
  const meant = closest(metric, [...catalogue.keys()]);
  const remedy = meant === undefined ? "allowed: those that /metrics shows" : `is ${meant} meant?`;
  return `there is no metric ${quoteString(metric)}; ${remedy}`;
}

function checkLeaf(leaf: Leaf, scope: Rule["scope"], catalogue: Catalogue): RuleIssue[] {
  const info = catalogue.get(leaf.metric);
  if (!info) return [{ key: "metric", message: unknownMetric(leaf.metric, catalogue) }];
  const issues = checkRead(leaf, scope, info);
  const refuse = (key: string, message: string): number => issues.push({ key, message });
  if (info.isPerPort !== (scope === "port"))
    refuse("metric", `${leaf.metric} has ${info.isPerPort ? "a number for each port" : "no number for each port"}`);
  if ("windowSeconds" in leaf && !isWindow(leaf.windowSeconds))
    refuse("window_secs", `${leaf.windowSeconds}; allowed: a number from 1 to ${LONGEST_WINDOW_SECONDS}`);
  if (leaf.kind === "quantile" && !(leaf.q >= 0 && leaf.q <= 1))
    refuse("quantile", `${leaf.q}; allowed: a number from 0 to 1`);
  return issues;
}

function checkComparison(condition: Comparison): RuleIssue[] {
  if (condition.kind !== "between")
    return Number.isFinite(condition.threshold)
      ? []
      : [{ key: "threshold", message: `${condition.threshold}; allowed: a finite number` }];
  const { low, high } = condition;
  if (!Number.isFinite(low) || !Number.isFinite(high))
    return [{ key: "range", message: `[${low}, ${high}]; allowed: two finite numbers` }];
  return low <= high ? [] : [{ key: "range", message: `[${low}, ${high}]; allowed: the lower end first` }];
}

function checkParts(expression: Expression): RuleIssue[] {
  const numbers = (issues: RuleIssue[]): RuleIssue[] => issues.map((issue) => ({ ...issue, key: "metric" }));
  switch (expression.kind) {
    case "sum":
      if (expression.of.length === 0) return [{ key: "metric", message: "a sum of nothing" }];
      return expression.of.flatMap(checkParts);
    case "difference":
      return [...checkParts(expression.of), ...checkParts(expression.less)];
    case "ratio": {
      const { of, to, whenZero = 0 } = expression;
      const zero = Number.isFinite(whenZero)
        ? []
        : [{ key: "metric", message: `${whenZero}; allowed: a finite number` }];
      return [...checkParts(of), ...checkParts(to), ...zero];
    }
    case "where":
      return [...checkParts(expression.of), ...checkParts(expression.test), ...numbers(checkComparison(expression.is))];
    default:
      return [];
  }
}

function hasRate(expression: Expression): boolean {
  if (expression.kind === "sum") return expression.of.every(hasRate);
  if (expression.kind === "difference") return hasRate(expression.of) && hasRate(expression.less);
  return expression.kind === "gauge" || expression.kind === "counter";
}

function checkCondition({ condition, expression }: Rule): RuleIssue[] {
  if (condition.kind !== "rateOfChange") return checkComparison(condition);
  const issues: RuleIssue[] = [];
  if (!Number.isFinite(condition.perSecond))
    issues.push({ key: "threshold", message: `${condition.perSecond}; allowed: a finite number` });
  if (!isWindow(condition.windowSeconds))
    issues.push({
      key: "window_secs",
      message: `${condition.windowSeconds}; allowed: a number from 1 to ${LONGEST_WINDOW_SECONDS}`,
    });
  if (!hasRate(expression))
    issues.push({ key: "take", message: 'rate_of_change looks at a metric as it is; allowed: "value"' });
  return issues;
}

function checkTimes({ forSeconds, keepFiringSeconds }: Rule): RuleIssue[] {
  const issues: RuleIssue[] = [];
  for (const [key, seconds] of [
    ["for_secs", forSeconds],
    ["keep_firing_secs", keepFiringSeconds],
  ] as const)
    if (!isDelay(seconds))
      issues.push({ key, message: `${seconds}; allowed: a number from 0 to ${LONGEST_DELAY_SECONDS}` });
  return issues;
}

function checkTexts(rule: Rule): RuleIssue[] {
  const issues: RuleIssue[] = [];
  for (const key of ["summary", "description", "action"] as const) {
    for (const name of unknownPlaceholders(rule[key])) issues.push({ key, message: `there is no {${name}}` });
    if (rule.scope === "daemon" && rule[key].includes("{port}"))
      issues.push({ key, message: "{port} is for rules of metrics that have a number for each port" });
    if (ruleWindow(rule) === undefined && rule[key].includes("{window}"))
      issues.push({ key, message: "{window} is for rules that have one" });
  }
  return issues;
}

/** All that is wrong with a rule; nothing when an engine can take it. */
export function validateRule(rule: Rule, catalogue: Catalogue): RuleIssue[] {
  const id = RULE_ID.test(rule.id) ? [] : [{ key: "id", message: `"${rule.id}"; allowed: ${String(RULE_ID)}` }];
  const details = rule.details?.metric;
  return [
    ...id,
    ...checkParts(rule.expression),
    ...leavesOf(rule.expression).flatMap((leaf) => checkLeaf(leaf, rule.scope, catalogue)),
    ...checkCondition(rule),
    ...checkTimes(rule),
    ...checkTexts(rule),
    ...(details === undefined || catalogue.has(details)
      ? []
      : [{ key: "metric", message: unknownMetric(details, catalogue) }]),
  ];
}

import { quoteString } from "../log/escape.ts";
import type { Catalogue, MetricInfo } from "./catalogue.ts";
import type { Condition } from "./condition.ts";
import { type Expression, withWindow } from "./expression.ts";
import { type Rule, ruleWindow } from "./rule.ts";
import { idOf, parseTable, RULE_KEYS, type RuleTable } from "./rulekeys.ts";
import { type RuleIssue, unknownMetric, validateRule } from "./validate.ts";

/** Something wrong with a rule of the configuration file. */
export interface ParseIssue extends RuleIssue {
  /** Which of the rules, from 0 on. */
  readonly index: number;
}

/** The rules that are in force, and what is wrong with those of the file. */
export interface ParsedRules<M extends string> {
  readonly rules: readonly Rule<M>[];
  readonly issues: readonly ParseIssue[];
}

type Refuse = (key: string, message: string) => void;

const DEFAULT_QUANTILE = 0.99;

function defaultTake(kind: MetricInfo["kind"], { condition, ratio_to }: RuleTable): NonNullable<RuleTable["take"]> {
  if (condition === "rate_of_change") return "value";
  if (ratio_to !== undefined || kind === "counter") return "increase";
  return kind === "gauge" ? "value" : "quantile";
}

/** Refuses the keys that would have no effect, and asks for those without which there is none. */
function checkUse(table: RuleTable, take: NonNullable<RuleTable["take"]>, refuse: Refuse): void {
  const isBetween = table.condition === "between";
  const hasWindow = take !== "value" || table.condition === "rate_of_change";
  if (table.condition === undefined) refuse("condition", `is missing; allowed: ${RULE_KEYS.condition.allowed}`);
  const needs = (key: keyof RuleTable, isNeeded: boolean, when: string): void => {
    if (isNeeded && table[key] === undefined) refuse(key, `is missing; allowed: ${RULE_KEYS[key].allowed}`);
    if (!isNeeded && table[key] !== undefined) refuse(key, `has no effect ${when}`);
  };
  needs("range", isBetween, 'without condition = "between"');
  if (table.condition !== undefined) needs("threshold", !isBetween, 'with condition = "between"');
  needs("window_secs", hasWindow, 'with take = "value"');
  if (table.quantile !== undefined && take !== "quantile")
    refuse("quantile", 'has no effect without take = "quantile"');
  if (table.ratio_to !== undefined && take !== "increase")
    refuse("ratio_to", 'has no effect without take = "increase"');
}

/** Refuses what cannot be asked of metrics of this kind, whichever `take` there is. */
function checkKinds(
  { metric, condition, ratio_to }: RuleTable,
  info: MetricInfo,
  catalogue: Catalogue,
  refuse: Refuse,
) {
  if (condition === "rate_of_change" && info.kind === "histogram")
    refuse("condition", `"rate_of_change" cannot be had of ${metric}, a histogram; allowed: of a counter or gauge`);
  const other = catalogue.get(ratio_to ?? "");
  if (!other) return;
  if (other.kind !== "counter") refuse("ratio_to", `${ratio_to} is a ${other.kind}; allowed: a counter`);
  else if (other.isPerPort !== info.isPerPort)
    refuse("ratio_to", `only one of ${metric} and ${ratio_to} has a number for each port; allowed: both or none`);
}

function expressionOf(table: RuleTable, take: NonNullable<RuleTable["take"]>, info: MetricInfo): Expression {
  const metric = table.metric!;
  const windowSeconds = table.window_secs ?? 1;
  if (take === "value") return { kind: info.kind === "counter" ? "counter" : "gauge", metric };
  if (take === "maximum") return { kind: "maxOverTime", metric, windowSeconds };
  if (take === "mean") return { kind: "mean", metric, windowSeconds };
  if (take === "quantile") return { kind: "quantile", metric, windowSeconds, q: table.quantile ?? DEFAULT_QUANTILE };
  const increase = { kind: "increase", metric, windowSeconds } as const;
  if (table.ratio_to === undefined) return increase;
  return { kind: "ratio", of: increase, to: { ...increase, metric: table.ratio_to }, percent: true };
}

function conditionOf({ condition, threshold = 0, range = [0, 0], window_secs = 1 }: RuleTable): Condition {
  if (condition === "between") return { kind: "between", low: range[0], high: range[1] };
  if (condition === "rate_of_change") return { kind: "rateOfChange", perSecond: threshold, windowSeconds: window_secs };
  return { kind: condition ?? "above", threshold };
}

const LIMITS = {
  above: "allowed: at most {threshold}",
  below: "allowed: at least {threshold}",
  between: "the alert is for {threshold}",
  equals: "the alert is for {threshold}",
  rateOfChange: "allowed: at most {threshold}",
} as const satisfies Record<Condition["kind"], string>;

/** What was seen of a metric, as a sentence without its stop. */
function sentenceOf({ condition, ratio_to, quantile }: RuleTable, take: string, metric: string): string {
  if (condition === "rate_of_change") return `${metric} rose by {value} on average over {window}`;
  if (ratio_to !== undefined) return `${metric} rose by {value} of the rise of ${ratio_to} in {window}`;
  if (take === "increase") return `${metric} rose by {value} in {window}`;
  if (take === "maximum") return `${metric} was up to {value} in {window}`;
  if (take === "mean") return `${metric} was {value} on average in {window}`;
  const percent = Number((100 * (quantile ?? DEFAULT_QUANTILE)).toPrecision(6));
  return take === "quantile" ? `${percent} % of ${metric} was at most {value} in {window}` : `${metric} is {value}`;
}

/** What a rule without texts says. */
function textsOf(
  table: RuleTable,
  take: string,
  { isPerPort, help }: MetricInfo,
  condition: Condition,
): Pick<Rule, "summary" | "description" | "action"> {
  const seen = sentenceOf(table, take, isPerPort ? `${table.metric} of {port}` : table.metric!);
  const says = `${seen} (${LIMITS[condition.kind]})`;
  const lasting = table.for_secs ? ", for {for} or longer" : "";
  return {
    summary: table.summary ?? says,
    description: table.description ?? `${says}${lasting}. The metric says: ${help}`,
    action:
      table.action ?? "The configuration file has this rule in [[alerts.rules]]; its key `action` can say what to do.",
  };
}

function define(table: RuleTable, catalogue: Catalogue, refuse: Refuse): Rule | undefined {
  const info = catalogue.get(table.metric ?? "");
  if (table.metric === undefined) refuse("metric", "is missing; allowed: the name of a metric");
  for (const key of ["metric", "ratio_to"] as const) {
    const name = table[key];
    if (name !== undefined && !catalogue.has(name)) refuse(key, unknownMetric(name, catalogue));
  }
  if (!info) return undefined;
  const take = table.take ?? defaultTake(info.kind, table);
  checkUse(table, take, refuse);
  checkKinds(table, info, catalogue, refuse);
  const condition = conditionOf(table);
  return {
    id: table.id,
    severity: table.severity ?? "warning",
    scope: info.isPerPort ? "port" : "daemon",
    expression: expressionOf(table, take, info),
    condition,
    forSeconds: table.for_secs ?? 0,
    keepFiringSeconds: table.keep_firing_secs ?? 0,
    enabled: table.enabled ?? true,
    unit: table.ratio_to === undefined ? info.unit : "percent",
    ...textsOf(table, take, info, condition),
  };
}

function withThreshold(condition: Condition, threshold: number, refuse: Refuse): Condition {
  if (condition.kind === "rateOfChange") return { ...condition, perSecond: threshold };
  if (condition.kind !== "between") return { ...condition, threshold };
  refuse("threshold", "has no effect: the rule compares with a range");
  return condition;
}

/** The keys that change a rule of the daemon. */
const CHANGEABLE = (Object.keys(RULE_KEYS) as (keyof RuleTable)[]).filter((key) => RULE_KEYS[key].forBuiltin);

/** A rule of the daemon with what the file says otherwise. */
function override<M extends string>(builtin: Rule<M>, table: RuleTable, refuse: Refuse): Rule<M> {
  for (const key of Object.keys(table) as (keyof RuleTable)[])
    if (!RULE_KEYS[key].forBuiltin)
      refuse(key, `is fixed in ${builtin.id}, a rule of the daemon; allowed: ${CHANGEABLE.join(", ")}`);
  let { expression, condition } = builtin;
  if (table.threshold !== undefined) condition = withThreshold(condition, table.threshold, refuse);
  if (table.window_secs !== undefined) {
    if (ruleWindow(builtin) === undefined) refuse("window_secs", "has no effect: the rule looks at the present only");
    expression = withWindow(expression, table.window_secs);
    if (condition.kind === "rateOfChange") condition = { ...condition, windowSeconds: table.window_secs };
  }
  return {
    ...builtin,
    expression,
    condition,
    severity: table.severity ?? builtin.severity,
    forSeconds: table.for_secs ?? builtin.forSeconds,
    keepFiringSeconds: table.keep_firing_secs ?? builtin.keepFiringSeconds,
    enabled: table.enabled ?? builtin.enabled,
  };
}

/**
 * The rules that are in force: those of the daemon with what the file changes of them, and those that the file adds.
 * `entries` are its tables, as parsed. A rule with an issue is left out, or as the daemon has it.
 */
export function parseRules<M extends string>(
  entries: readonly unknown[],
  builtin: readonly Rule<M>[],
  catalogue: ReadonlyMap<M, MetricInfo>,
): ParsedRules<M> {
  const rules = new Map(builtin.map((rule) => [rule.id, rule]));
  const issues: ParseIssue[] = [];
  const seen = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    const refused: RuleIssue[] = [];
    const refuse = (key: string, message: string): void => void refused.push({ key, message });
    const parsed = parseTable(entry);
    const id = idOf(entry);
    if (id !== undefined && seen.has(id))
      refuse("id", `${quoteString(id)} is the id of an earlier rule; allowed: each id once`);
    if (id !== undefined) seen.add(id);
    if ("issues" in parsed) refused.push(...parsed.issues);
    else {
      const { table } = parsed;
      const own = builtin.find(({ id }) => id === table.id);
      const rule = own ? override(own, table, refuse) : define(table, catalogue, refuse);
      if (rule && refused.length === 0) refused.push(...validateRule(rule, catalogue));
      // Its metrics are names of the catalogue.
      if (rule && refused.length === 0) rules.set(rule.id, rule as Rule<M>);
    }
    for (const { key, message } of refused) issues.push({ index, key, message });
  }
  return { rules: [...rules.values()], issues };
}

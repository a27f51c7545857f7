import { escapeControls, quoteWord } from "../log/escape.ts";
import type { Condition } from "./condition.ts";
import { formatDuration, formatQuantity, type Unit } from "./quantity.ts";
import { type Rule, ruleWindow } from "./rule.ts";

/** What the texts of a rule may say in braces, as in `{value}`. */
export const PLACEHOLDERS = ["value", "threshold", "window", "for", "port"] as const;

/** One of the placeholders. */
export type Placeholder = (typeof PLACEHOLDERS)[number];

/** Details in one text; the rest is counted. */
const MOST_DETAILS = 20;

/** The texts of an alert. */
export interface Annotations {
  readonly summary: string;
  readonly description: string;
  readonly action: string;
}

/** What the texts are about. */
export interface Subject {
  readonly value: number | undefined;
  readonly port: string | undefined;
  readonly details: readonly string[];
}

/** The limit of a condition with its unit, for people. */
export function formatThreshold(condition: Condition, unit: Unit): string {
  if (condition.kind === "between")
    return `${formatQuantity(condition.low, unit)} to ${formatQuantity(condition.high, unit)}`;
  if (condition.kind === "rateOfChange") return formatQuantity(condition.perSecond, unit, true);
  return formatQuantity(condition.threshold, unit);
}

function formatDetails(title: string, details: readonly string[]): string {
  if (details.length === 0) return "";
  const more = details.length - MOST_DETAILS;
  return ` ${title}: ${details.slice(0, MOST_DETAILS).join(", ")}${more > 0 ? ` and ${more} more` : ""}.`;
}

/** The placeholders of a text that do not exist. */
export function unknownPlaceholders(text: string): string[] {
  const names = Array.from(text.matchAll(/\{([^{}]*)\}/g), ([, name]) => name!);
  return names.filter((name) => !(PLACEHOLDERS as readonly string[]).includes(name));
}

/** A text with `replace` in place of each placeholder. */
export function fillPlaceholders(text: string, replace: (name: Placeholder) => string): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) =>
    (PLACEHOLDERS as readonly string[]).includes(name) ? replace(name as Placeholder) : whole,
  );
}

/** A value that a rule looked at, with its unit. */
export function formatRuleValue({ unit, condition }: Rule, value: number | undefined): string {
  return formatQuantity(value, unit, condition.kind === "rateOfChange");
}

/** The texts of a rule about one alert; what comes from outside cannot break a line. */
export function annotate(rule: Rule, { value, port, details }: Subject): Annotations {
  const replace = (name: Placeholder): string => {
    if (name === "value") return formatRuleValue(rule, value);
    if (name === "threshold") return formatThreshold(rule.condition, rule.unit);
    if (name === "window") return formatDuration(ruleWindow(rule) ?? 0);
    return name === "for" ? formatDuration(rule.forSeconds) : quoteWord(port ?? "-");
  };
  const fill = (text: string): string => escapeControls(fillPlaceholders(text, replace));
  const behind = rule.details ? escapeControls(formatDetails(rule.details.title, details)) : "";
  return { summary: fill(rule.summary), description: fill(rule.description) + behind, action: fill(rule.action) };
}

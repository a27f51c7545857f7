import { quoteString } from "../log/escape.ts";
import { closest } from "../util/closest.ts";
import { SEVERITIES, type Severity } from "./rule.ts";
import {
  isDelay,
  isWindow,
  LONGEST_DELAY_SECONDS,
  LONGEST_WINDOW_SECONDS,
  RULE_ID,
  type RuleIssue,
} from "./validate.ts";

/** The values of `condition`. */
export const CONDITION_WORDS = ["above", "below", "between", "equals", "rate_of_change"] as const;

/** The values of `take`: what of a metric is compared. */
export const TAKE_WORDS = ["value", "increase", "maximum", "mean", "quantile"] as const;

/** A rule as the configuration file has it. */
export interface RuleTable {
  readonly id: string;
  readonly metric?: string;
  readonly take?: (typeof TAKE_WORDS)[number];
  readonly quantile?: number;
  readonly ratio_to?: string;
  readonly condition?: (typeof CONDITION_WORDS)[number];
  readonly threshold?: number;
  readonly range?: readonly [low: number, high: number];
  readonly window_secs?: number;
  readonly for_secs?: number;
  readonly keep_firing_secs?: number;
  readonly severity?: Severity;
  readonly enabled?: boolean;
  readonly summary?: string;
  readonly description?: string;
  readonly action?: string;
}

/** All that is known of one key of a rule. */
export interface RuleKey {
  /** In words that end "allowed: ...". */
  readonly allowed: string;
  readonly meaning: string;
  /** Whether a rule that the daemon comes with can be changed by it. */
  readonly forBuiltin: boolean;
  readonly isAllowed: (value: unknown) => boolean;
}

const MOST_TEXT = 500;
const MOST_SHOWN = 80;

function text(meaning: string): RuleKey {
  const isAllowed = (value: unknown): boolean => typeof value === "string" && value !== "" && value.length <= MOST_TEXT;
  return { allowed: `text of 1 to ${MOST_TEXT} characters`, meaning, forBuiltin: false, isAllowed };
}

function number(allowed: string, check: (value: number) => boolean, meaning: string, forBuiltin = true): RuleKey {
  const isAllowed = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value) && check(value);
  return { allowed, meaning, forBuiltin, isAllowed };
}

function choice(words: readonly string[], meaning: string, forBuiltin: boolean): RuleKey {
  const isAllowed = (value: unknown): boolean => words.some((word) => word === value);
  return { allowed: words.map((word) => `"${word}"`).join(", "), meaning, forBuiltin, isAllowed };
}

function isRange(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] <= value[1];
}

const DELAY = `a number from 0 to ${LONGEST_DELAY_SECONDS}`;

/** The keys of a rule in the configuration file. */
export const RULE_KEYS: Readonly<Record<keyof RuleTable, RuleKey>> = {
  id: {
    allowed: "a lower case letter, then at most 63 lower case letters, digits and _",
    meaning: "tells the rule from all others; that of a rule of the daemon changes that rule",
    forBuiltin: true,
    isAllowed: (value) => typeof value === "string" && RULE_ID.test(value),
  },
  metric: text("the metric to look at; one that has a number for each port makes an alert for each port"),
  take: choice(
    TAKE_WORDS,
    "what of the metric is compared: its value, or over the window its increase (a counter; the default there), its " +
      "maximum (a gauge), its mean or a quantile (a histogram; the default there)",
    false,
  ),
  quantile: number("a number from 0 to 1", (q) => q >= 0 && q <= 1, "which quantile; 0.99 by default", false),
  ratio_to: text("a counter: the increase of the metric is compared in percent of the increase of this one"),
  condition: choice(CONDITION_WORDS, "how it is compared; rate_of_change is per second over the window", false),
  threshold: number("a finite number", () => true, "what it is compared with"),
  range: {
    allowed: "two finite numbers, the lower first",
    meaning: "what it is compared with by between; both ends belong to it",
    forBuiltin: false,
    isAllowed: isRange,
  },
  window_secs: number(`a number from 1 to ${LONGEST_WINDOW_SECONDS}`, isWindow, "how far back to look"),
  for_secs: number(DELAY, isDelay, "how long the condition has to hold before the alert fires; 0 by default"),
  keep_firing_secs: number(DELAY, isDelay, "how long the alert goes on when the condition ends; 0 by default"),
  severity: choice(SEVERITIES, 'how bad it is; "warning" by default', true),
  enabled: {
    allowed: "true or false",
    meaning: "whether the rule is looked at; true by default",
    forBuiltin: true,
    isAllowed: (value) => typeof value === "boolean",
  },
  summary: text("one line; {value}, {threshold}, {window}, {for} and {port} are filled in"),
  description: text("what it means; filled in like the summary"),
  action: text("what to do; filled in like the summary"),
};

/** A value as the file has it, or nearly so: what is long is cut off. */
function show(value: unknown): string {
  if (Array.isArray(value)) return shorten(`[${value.slice(0, MOST_SHOWN).map(show).join(", ")}]`);
  if (typeof value === "string") return shorten(quoteString(value.slice(0, MOST_SHOWN)));
  if (value instanceof Date) return "a date";
  return isTable(value) ? "a table" : String(value ?? "nothing");
}

function shorten(text: string): string {
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}...` : text;
}

/** Whether a value of a parsed file is a table. */
function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** The id that a table says it has, be the rest of it right or wrong. */
export function idOf(entry: unknown): string | undefined {
  const id = isTable(entry) ? entry["id"] : undefined;
  return typeof id === "string" ? id : undefined;
}

const ALLOWED_KEYS = `allowed: ${Object.keys(RULE_KEYS).join(", ")}`;

/** The table of a rule, when each key is known and has a value that is allowed; else what is wrong. */
export function parseTable(entry: unknown): { readonly table: RuleTable } | { readonly issues: readonly RuleIssue[] } {
  if (!isTable(entry)) return { issues: [{ key: "", message: `${show(entry)}; allowed: a table` }] };
  const issues: RuleIssue[] = [];
  for (const [key, value] of Object.entries(entry)) {
    const known = Object.hasOwn(RULE_KEYS, key) ? RULE_KEYS[key as keyof RuleTable] : undefined;
    const meant = known ? undefined : closest(key, Object.keys(RULE_KEYS));
    if (!known) issues.push({ key, message: `there is no such key; ${meant ? `is ${meant} meant?` : ALLOWED_KEYS}` });
    else if (!known.isAllowed(value)) issues.push({ key, message: `${show(value)}; allowed: ${known.allowed}` });
  }
  if (entry["id"] === undefined) issues.push({ key: "id", message: `is missing; allowed: ${RULE_KEYS.id.allowed}` });
  // Each key was checked; the type says the same as the table of keys.
  return issues.length > 0 ? { issues } : { table: entry as unknown as RuleTable };
}

import { parse, TomlError } from "smol-toml";
import * as v from "valibot";

import { quoteString } from "../log/escape.ts";
import { readBounded } from "../util/boundedfile.ts";
import { closest } from "../util/closest.ts";
import { MOST_RULES } from "./alertkeys.ts";
import { alertRules } from "./alertrules.ts";
import { type ConfigIssue, formatPath } from "./issue.ts";
import { isTable } from "./key.ts";
import { findKeyPositions, type KeyPath, type KeyPositions } from "./position.ts";
import { type Config, ConfigSchema, DEFAULT_CONFIG, KEYS, TABLES, TOP_KEYS } from "./schema.ts";

/** A configuration, or every reason why there is none. */
export type Loaded =
  | { readonly config: Config; readonly issues?: undefined }
  | { readonly config?: undefined; readonly issues: readonly ConfigIssue[] };

const MOST_BYTES = 2 ** 20;
const MOST_TOML_DEPTH = 32;
const LONGEST_SHOWN = 60;

/** Reads and checks a configuration file; one that does not exist gives the defaults unless it must exist. */
export function loadConfig(path: string, { mustExist }: { readonly mustExist: boolean }): Loaded {
  try {
    const bytes = readBounded(path, MOST_BYTES);
    if (typeof bytes === "string") return { issues: [{ source: path, message: bytes }] };
    return parseConfig(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes), path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "ENOENT" && !mustExist) return { config: DEFAULT_CONFIG };
    if (code === "ENOENT") return { issues: [{ source: path, message: "does not exist" }] };
    if (code === "ERR_ENCODING_INVALID_ENCODED_DATA")
      return { issues: [{ source: path, message: "is not UTF-8, which TOML must be" }] };
    if (error instanceof Error && "syscall" in error)
      return { issues: [{ source: path, message: `cannot be read: ${code}` }] };
    throw error;
  }
}

/** Checks the text of a configuration file; the issues come in the order of the file. */
export function parseConfig(text: string, source: string): Loaded {
  if (text.startsWith("\uFEFF")) return { issues: [{ source, message: "starts with a byte order mark, remove it" }] };
  const parsed = parseToml(text, source);
  if (parsed.issue !== undefined) return { issues: [parsed.issue] };
  const result = v.safeParse(ConfigSchema, parsed.values, { abortPipeEarly: true });
  const others = [...findUnknown(parsed.values), ...findWrongRules(parsed.values)];
  if (result.success && others.length === 0) return { config: result.output };

  const wrong = (result.issues ?? []).map((issue) => describeWrong(pathOf(issue), parsed.values));
  const positions = findKeyPositions(text);
  const issues = [...wrong, ...others].map((problem) => locate(problem, source, positions));
  return { issues: issues.sort(byPosition) };
}

interface Problem {
  readonly path: KeyPath;
  readonly message: string;
}

type Values = Readonly<Record<string, unknown>>;

function parseToml(text: string, source: string): { values: Values; issue?: undefined } | { issue: ConfigIssue } {
  try {
    return { values: parse(text, { integersAsBigInt: "asNeeded", maxDepth: MOST_TOML_DEPTH }) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The rest of the message is a picture of the place.
    const reason = error.message.split("\n", 1)[0]!.replace(/^Invalid TOML document: /, "");
    return {
      issue: { source, position: { line: error.line, column: error.column }, message: `not valid TOML: ${reason}` },
    };
  }
}

/** Every key that no table has; valibot's strictObject stops at the first. */
function findUnknown(values: Values): Problem[] {
  const problems: Problem[] = [];
  const topNames = [...Object.keys(TOP_KEYS), ...Object.keys(TABLES)];
  for (const [name, value] of Object.entries(values)) {
    const keys = Object.hasOwn(TABLES, name) ? Object.keys(TABLES[name as keyof typeof TABLES]) : undefined;
    if (keys === undefined && !topNames.includes(name))
      problems.push({ path: [name], message: suggest(name, topNames) });
    if (keys === undefined || !isTable(value)) continue;
    for (const key of Object.keys(value))
      if (!keys.includes(key)) problems.push({ path: [name, key], message: suggest(key, keys, name) });
  }
  return problems;
}

/** What is wrong within [[alerts.rules]]; that they are too many or no tables the schema has found. */
function findWrongRules({ alerts }: Values): Problem[] {
  const rules = isTable(alerts) ? alerts["rules"] : undefined;
  if (!Array.isArray(rules) || rules.length > MOST_RULES) return [];
  return alertRules(rules, DEFAULT_CONFIG.performance.max_latency_us)
    .issues.filter(({ index }) => isTable(rules[index]))
    .map(({ index, key, message }) => ({ path: ["alerts", "rules", index, key], message }));
}

function suggest(name: string, names: readonly string[], table?: string): string {
  const nearest = closest(name, names);
  if (nearest !== undefined) return `unknown key, did you mean ${nearest}?`;
  // A key that lost its table's header is the likeliest mistake left.
  const elsewhere = [...KEYS.keys()].find((path) => path === name || path.endsWith(`.${name}`));
  if (elsewhere !== undefined) return `unknown key here, did you mean ${elsewhere}?`;
  return `unknown key, allowed${table === undefined ? "" : ` in ${table}`}: ${names.join(", ")}`;
}

function pathOf(issue: v.BaseIssue<unknown>): KeyPath {
  return (issue.path ?? []).map((item) => (typeof item.key === "number" ? item.key : String(item.key)));
}

function describeWrong(path: KeyPath, values: Values): Problem {
  const key = KEYS.get(path.filter((part) => typeof part === "string").join("."));
  let value: unknown = values;
  for (const part of path) value = (value as Record<string | number, unknown>)[part];
  return { path, message: `${describeValue(value)} is not allowed, allowed: ${key?.allowed ?? "a table"}` };
}

function describeValue(value: unknown): string {
  if (typeof value === "string")
    return `the string ${quoteString(value.length > LONGEST_SHOWN ? `${value.slice(0, LONGEST_SHOWN)}...` : value)}`;
  if (typeof value === "number" && !Number.isFinite(value)) return Number.isNaN(value) ? "nan" : "inf";
  if (value instanceof Date) return "a date";
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : "an array";
  return isTable(value) ? "a table" : String(value);
}

function locate({ path, message }: Problem, source: string, positions: KeyPositions): ConfigIssue {
  return { source, position: positions.find(path), key: formatPath(path), message };
}

function byPosition({ position: a }: ConfigIssue, { position: b }: ConfigIssue): number {
  if (a === undefined || b === undefined) return 0;
  return a.line - b.line || a.column - b.column;
}

import { closest } from "../util/closest.ts";
import { SEVERITIES, type Severity } from "./rule.ts";

/** Which alerts a silence is for: all that it names have to match. `*` stands for any characters; a port goes by its label. */
export interface Matcher {
  readonly rule?: string;
  readonly severity?: Severity;
  readonly port?: string;
}

/** Keeps receivers from being told of alerts, also of those to come, until it expires. Plain data, kept over restarts. */
export interface Silence {
  readonly id: string;
  readonly matcher: Matcher;
  /** Why, for those who wonder. */
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly createdWallMs: number;
  /** Milliseconds since 1970; from then on it has no effect. */
  readonly expiresWallMs: number;
}

/** What a silence is compared with. */
export interface Target {
  readonly rule: string;
  readonly severity: Severity;
  readonly port: string | undefined;
}

/** Something wrong with a request for a silence. */
export interface SilenceIssue {
  readonly key: string;
  /** What is wrong, what is allowed. */
  readonly message: string;
}

/** What a request for a silence may say. */
export const SILENCE_KEYS = ["rule", "severity", "port", "reason", "expires_in_secs"] as const;

/** The longest silence, in seconds: what is meant for ever is a disabled rule. */
export const LONGEST_SILENCE_SECONDS = 366 * 86_400;
const MOST_TEXT = 256;

/** Whether `text` is what a pattern with `*` says. */
export function matchesPattern(pattern: string, text: string): boolean {
  const first = pattern.indexOf("*");
  if (first < 0) return text === pattern;
  // Most of a thousand silences are not for this one of a thousand alerts, and are not to cost more than that.
  const last = pattern.lastIndexOf("*");
  const end = text.length - (pattern.length - last - 1);
  if (end < first || !text.endsWith(pattern.slice(last + 1)) || !text.startsWith(pattern.slice(0, first))) return false;
  if (first === last) return true;
  let at = first;
  for (const part of pattern.slice(first + 1, last).split("*")) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** Whether a silence has an effect at `wallMs`. */
export function isActive(silence: Silence, wallMs: number): boolean {
  return wallMs < silence.expiresWallMs;
}

/** Whether a silence is for this alert. */
export function matches({ matcher }: Silence, { rule, severity, port }: Target): boolean {
  if (matcher.rule !== undefined && !matchesPattern(matcher.rule, rule)) return false;
  if (matcher.severity !== undefined && matcher.severity !== severity) return false;
  return matcher.port === undefined || (port !== undefined && matchesPattern(matcher.port, port));
}

/** The silence that keeps this alert from being told: the one that lasts longest. */
export function findSilence(silences: readonly Silence[], target: Target, wallMs: number): Silence | undefined {
  let found: Silence | undefined;
  for (const silence of silences) {
    if (found && found.expiresWallMs >= silence.expiresWallMs) continue;
    if (isActive(silence, wallMs) && matches(silence, target)) found = silence;
  }
  return found;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "" && value.length <= MOST_TEXT;
}

const TEXT = `text of at most ${MOST_TEXT} characters`;
const CHECKS: Readonly<Record<(typeof SILENCE_KEYS)[number], readonly [(value: unknown) => boolean, string]>> = {
  rule: [(value) => value === undefined || isText(value), `the id of a rule, * for any characters`],
  severity: [
    (value) => value === undefined || (SEVERITIES as readonly unknown[]).includes(value),
    SEVERITIES.map((word) => `"${word}"`).join(", "),
  ],
  port: [(value) => value === undefined || isText(value), `the name of a port, * for any characters`],
  reason: [isText, TEXT],
  expires_in_secs: [
    (value) => typeof value === "number" && value > 0 && value <= LONGEST_SILENCE_SECONDS,
    `a number above 0, at most ${LONGEST_SILENCE_SECONDS}`,
  ],
};

function unknownKey(key: string): SilenceIssue {
  const meant = closest(key, SILENCE_KEYS);
  return { key, message: `there is no such key${meant === undefined ? "" : `; is ${meant} meant?`}` };
}

/** The silence that is asked for, or what is wrong with the request. One for everything has to say so: `rule = "*"`. */
export function createSilence(
  id: string,
  request: Readonly<Record<string, unknown>>,
  nowWallMs: number,
): { readonly silence: Silence } | { readonly issues: readonly SilenceIssue[] } {
  const issues = Object.keys(request)
    .filter((key) => !(SILENCE_KEYS as readonly string[]).includes(key))
    .map(unknownKey);
  for (const key of SILENCE_KEYS) {
    const [isAllowed, allowed] = CHECKS[key];
    if (!isAllowed(request[key])) issues.push({ key, message: `allowed: ${allowed}` });
  }
  const named = (["rule", "severity", "port"] as const).filter((key) => request[key] !== undefined);
  if (named.length === 0) issues.push({ key: "rule", message: `rule, severity or port is needed; "*" for all rules` });
  if (issues.length > 0) return { issues };
  const matcher: Matcher = Object.fromEntries(named.map((key) => [key, request[key]]));
  const expiresWallMs = nowWallMs + Math.round((request["expires_in_secs"] as number) * 1000);
  return { silence: { id, matcher, reason: request["reason"] as string, createdWallMs: nowWallMs, expiresWallMs } };
}

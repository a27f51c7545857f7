import { quoteString } from "../log/escape.ts";
import { LOG_LEVELS, type LogLevel, parseLogLevel } from "../log/level.ts";
import type { ConfigIssue } from "./issue.ts";
import { isPath } from "./key.ts";

/** The variable that overrides `[log] level`. */
export const LOG_LEVEL_VARIABLE = "PORTSYNCD_LOG_LEVEL";

/** The variable that says how long the first dump may hold up the start, in seconds. */
export const EOIU_TIMEOUT_VARIABLE = "PORTSYNCD_EOIU_TIMEOUT_SECS";

/** The variables that override `[http]` certificate, key and client_ca. */
export const CREDENTIAL_VARIABLES = {
  certificate: "PORTSYNCD_METRICS_CERT",
  key: "PORTSYNCD_METRICS_KEY",
  client_ca: "PORTSYNCD_METRICS_CA",
} as const;

const EOIU_TIMEOUT_SECS = 10;
const MOST_EOIU_TIMEOUT_SECS = 3600;

/** What the environment asks for; like the file, it is wrong as a whole when any of it is. */
export interface Environment {
  readonly logLevel: LogLevel | undefined;
  readonly eoiuTimeoutSecs: number;
  /** The keys of [http] that name files; those that are absent were not set. */
  readonly http: { readonly [K in keyof typeof CREDENTIAL_VARIABLES]?: string };
  readonly issues: readonly ConfigIssue[];
}

/** Reads our environment variables; an empty one counts as absent, as systemd can only empty what it inherits. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  const issues: ConfigIssue[] = [];
  const refuse = (key: string, text: string, allowed: string): void => {
    issues.push({ source: "environment", key, message: `${quoteString(text)} is not allowed, allowed: ${allowed}` });
  };
  const level = env[LOG_LEVEL_VARIABLE];
  const logLevel = level ? parseLogLevel(level) : undefined;
  if (level && logLevel === undefined) refuse(LOG_LEVEL_VARIABLE, level, LOG_LEVELS.join(", "));
  const eoiu = env[EOIU_TIMEOUT_VARIABLE];
  const seconds = eoiu ? parseSeconds(eoiu) : EOIU_TIMEOUT_SECS;
  if (eoiu && seconds === undefined) {
    refuse(EOIU_TIMEOUT_VARIABLE, eoiu, `a number of seconds above 0, at most ${MOST_EOIU_TIMEOUT_SECS}`);
  }
  const http: Record<string, string> = {};
  for (const [key, variable] of Object.entries(CREDENTIAL_VARIABLES)) {
    const path = env[variable];
    if (path && !isPath(path)) refuse(variable, path, "an absolute path");
    else if (path) http[key] = path;
  }
  return { logLevel, eoiuTimeoutSecs: seconds ?? EOIU_TIMEOUT_SECS, http, issues };
}

function parseSeconds(text: string): number | undefined {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  return seconds > 0 && seconds <= MOST_EOIU_TIMEOUT_SECS ? seconds : undefined;
}

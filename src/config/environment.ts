import { quoteString } from "../log/escape.ts";
import { LOG_LEVELS, type LogLevel, parseLogLevel } from "../log/level.ts";
import type { ConfigIssue } from "./issue.ts";

/** The variable that overrides `[log] level`. */
export const LOG_LEVEL_VARIABLE = "PORTSYNCD_LOG_LEVEL";

/** What the environment asks for; like the file, it is wrong as a whole when any of it is. */
export interface Environment {
  readonly logLevel: LogLevel | undefined;
  readonly issues: readonly ConfigIssue[];
}

/** Reads our environment variables; an empty one counts as absent, as systemd can only empty what it inherits. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  const text = env[LOG_LEVEL_VARIABLE];
  if (!text) return { logLevel: undefined, issues: [] };
  const logLevel = parseLogLevel(text);
  if (logLevel !== undefined) return { logLevel, issues: [] };
  const message = `${quoteString(text)} is not allowed, allowed: ${LOG_LEVELS.join(", ")}`;
  return { logLevel, issues: [{ source: "environment", key: LOG_LEVEL_VARIABLE, message }] };
}

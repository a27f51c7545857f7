import { readEnvironment } from "../config/environment.ts";
import { findHttpIssues } from "../config/httprules.ts";
import { type ConfigIssue, formatIssue } from "../config/issue.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import type { LogLevel } from "../log/level.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { DEFAULT_CONFIG_FILE } from "./options.ts";
import type { DaemonOptions } from "./parse.ts";

/** What the file, the environment and the command line say together, or every reason why that does not work. */
export type Settings =
  | {
      readonly config: Config;
      readonly level: LogLevel | undefined;
      readonly eoiuTimeoutSecs: number;
      readonly issues?: undefined;
    }
  | { readonly config?: undefined; readonly issues: readonly ConfigIssue[] };

/** The file that is read. */
export function configFile(options: DaemonOptions): string {
  return options.config ?? DEFAULT_CONFIG_FILE;
}

/** Reads the file; the environment overrides it, and the command line both. */
export function readSettings(options: DaemonOptions, env: Readonly<Record<string, string | undefined>>): Settings {
  const loaded = loadConfig(configFile(options), { mustExist: options.config !== undefined });
  const environment = readEnvironment(env);
  const issues = [...(loaded.issues ?? []), ...environment.issues];
  if (!loaded.config || issues.length > 0) return { issues };
  const http = { ...loaded.config.http, ...environment.http };
  const httpIssues = findHttpIssues(http, configFile(options));
  if (httpIssues.length > 0) return { issues: httpIssues };
  const level = options.logLevel ?? environment.logLevel ?? loaded.config.log.level;
  const log = {
    ...loaded.config.log,
    ...(level && { level }),
    ...(options.logFormat && { format: options.logFormat }),
  };
  const config = {
    ...loaded.config,
    ...(options.mode && { mode: options.mode }),
    ...(options.namespace !== undefined && { namespace: options.namespace }),
    log,
    http,
  };
  return { config, level, eoiuTimeoutSecs: environment.eoiuTimeoutSecs };
}

/** Prints every issue, one a line. */
export function tellIssues(issues: readonly ConfigIssue[]): ExitCode {
  for (const issue of issues) process.stderr.write(`${formatIssue(issue)}\n`);
  return EXIT.config;
}

/** SONiC's log levels in lower case; the index is the syslog priority (rule 58). */
export const LOG_LEVELS = ["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"] as const;

/** One of SONiC's log levels. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The level of the C++ daemon when nobody asked for another (rule 58). */
export const DEFAULT_LOG_LEVEL: LogLevel = "notice";

/** LogTape's names, which have no notice: each of ours moves one step down so that notice and info stay apart. */
const LOGTAPE_LEVELS = ["fatal", "fatal", "fatal", "error", "warning", "info", "debug", "trace"] as const;

/** The levels that LogTape knows. */
export type LogTapeLevel = (typeof LOGTAPE_LEVELS)[number];

/** The syslog priority, 0 (emerg) to 7 (debug). */
export function priorityOf(level: LogLevel): number {
  return LOG_LEVELS.indexOf(level);
}

/** The level that LogTape files a record under. */
export function toLogTapeLevel(level: LogLevel): LogTapeLevel {
  return LOGTAPE_LEVELS[priorityOf(level)]!;
}

/** The level behind one of LogTape's; "fatal" stands for three of ours and gives the least severe of them. */
export function fromLogTapeLevel(level: LogTapeLevel): LogLevel {
  return LOG_LEVELS[LOGTAPE_LEVELS.lastIndexOf(level)]!;
}

/** Reads a level as SONiC writes it in the LOGLEVEL field of `LOGGER|portsyncd`; undefined when it is none (rule 58). */
export function parseSonicLogLevel(text: string): LogLevel | undefined {
  return LOG_LEVELS.find((level) => formatLogLevel(level) === text);
}

/** Reads a level that a person wrote, in any case; undefined when it is none. */
export function parseLogLevel(text: string): LogLevel | undefined {
  const lower = text.toLowerCase();
  return LOG_LEVELS.find((level) => level === lower);
}

/** The level as SONiC writes it: NOTICE. */
export function formatLogLevel(level: LogLevel): string {
  return level.toUpperCase();
}

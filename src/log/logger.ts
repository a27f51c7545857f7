import { getLogger } from "@logtape/logtape";

import { LOG_LEVELS, type LogLevel, priorityOf, toLogTapeLevel } from "./level.ts";

/** The root of all our categories in LogTape. */
export const LOG_ROOT = "portsyncd";

/** The property that tells emerg, alert and crit apart, which LogTape files under one level. */
export const SEVERITY = "severity";

/** Writes a constant template, whose {placeholders} are filled from the properties. */
export type LogMethod = (template: string, properties?: Readonly<Record<string, unknown>>) => void;

/** What a part of the daemon logs through, one method per SONiC level. */
export interface Log extends Readonly<Record<LogLevel, LogMethod>> {
  /** Whether what is logged with the level is let through: asked before properties are made that only the log needs. */
  has(level: LogLevel): boolean;
}

const NO_PROPERTIES = Object.freeze({});
const SILENT = -1;

let threshold = SILENT;

/** Sets the least severe level that is let through; undefined silences everything, as before the logging is set up. */
export function setThreshold(level: LogLevel | undefined): void {
  threshold = level === undefined ? SILENT : priorityOf(level);
}

/** The log of one part of the daemon; below the threshold a call costs one comparison. */
export function getLog(category: string): Log {
  const logger = getLogger([LOG_ROOT, category]);
  const methods: Partial<Record<LogLevel, LogMethod>> = {};
  for (const [priority, level] of LOG_LEVELS.entries()) {
    const logTapeLevel = toLogTapeLevel(level);
    methods[level] = (template, properties = NO_PROPERTIES) => {
      if (priority > threshold) return;
      logger[logTapeLevel](template, logTapeLevel === "fatal" ? { ...properties, [SEVERITY]: level } : properties);
    };
  }
  return { ...(methods as Record<LogLevel, LogMethod>), has: (level) => priorityOf(level) <= threshold };
}

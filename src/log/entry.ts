import { escapeControls, formatValue } from "./escape.ts";
import type { LogLevel } from "./level.ts";

/** One log message on its way to a sink. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly category: string;
  /** Constant text at even indexes, the property values that were put between at odd ones. */
  readonly parts: readonly unknown[];
  readonly properties: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

/** The message with its values put in, safe to print on one line. */
export function formatMessage(entry: LogEntry): string {
  let text = "";
  for (const [index, part] of entry.parts.entries())
    text += index % 2 === 0 ? escapeControls(String(part)) : formatValue(part);
  return text;
}

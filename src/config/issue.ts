import { quoteString } from "../log/escape.ts";
import type { KeyPath, Position } from "./position.ts";

/** Something wrong with the configuration; `position` and `key` are absent when the whole source is meant. */
export interface ConfigIssue {
  /** The file, or "environment". */
  readonly source: string;
  readonly position?: Position | undefined;
  readonly key?: string | undefined;
  /** What is wrong, what is allowed. */
  readonly message: string;
}

/** `FILE:LINE:COL: key: what is wrong, what is allowed`. */
export function formatIssue({ source, position, key, message }: ConfigIssue): string {
  const place = position === undefined ? source : `${source}:${position.line}:${position.column}`;
  return key === undefined ? `${place}: ${message}` : `${place}: ${key}: ${message}`;
}

/** A path as TOML writes it, array indexes in brackets: `standalone.port_patterns[1]`. */
export function formatPath(path: KeyPath): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else text += (text && ".") + (/^[\w-]+$/.test(part) ? part : quoteString(part));
  }
  return text;
}

import { quoteString } from "../log/escape.ts";
import { parseSince } from "../util/since.ts";
import { refusal } from "./answer.ts";
import type { RouteRequest } from "./route.ts";

type Query = RouteRequest["query"];

/** The times that readSince() takes, in words. */
export const SINCE_FORMS = "30m, 1h, 2d ago or 2026-01-31T12:00Z";

/** A whole number from `least` to `most`; `absent` when it was not given. Throws RequestError. */
export function readInteger<A>(query: Query, key: string, least: number, most: number, absent: A): number | A {
  const text = query.get(key);
  if (text === undefined) return absent;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw wrong(key, text, `an integer from ${least} to ${most}`);
}

/** A time, in milliseconds since 1970; undefined when it was not given. Throws RequestError. */
export function readSince(query: Query, key: string, nowWallMs: number): number | undefined {
  const text = query.get(key);
  if (text === undefined) return undefined;
  const sinceMs = parseSince(text, nowWallMs);
  if (sinceMs === undefined) throw wrong(key, text, SINCE_FORMS);
  return sinceMs;
}

function wrong(key: string, text: string, allowed: string): Error {
  const issues = [{ key, message: `${quoteString(text)} is not allowed, allowed: ${allowed}` }];
  return refusal(400, "a parameter is wrong", { issues });
}

import * as v from "valibot";

import { parseSocketAddress } from "./socketaddress.ts";

/** All that is known of one key of the configuration file. */
export interface Key<T> {
  /** The TOML type, for the reference file. */
  readonly type: "string" | "integer" | "number" | "boolean" | "array of strings" | "array of tables";
  readonly default: T;
  /** What is allowed, in words that end "allowed: ...". */
  readonly allowed: string;
  readonly meaning: string;
  /** Whether SIGHUP changes it in the running daemon; the others need a restart. */
  readonly live: boolean;
  readonly check: v.GenericSchema<unknown, T>;
}

/** What a key is about. */
export type About = Pick<Key<unknown>, "meaning" | "live">;

/** A table of the file, as parsed. */
export type RawTable = Readonly<Record<string, unknown>>;

/** A whole number. */
export function integer(value: number, least: number, most: number, about: About): Key<number> {
  const check = v.pipe(
    v.number(),
    v.integer(),
    v.minValue(least),
    v.maxValue(most),
    // -0 is an integer too, and would be printed as 0.
    v.transform((number) => number + 0),
  );
  return { type: "integer", default: value, allowed: `an integer from ${least} to ${most}`, check, ...about };
}

/** A number, with a fraction or without. */
export function seconds(value: number, least: number, most: number, about: About): Key<number> {
  const check = v.pipe(v.number(), v.minValue(least), v.maxValue(most));
  return { type: "number", default: value, allowed: `a number from ${least} to ${most}`, check, ...about };
}

/** A part of a hundred, with a fraction or without. */
export function percent(value: number, about: About): Key<number> {
  const check = v.pipe(
    v.number(),
    v.minValue(0),
    v.maxValue(100),
    v.transform((number) => number + 0), // -0 as above
  );
  return { type: "number", default: value, allowed: "a number from 0 to 100", check, ...about };
}

/** True or false. */
export function flag(value: boolean, about: About): Key<boolean> {
  return { type: "boolean", default: value, allowed: "true or false", check: v.boolean(), ...about };
}

/** Text that passes a check. */
export function text(value: string, allowed: string, isAllowed: (text: string) => boolean, about: About): Key<string> {
  return { type: "string", default: value, allowed, check: v.pipe(v.string(), v.check(isAllowed)), ...about };
}

/** One of some words. */
export function choice<const C extends readonly string[], D extends C[number] | undefined>(
  value: D,
  choices: C,
  about: About,
): Key<C[number] | D> {
  const allowed = choices.map((word) => `"${word}"`).join(", ");
  return { type: "string", default: value, allowed, check: v.picklist(choices), ...about };
}

/** Patterns of interface names. */
export function globs(value: readonly string[], about: About): Key<readonly string[]> {
  const glob = v.pipe(v.string(), v.check(isGlob));
  const allowed = "a non-empty list of interface name patterns with * and ?";
  const check = v.pipe(v.array(glob), v.minLength(1));
  return { type: "array of strings", default: value, allowed, check, ...about };
}

/** Addresses to listen on. */
export function addresses(value: readonly string[], about: About): Key<readonly string[]> {
  const check = v.array(
    v.pipe(
      v.string(),
      v.check((text) => parseSocketAddress(text) !== undefined),
    ),
  );
  const allowed = 'a list of IP addresses with a port from 1 to 65535, such as "127.0.0.1:9101" or "[::1]:9101"';
  return { type: "array of strings", default: value, allowed, check, ...about };
}

/** Addresses of HTTP servers, none of them twice. */
export function urls(mayHaveQuery: boolean, about: About): Key<readonly string[]> {
  const one = v.pipe(
    v.string(),
    v.check((text) => isUrl(text, mayHaveQuery)),
  );
  const check = v.pipe(
    v.array(one),
    v.check((list) => new Set(list).size === list.length),
  );
  const allowed = `a list of http or https URLs without ${mayHaveQuery ? "user" : "user, query"} and fragment, each once`;
  return { type: "array of strings", default: [], allowed, check, ...about };
}

/** The address of a page, or none. */
export function url(about: About): Key<string> {
  return text("", 'an http or https URL, or "" for none', (text) => text === "" || isUrl(text, true), about);
}

/** Tables that are looked at elsewhere. */
export function tables(most: number, about: About): Key<readonly RawTable[]> {
  const check = v.pipe(v.array(v.custom<RawTable>(isTable)), v.maxLength(most));
  return { type: "array of tables", default: [], allowed: `tables, at most ${most}`, check, ...about };
}

/** The path of a Unix socket of at most `mostBytes`, or none. */
export function socketPath(value: string, mostBytes: number, about: About): Key<string> {
  const isAllowed = (path: string): boolean => path === "" || (isPath(path) && Buffer.byteLength(path) <= mostBytes);
  return text(value, `an absolute path of at most ${mostBytes} bytes, or "" for none`, isAllowed, about);
}

/** The path of a file, or "" for something else. */
export function path(otherwise: string, about: About): Key<string> {
  return text("", `an absolute path, or "" for ${otherwise}`, (path) => path === "" || isPath(path), about);
}

/** The path of a file, or none. */
export function file(meaning: string): Key<string> {
  return path("none", { meaning, live: false });
}

/** The characters that a shell's glob gives a meaning are refused: here only * and ? have one. */
function isGlob(pattern: string): boolean {
  return /^[^\s/[\]{}\\\p{C}]{1,64}$/u.test(pattern);
}

/** Whether a path is absolute and can be one. */
export function isPath(path: string): boolean {
  return path.startsWith("/") && !path.includes("\0") && path.length <= 4095;
}

/** Whether text can be a host name or an address. */
export function isHost(host: string): boolean {
  return /^[^\s\p{C}]{1,253}$/u.test(host);
}

/** Whether a value of a parsed file is a table: an array or a date is an object, too. */
export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

const MOST_URL = 2048;

/** Whether text is a URL without a password, which the log would tell, and without a part that is never sent. */
function isUrl(text: string, mayHaveQuery: boolean): boolean {
  if (!/^https?:\/\/[\x21-\x7e]+$/.test(text) || text.length > MOST_URL || !URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username === "" && password === "" && !text.includes("#") && (mayHaveQuery || !text.includes("?"));
}

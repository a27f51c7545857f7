import { readFileSync } from "node:fs";
import { join } from "node:path";

import { holds } from "./agreement.ts";

/** What src/config/reference.toml tells its reader of a key. */
export interface ReferenceKey {
  /** Such as `database.redis_port`. */
  readonly path: string;
  readonly type: string;
  readonly allowed: string;
  /** As TOML; `absent` for a key without one. */
  readonly fallback: string;
}

/** The text of the reference, with all its keys commented out. */
export const REFERENCE = readFileSync(join(import.meta.dir, "../../src/config/reference.toml"), "utf8");

/** Every key that the reference describes. */
export const REFERENCE_KEYS: readonly ReferenceKey[] = readKeys();

function readKeys(): ReferenceKey[] {
  const keys: ReferenceKey[] = [];
  let table = "";
  let about: readonly string[] = [];
  for (const line of REFERENCE.split("\n")) {
    table = /^\[(\w+)\]$/.exec(line)?.[1] ?? table;
    about = /^# (.+?), allowed: (.+); default: (.+); (?:live|restart)$/.exec(line)?.slice(1) ?? about;
    const name = /^#(\w+) = /.exec(line)?.[1];
    if (name === undefined) continue;
    const [type, allowed, fallback] = about as [string, string, string];
    keys.push({ path: table === "" ? name : `${table}.${name}`, type, allowed, fallback });
  }
  return keys;
}

type Rule = (value: unknown) => boolean;

const text =
  (isAllowed: (value: string) => boolean): Rule =>
  (value) =>
    typeof value === "string" && isAllowed(value);

const listOf =
  (isAllowed: (value: string) => boolean): Rule =>
  (value) =>
    Array.isArray(value) && value.every(text(isAllowed));

/** What is allowed, where it is not a range of numbers or a choice of words. */
const IN_WORDS: Readonly<Record<string, Rule>> = {
  "true or false": (value) => typeof value === "boolean",
  "a host name or address": text((host) => host.length > 0 && !/\s/.test(host)),
  "an absolute path": text((path) => path.startsWith("/") && !path.includes("\0")),
  'an absolute path of at most 107 bytes, or "" for none': text(
    (path) => path === "" || (path.startsWith("/") && new TextEncoder().encode(path).length <= 107),
  ),
  'a name of letters, digits, ".", "_" and "-", or "" for none': text((name) => /^[\w.-]*$/.test(name)),
  'an absolute path of at most 90 bytes, or "" for none': text(
    (path) => path === "" || (path.startsWith("/") && new TextEncoder().encode(path).length <= 90),
  ),
  'an absolute path, or "" for none': text((path) => path === "" || path.startsWith("/")),
  'an absolute path, or "" for those of the system': text((path) => path === "" || path.startsWith("/")),
  'a list of IP addresses with a port from 1 to 65535, such as "127.0.0.1:9101" or "[::1]:9101"': listOf((address) =>
    /^(\d+\.\d+\.\d+\.\d+|\[[\da-f:.]+\]):\d{1,5}$/i.test(address),
  ),
  "a list of http or https URLs without user, query and fragment, each once": listOf((url) =>
    /^https?:\/\/[^\s@?#]+$/.test(url),
  ),
  "a list of http or https URLs without user and fragment, each once": listOf((url) =>
    /^https?:\/\/[^\s#]+$/.test(url),
  ),
  'an http or https URL, or "" for none': text((url) => url === "" || /^https?:\/\/[^\s#]+$/.test(url)),
  'text of 1 to 253 printable ASCII characters, or "" for the name of the host': text((name) => name.length <= 253),
  "tables, at most 200": (value) =>
    Array.isArray(value) && value.length <= 200 && value.every((rule) => typeof Reflect.get(rule, "id") === "string"),
  "a non-empty list of interface name patterns with * and ?": (value) =>
    Array.isArray(value) && value.length > 0 && value.every(text((pattern) => /^[^\s/]+$/.test(pattern))),
};

/** Throws unless the value is one that the reference allows. */
export function checkAllowed({ path, type, allowed, fallback }: ReferenceKey, value: unknown): void {
  if (value === undefined && fallback === "absent") return;
  const range = /^an? (integer|number) from (\S+) to (\S+)$/.exec(allowed);
  const choices = [...allowed.matchAll(/"(\w+)"/g)].map(([, word]) => word);
  const isAllowed =
    IN_WORDS[allowed]?.(value) ??
    (range
      ? typeof value === "number" && value >= Number(range[2]) && value <= Number(range[3]) && isWhole(value, type)
      : choices.includes(value as string));
  holds(`${path} is ${Bun.inspect(value)}, allowed: ${allowed}`, isAllowed);
}

function isWhole(value: number, type: string): boolean {
  return type !== "integer" || Math.floor(value) === value;
}

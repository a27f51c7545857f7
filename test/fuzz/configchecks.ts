import { readFileSync, writeFileSync } from "node:fs";

import { parse } from "smol-toml";

import { type ConfigIssue, formatIssue } from "../../src/config/issue.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/schema.ts";
import { agree, holds } from "./agreement.ts";
import { checkAllowed, REFERENCE_KEYS } from "./configreference.ts";
import { configBytes } from "./configtexts.ts";
import type { Property } from "./property.ts";

/** Issues of the file as a whole: they have no place in it. */
const WITHOUT_PLACE = /is not UTF-8|byte order mark|is larger than/;
const PROTOTYPES = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Date.prototype];
const UNTOUCHED = PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype));

/** loadConfig, with a file at this path. */
export function configProperty(path: string): Property<Buffer> {
  const show = (bytes: Buffer) => JSON.stringify(bytes.toString("latin1"));
  return { inputs: configBytes, check: (bytes) => checkConfigFile(path, bytes), show };
}

/** A file of these bytes gives a configuration that the reference allows, or issues that say where; nothing else comes of it. */
export function checkConfigFile(path: string, bytes: Uint8Array): void {
  writeFileSync(path, bytes);
  const { config, issues } = loadConfig(path, { mustExist: true });
  agree(
    "the prototypes",
    PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype)),
    UNTOUCHED,
  );
  if (config) checkConfig(config, readFileSync(path, "utf8"));
  else checkIssues(issues, path, readFileSync(path, "utf8"));
}

function checkConfig(config: Config, text: string): void {
  const written = parse(text) as Record<string, unknown>;
  for (const key of REFERENCE_KEYS) {
    const value = valueAt(config, key.path);
    checkAllowed(key, value);
    const fallback = key.fallback === "absent" ? undefined : (parse(`a = ${key.fallback}`)["a"] as unknown);
    const wanted = valueAt(written, key.path) ?? fallback;
    agree(key.path, value, wanted === 0 ? 0 : wanted);
  }
  const paths = Object.entries(config).flatMap(([name, value]) => namesOf(name, value));
  agree(
    "the keys",
    paths.filter((path) => !REFERENCE_KEYS.some((key) => key.path === path)),
    [],
  );
}

function valueAt(values: unknown, path: string): unknown {
  let value = values;
  for (const name of path.split("."))
    value =
      typeof value === "object" && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
  return value;
}

function namesOf(name: string, value: unknown): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [name];
  holds(`${name} is a plain object`, Object.getPrototypeOf(value) === Object.prototype);
  return Reflect.ownKeys(value).map((key) => `${name}.${String(key)}`);
}

function checkIssues(issues: readonly ConfigIssue[], path: string, text: string): void {
  holds("there is an issue", issues.length > 0);
  const lines = text.split("\n");
  for (const issue of issues) {
    const { position, message, key } = issue;
    holds(`an issue is one line: ${message}`, !/[\n\r\0\x1b]/.test(formatIssue(issue)));
    holds("an issue begins with its file", formatIssue(issue).startsWith(`${path}:`));
    if (!position) {
      holds(`an issue has a place: ${formatIssue(issue)}`, key === undefined && WITHOUT_PLACE.test(message));
      continue;
    }
    const line = lines[position.line - 1];
    const isWithin = line !== undefined && position.column >= 1 && position.column <= line.length + 1;
    holds(`the place is in the file: ${formatIssue(issue)}`, isWithin);
    if (key !== undefined) holds(`there is a key: ${formatIssue(issue)}`, /\S/.test(line!.slice(position.column - 1)));
  }
}

import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";

import * as fc from "fast-check";

import { formatIssue } from "../../src/config/issue.ts";
import { loadConfig } from "../../src/config/load.ts";
import { KEYS } from "../../src/config/schema.ts";
import { runBinary } from "../e2e/run.ts";
import type { Requirement } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { checkConfigFile, configProperty } from "./configchecks.ts";
import { REFERENCE_KEYS } from "./configreference.ts";
import { configBytes, HUGE_TEXTS } from "./configtexts.ts";
import { expectProperty } from "./property.ts";

const linux: Requirement = process.platform === "linux" ? { ok: true } : { ok: false, reason: "needs Linux" };

let dir: TempDir;
let path = "";
beforeAll(() => {
  dir = new TempDir();
  path = dir.file("portsyncd.conf");
});
afterAll(() => dir[Symbol.asyncDispose]());

/** What is said of a file with this content, a character a byte; nothing of a right one. */
function issuesOf(content: string): string[] {
  writeFileSync(path, Buffer.from(content, "latin1"));
  return (loadConfig(path, { mustExist: true }).issues ?? []).map((issue) => formatIssue(issue).slice(path.length));
}

test("REFERENCE_KEYS has every key of the schema, so that the reference can be what a file is judged by", () => {
  expect(REFERENCE_KEYS.map((key) => key.path)).toEqual([...KEYS.keys()]);
});

for (const [what, content, issue] of [
  ["a byte of zero", 'mode = "sonic"\0\n', ":1:15: not valid TOML: "],
  ["the first half of a surrogate pair as UTF-8", 'mode = "\xed\xa0\x80"', ": is not UTF-8, which TOML must be"],
  ["an overlong slash", 'mode = "\xc0\xaf"', ": is not UTF-8, which TOML must be"],
  ["UTF-16", "\xff\xfem\0o\0d\0e\0", ": is not UTF-8, which TOML must be"],
  ["carriage returns alone", 'mode = "sonic"\rrestart = "adopt"\r', ":1:15: not valid TOML: "],
  ["a key twice", 'mode = "sonic"\nmode = "sonic"', ":2:1: not valid TOML: "],
  ["a table that is a value already", "log.level = 5\n[log]", ":2:2: not valid TOML: "],
  ["arrays 33 deep", `a = ${"[".repeat(33)}${"]".repeat(33)}`, ":1:37: not valid TOML: "],
  ["__proto__ as a table", "[__proto__]\npolluted = 1", ":1:2: __proto__: unknown key, "],
  ["__proto__ in a table", "[log]\n__proto__.polluted = 1", ":2:1: log.__proto__: unknown key, "],
  ["the prototype of a constructor", "[constructor.prototype]\npolluted = 1", ":1:2: constructor: unknown key, "],
  ["an integer of 400 digits", `database.redis_port = ${"9".repeat(400)}`, ":1:10: database.redis_port: 999"],
  ["a date where a number belongs", "database.redis_port = 1979-05-27", ":1:10: database.redis_port: a date is not"],
  ["a date that is none", "mode = 2026-13-01", ":1:8: not valid TOML: "],
] as const)
  test(`loadConfig refuses ${what}, and says where`, () => {
    const issues = issuesOf(content);
    expect(issues).toHaveLength(1);
    expect(issues[0]).toStartWith(issue);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

test("loadConfig takes all line ends of TOML, and a comment with anything in it that is UTF-8", () => {
  expect(issuesOf('mode = "sonic"\r\n# \xe2\x80\xa8\xf0\x9f\x98\x80\nrestart = "adopt"')).toEqual([]);
});

for (const [what, text] of Object.entries(HUGE_TEXTS))
  test(`loadConfig comes to an end with ${what}`, () => {
    expect(() => checkConfigFile(path, Buffer.from(text))).not.toThrow();
  }, 30_000);

test("configBytes are right and wrong, so that both are tried", () => {
  const loaded = fc.sample(configBytes, 400).map((bytes) => {
    writeFileSync(path, bytes);
    return loadConfig(path, { mustExist: true }).config !== undefined;
  });
  expect(loaded.filter((isRight) => isRight).length).toBeWithin(20, 380);
});

test("loadConfig gives what the reference allows, or issues with their places, for any file", async () => {
  await expectProperty(configProperty(path), 1500);
}, 30_000);

testWith(
  linux,
  "portsyncd --check-config ends with ok or with issues for any file, and never in another way",
  async () => {
    for (const bytes of [...fc.sample(configBytes, 4), new Uint8Array(2 ** 20), Buffer.from("__proto__.mode = 1")]) {
      writeFileSync(path, bytes);
      const { code, stdout, stderr } = await runBinary(["--check-config", "--config", path]);
      const lines = stderr.split("\n").slice(0, -1);
      expect({ bytes, code, stdout }).toEqual(
        lines.length === 0 ? { bytes, code: 0, stdout: `${path}: ok\n` } : { bytes, code: 78, stdout: "" },
      );
      expect(lines.filter((line) => !line.startsWith(`${path}:`))).toEqual([]);
    }
  },
);

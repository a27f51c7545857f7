import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { type Coverage, IMPROVEMENTS, RULES, SECTION_9 } from "./rules.ts";

const ROOT = join(import.meta.dir, "../..");
/** The contract ends with rule 58; section 9 corrects it. */
const LAST_RULE = 58;

/** The names of the tests in a file, with `${...}` in them where the file has it. */
function testNames(file: string): string[] {
  const source = readFileSync(join(ROOT, file), "utf8");
  const calls = source.matchAll(/\btest(?:With)?\(\s*(?:[\w.]+(?:\([^()]*\))?,\s*)?(["'`])((?:\\.|(?!\1).)*)\1/gs);
  return [...calls].map(([, , name]) => name!.replace(/\\(["'`])/g, "$1"));
}

/** What a coverage names and is not there. */
function missing(coverage: Coverage): string[] {
  if ("none" in coverage) return coverage.none === "" ? ["a reason"] : [];
  const [file, beginning] = coverage;
  return testNames(file).some((name) => name.startsWith(beginning)) ? [] : [`${file}: ${beginning}`];
}

test("RULES has every rule of the contract, each with a test or a reason", () => {
  expect(Object.keys(RULES).map(Number)).toEqual(Array.from({ length: LAST_RULE }, (_, i) => i + 1));
  for (const table of [RULES, SECTION_9, IMPROVEMENTS]) {
    for (const coverages of Object.values(table)) expect(coverages.length).toBeGreaterThan(0);
  }
});

describe("missing", () => {
  test("missing finds a test by the beginning of its name, and misses one that is not there", () => {
    const file = "test/contract/rules.test.ts";
    expect(missing([file, "missing finds a test by"])).toEqual([]);
    expect(missing([file, "finds a test by"])).toEqual([`${file}: finds a test by`]);
  });

  for (const [table, coverages] of Object.entries({ RULES, SECTION_9, IMPROVEMENTS })) {
    test(`missing finds every test that ${table} names`, () => {
      expect(Object.values(coverages).flat().flatMap(missing)).toEqual([]);
    });
  }

  test("missing finds in a numbered rule's tests the number of the rule", () => {
    const unnumbered = Object.entries(RULES).flatMap(([rule, coverages]) =>
      coverages.some((coverage) => "none" in coverage || mentions(coverage, Number(rule))) ? [] : [rule],
    );
    expect(unnumbered).toEqual([]);
  });
});

/** True when a test's whole name has the number of the rule in its parentheses. */
function mentions([file, beginning]: readonly [string, string], rule: number): boolean {
  const names = testNames(file).filter((name) => name.startsWith(beginning));
  return names.some((name) => new RegExp(`\\brules? [^)]*\\b${rule}[a-c]?\\b`).test(name));
}

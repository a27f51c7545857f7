import { describe, expect, test } from "bun:test";

import { closest } from "../../src/util/closest.ts";

const NAMES = ["config", "print-config", "mode", "monitor", "record", "man"] as const;

describe("closest", () => {
  for (const [word, expected] of [
    ["confg", "config"],
    ["CONFIG", "config"],
    ["moed", "mode"],
    ["montor", "monitor"],
    ["rec", "record"],
    ["r", undefined],
    ["coned", undefined],
    ["mna", undefined],
    ["print-xyzuig", undefined],
    ["xyz", undefined],
    ["", undefined],
    ["something-else", undefined],
    ["c".repeat(100_000), undefined],
  ] as const)
    test(`gives ${expected} for ${word.slice(0, 20)}`, () => {
      expect(closest(word, NAMES)).toBe(expected);
    });

  test("gives nothing without candidates", () => {
    expect(closest("a", [])).toBeUndefined();
  });
});

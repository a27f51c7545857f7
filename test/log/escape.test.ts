import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { escapeControls, formatValue, quoteString, quoteWord } from "../../src/log/escape.ts";

const DANGEROUS = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e\p{Cs}]/u;
const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("\x1b", "\n", "\r", '"', "\\", "\x9b", "\ud800", "\udc00", "\u202e", "a", " ") }),
  fc.uint8Array({ maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
);

describe("quoteWord", () => {
  for (const [text, expected] of [
    ["Ethernet0", "Ethernet0"],
    ["a/b:c@d{}", "a/b:c@d{}"],
    ["", '""'],
    ["a b", '"a b"'],
    ['a"b', '"a\\"b"'],
    ["a'b", `"a'b"`],
    ["a\\ b", '"a\\\\ b"'],
    ["a\nb", '"a\\x0ab"'],
    ["\x1b[31m", '"\\x1b[31m"'],
    ["\x7f\x9b", '"\\x7f\\x9b"'],
    ["\ud800x", '"\\ud800x"'],
    ["\u2028\u202e", '"\\u2028\\u202e"'],
    ["\u{e0001}", '"\\u{e0001}"'],
    ["é😀", '"é😀"'],
  ])
    test(`writes ${JSON.stringify(text)} as ${expected}`, () => {
      expect(quoteWord(text!)).toBe(expected!);
    });

  test("leaves nothing that breaks a line or drives a terminal, and ends where it should", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const word = quoteWord(text);
        expect(word).not.toMatch(DANGEROUS);
        expect(word).toMatch(/^(?:[\x21\x23-\x26\x28-\x7e]+|"(?:[^"\\]|\\.)*")$/u);
      }),
      { numRuns: 1000 },
    );
  });

  test("gives different words for different texts", () => {
    fc.assert(
      fc.property(anyText, anyText, (a, b) => {
        expect(quoteWord(a) === quoteWord(b)).toBe(a === b);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("quoteString", () => {
  test("quotes plain text too", () => {
    expect(quoteString("a")).toBe('"a"');
  });
});

describe("escapeControls", () => {
  test("escapes in place, without quotes", () => {
    expect(escapeControls('a "b"\n\x1b')).toBe('a "b"\\x0a\\x1b');
  });
});

describe("formatValue", () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  const deep: unknown[] = [];
  deep.push(deep, deep);
  for (const [name, value, expected] of [
    ["a number", 1.5, "1.5"],
    ["a big integer", 2n ** 70n, "1180591620717411303424"],
    ["a boolean", false, "false"],
    ["null", null, "-"],
    ["undefined", undefined, "-"],
    ["an error", new Error("no\nway"), '"no\\x0away"'],
    ["an error without a message", new TypeError(), "TypeError"],
    ["a list of names", ["Ethernet0", "a b"], 'Ethernet0, "a b"'],
    ["an empty list", [], "-"],
    ["an object", { a: 1n }, '"{\\"a\\":\\"1\\"}"'],
    ["an object without a prototype", Object.create(null), "{}"],
    ["a cycle", cycle, "unprintable"],
    ["a symbol", Symbol("s"), "Symbol(s)"],
  ] as const)
    test(`writes ${name}`, () => {
      expect(formatValue(value)).toBe(expected);
    });

  test("never throws and never breaks a line, whatever the value", () => {
    expect(formatValue(deep)).toContain("unprintable");
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withNullPrototype: true, withDate: true, withMap: true }),
        (value) => {
          expect(formatValue(value)).not.toMatch(DANGEROUS);
        },
      ),
    );
  });
});

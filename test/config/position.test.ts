import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";
import { parse } from "smol-toml";

import { findKeyPositions, type KeyPath } from "../../src/config/position.ts";

const CASES: readonly (readonly [string, string, KeyPath, string])[] = [
  ["a plain key", "a = 1\nb = 2", ["b"], "2:1"],
  ["an indented key", "a = 1\n\t  b = 2", ["b"], "2:4"],
  ["a key in a table", "[t]\na = 1", ["t", "a"], "2:1"],
  ["a table header", "\n[ t ]\n", ["t"], "2:3"],
  ["a table header with a comment", "[t] # [u]\na = 1 # a = 2\nb = 3", ["t", "b"], "3:1"],
  ["a dotted header", "[t . u]\na = 1", ["t", "u"], "1:6"],
  ["a dotted key", "t.a = 1", ["t", "a"], "1:3"],
  ["a dotted key with spaces", "t . a = 1", ["t", "a"], "1:5"],
  ["a quoted key", '"t" = 1\n[x]\n"a b" = 1', ["x", "a b"], "3:1"],
  ["a literal quoted key", "'a.b' = 1", ["a.b"], "1:1"],
  ["an escaped key", '"\\u0061\\x62\\t\\"" = 1', ['ab\t"'], "1:1"],
  ["a key after CRLF", "a = 1\r\nb = 2\r\n", ["b"], "2:1"],
  ["an inline table", "t = { a = 1, b = 2 }", ["t", "b"], "1:14"],
  ["an inline table over lines", "t = {\n  a = 1, # no\n  b = 2,\n}\nc = 1", ["c"], "5:1"],
  ["a dotted key in an inline table", "t = { a.b = 1 }", ["t", "a", "b"], "1:9"],
  ["an array element", "a = [1,\n 2, 3]", ["a", 1], "2:2"],
  ["a nested array element", "a = [[1], [2, [3]]]", ["a", 1, 1, 0], "1:16"],
  ["an inline table in an array", "a = [{ b = 1 }, { b = 2 }]", ["a", 1, "b"], "1:19"],
  ["an array of tables", "[[a]]\nb = 1\n[[a]]\nb = 2", ["a", 1, "b"], "4:1"],
  ["a table below an array of tables", "[[a]]\n[[a]]\n[a.c]\nb = 2", ["a", 1, "c", "b"], "4:1"],
  ["a key after a string with a header in it", 'a = "[t]\\"" # "\nb = 1', ["b"], "2:1"],
  ["a key after a literal string", "a = 'x\\'\nb = 1", ["b"], "2:1"],
  ["a key after a multi-line string", 'a = """\nb = 1\n[t]\n\\""" """\nc = 1', ["c"], "5:1"],
  ["a key after a string that ends in five quotes", 'a = """x"""""\nc = 1', ["c"], "2:1"],
  ["a key after an empty multi-line string", 'a = """"""\nc = 1', ["c"], "2:1"],
  ["a key after a multi-line literal", "a = '''\nb = 1\n\\'''''\nc = 1", ["c"], "4:1"],
  ["a key after a date with a space", "a = 1979-05-27 07:32:00Z\nb = 1", ["b"], "2:1"],
  ["an element after a date with a space", "a = [1979-05-27 07:32:00, 2]", ["a", 1], "1:27"],
  ["a key after numbers", "a = -1.5e+3\nb = +inf\nc = 0x_f\nd = 1", ["d"], "4:1"],
  ["a key whose quotes hide an equals sign", '"a = b" = 1\nc = 1', ["c"], "2:1"],
  ["the first of two mentions of a table", "t.a = 1\nt.b = 2", ["t"], "1:1"],
  ["the table where the key is missing", "[t]\n", ["t", "nothing"], "1:2"],
];

function at(text: string, path: KeyPath): string {
  const position = findKeyPositions(text).find(path);
  return `${position?.line}:${position?.column}`;
}

describe("findKeyPositions finds", () => {
  for (const [name, text, path, expected] of CASES)
    test(name, () => {
      expect(at(text, path)).toBe(expected);
    });

  test("nothing for a key that no part of the text mentions", () => {
    expect(findKeyPositions("a = 1").find(["b"])).toBeUndefined();
  });
});

/** A document in pieces, with the place of each key noted while it is written. */
class Writer {
  text = "";
  readonly places: [KeyPath, string][] = [];

  write(text: string): this {
    this.text += text;
    return this;
  }

  key(path: KeyPath, spelling: string): this {
    const lines = this.text.split("\n");
    this.places.push([path, `${lines.length}:${lines.at(-1)!.length + 1}`]);
    return this.write(spelling);
  }
}

const VALUES = [
  "1",
  '"x"',
  "'#'",
  '"a\\" = [1]"',
  '"""\n[t]\nk = 1 """""',
  "'''\n]}'''",
  "[ 1, # ]\n 2 ]",
  "1979-05-27 07:32:00",
];
const value = fc.constantFrom(...VALUES);
const space = fc.constantFrom("", " ", "\t", "  ");
const gap = fc.constantFrom("", "\n", "# k = 1\n", "\r\n", " \t\n");
const nameText = fc.oneof(
  fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 6 }),
  fc.constantFrom("a.b", "=", "[t]", "#", "é", "\u0000", '"', "\\", "__proto__"),
);

function spell(name: string): string {
  return /^[\w-]+$/.test(name) ? name : JSON.stringify(name).replaceAll("\x7f", "\\u007f");
}

const documents = fc
  .record({
    tables: fc.uniqueArray(
      fc.record({
        name: nameText,
        form: fc.constantFrom("header", "inline", "dotted"),
        keys: fc.uniqueArray(fc.record({ name: nameText, value }), { selector: (key) => key.name, maxLength: 4 }),
        space,
        gap,
      }),
      { selector: (table) => table.name, maxLength: 5 },
    ),
  })
  .map(({ tables }) => {
    const writer = new Writer();
    // Dotted and inline forms must come before the first header.
    const ordered = [
      ...tables.filter(({ form }) => form !== "header"),
      ...tables.filter(({ form }) => form === "header"),
    ];
    for (const table of ordered) writeTable(writer, table);
    return writer;
  });

interface Table {
  readonly name: string;
  readonly form: string;
  readonly keys: readonly { readonly name: string; readonly value: string }[];
  readonly space: string;
  readonly gap: string;
}

function writeTable(writer: Writer, { name, form, keys, space, gap }: Table): void {
  writer.write(gap).write(space);
  if (form === "header") writer.write("[").key([name], spell(name)).write(`${space}]\n`);
  if (form === "inline") writer.key([name], spell(name)).write(`${space}= {${space}`);
  for (const [index, key] of keys.entries()) {
    if (form === "inline" && index > 0) writer.write(",").write(space);
    if (form === "dotted" && index === 0) writer.key([name], spell(name)).write(".");
    else if (form === "dotted") writer.write(`${spell(name)}${space}.`);
    writer.write(space).key([name, key.name], spell(key.name)).write(`${space}=${space}${key.value}`);
    if (form !== "inline") writer.write(`${space}# ${key.name.replace(/[^\w]/g, "")}\n${gap}`);
  }
  if (form === "inline") writer.write("}\n");
}

describe("findKeyPositions", () => {
  test("agrees with the writer of any document on the place of every key", () => {
    fc.assert(
      fc.property(documents, ({ text, places }) => {
        expect(() => parse(text)).not.toThrow();
        const positions = findKeyPositions(text);
        for (const [path, expected] of places) {
          const found = positions.find(path);
          expect([path, `${found?.line}:${found?.column}`]).toEqual([path, expected]);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("ends for any text, valid or not", () => {
    const nasty = fc.string({ unit: fc.constantFrom(..."[]{}=.,#\"'\\\n\r a1é\u2028") });
    fc.assert(
      fc.property(nasty, (text) => {
        findKeyPositions(text).find(["a"]);
      }),
      { numRuns: 2000 },
    );
  });

  test("keeps no path per level of a key with a hundred thousand parts", () => {
    expect(at(`${"a.".repeat(100_000)}b = 1`, ["a"])).toBe("1:1");
  });
});

import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { portLabel, portLabelText } from "../../src/metrics/portlabel.ts";
import { parseExposition, seriesName } from "./exposition.ts";

/** Any name that the kernel lets a netdev have (dev_valid_name): 1 to 15 bytes but NUL, white space, "/" and ":". */
const names = fc
  .uint8Array({ minLength: 1, maxLength: 15 })
  .map((bytes) => String.fromCharCode(...bytes))
  .filter((name) => !/[\0\t-\r /:]/.test(name) && name !== "." && name !== "..");
/** Names that are likely to become the same. */
const similar = fc
  .array(fc.constantFrom("\xc3\xa9", "\xe9", "\xc3", "\\", "xe9", "\\xe9", '"', "n"), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join(""));

describe("portLabel", () => {
  for (const [name, label] of [
    ["Ethernet0", "Ethernet0"],
    ["Ethern\xc3\xa9t", "Ethernét"],
    ["Ethern\xe9t", "Ethern/xe9t"],
    ["a\\b", "a\\b"],
    ['a"b', 'a"b'],
    ["a\x01b", "a\x01b"],
    ["\xff\xfe", "/xff/xfe"],
    ["\xc3\xa9\xff", "/xc3/xa9/xff"],
  ] as const)
    test(`portLabel makes ${JSON.stringify(label)} of ${JSON.stringify(name)}`, () => {
      expect(portLabel(name)).toBe(label);
    });

  test("portLabel never makes the same of two names, and always what UTF-8 can say", () => {
    fc.assert(
      fc.property(fc.oneof(names, similar), fc.oneof(names, similar), (a, b) => {
        expect(portLabel(a) === portLabel(b)).toBe(a === b);
        expect(Buffer.from(portLabel(a), "utf8").toString("utf8")).toBe(portLabel(a));
      }),
      { numRuns: 5000 },
    );
  });
});

test("portLabelText is what a reader of the text format takes for the label", () => {
  fc.assert(
    fc.property(fc.oneof(names, similar, fc.constant("a\nb\\n")), (name) => {
      const text = `# HELP m M.\n# TYPE m gauge\nm{port="${portLabelText(name)}"} 1\n`;
      expect([...parseExposition(text).get("m")!.series.keys()]).toEqual([seriesName("m", { port: portLabel(name) })]);
    }),
    { numRuns: 2000 },
  );
});

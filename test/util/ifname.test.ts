import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { decodeName, encodeName } from "../../src/util/ifname.ts";
import { netdevNames } from "../support/netdevnames.ts";

describe("decodeName", () => {
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
    test(`decodeName makes ${JSON.stringify(label)} of ${JSON.stringify(name)}`, () => {
      expect(decodeName(name)).toBe(label);
    });

  test("decodeName never makes the same of two names, and always what UTF-8 can say", () => {
    fc.assert(
      fc.property(netdevNames, netdevNames, (a, b) => {
        expect(decodeName(a) === decodeName(b)).toBe(a === b);
        expect(Buffer.from(decodeName(a), "utf8").toString("utf8")).toBe(decodeName(a));
      }),
      { numRuns: 5000 },
    );
  });

  test("decodeName is undone by encodeName", () => {
    fc.assert(
      fc.property(netdevNames, (name) => expect(encodeName(decodeName(name))).toBe(name)),
      { numRuns: 5000 },
    );
    expect(encodeName("Ethernét")).toBe("Ethern\xc3\xa9t");
    expect(encodeName("Ethern/xe9t")).toBe("Ethern\xe9t");
    expect(encodeName("a/x41/xe")).toBe("a/x41/xe");
  });
});

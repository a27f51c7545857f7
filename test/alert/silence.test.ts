import { expect, test } from "bun:test";

import * as fc from "fast-check";

import {
  createSilence,
  findSilence,
  isActive,
  type Matcher,
  matches,
  matchesPattern,
  type Silence,
  type Target,
} from "../../src/alert/silence.ts";

const FLAPPING: Target = { rule: "port_flapping", severity: "warning", port: "Ethernet4" };
const REDIS: Target = { rule: "redis_down", severity: "critical", port: undefined };

function silenceOf(matcher: Matcher, expiresWallMs = 1000, id = "s"): Silence {
  return { id, matcher, reason: "maintenance", createdWallMs: 0, expiresWallMs };
}

test("matches asks that all that a silence names is so", () => {
  expect(matches(silenceOf({ rule: "port_flapping" }), FLAPPING)).toBe(true);
  expect(matches(silenceOf({ rule: "port_flapping" }), REDIS)).toBe(false);
  expect(matches(silenceOf({ severity: "critical" }), REDIS)).toBe(true);
  expect(matches(silenceOf({ severity: "critical" }), FLAPPING)).toBe(false);
  expect(matches(silenceOf({ port: "Ethernet4" }), FLAPPING)).toBe(true);
  expect(matches(silenceOf({ port: "Ethernet8" }), FLAPPING)).toBe(false);
  expect(matches(silenceOf({ rule: "port_flapping", severity: "warning", port: "Ethernet4" }), FLAPPING)).toBe(true);
  expect(matches(silenceOf({ rule: "port_flapping", severity: "info", port: "Ethernet4" }), FLAPPING)).toBe(false);
});

test("matches never takes a silence of ports for an alert without one", () => {
  expect(matches(silenceOf({ port: "*" }), REDIS)).toBe(false);
  expect(matches(silenceOf({ rule: "*" }), REDIS)).toBe(true);
});

test("matchesPattern takes * for any characters, and everything else as it is", () => {
  const yes = ["*", "Ethernet4", "Ether*", "*4", "E*t*4", "*ther*", "Ethernet4*", "**", "E*4"];
  for (const pattern of yes) expect([pattern, matchesPattern(pattern, "Ethernet4")]).toEqual([pattern, true]);
  const no = [
    "",
    "Ethernet",
    "Ethernet44",
    "ethernet4",
    "*5",
    "E*5*4",
    "Ethernet.",
    "[A-Z]*",
    "Ethernet4*4",
    "*t*t*t*",
  ];
  for (const pattern of no) expect([pattern, matchesPattern(pattern, "Ethernet4")]).toEqual([pattern, false]);
});

test("matchesPattern says what a regular expression would", () => {
  const words = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 });
  const property = fc.property(words, text, (pattern, name) => {
    const regexp = new RegExp(`^${pattern.replaceAll("*", ".*")}$`);
    expect(matchesPattern(pattern, name)).toBe(regexp.test(name));
  });
  fc.assert(property, { numRuns: 2000 });
});

test("isActive ends when the silence expires", () => {
  expect([isActive(silenceOf({}), 999), isActive(silenceOf({}), 1000)]).toEqual([true, false]);
});

test("findSilence finds the one that lasts longest of those that match and have not expired", () => {
  const silences = [
    silenceOf({ rule: "redis_down" }, 2000, "short"),
    silenceOf({ severity: "critical" }, 3000, "long"),
    silenceOf({ rule: "port_flapping" }, 9000, "other"),
  ];
  expect(findSilence(silences, REDIS, 1000)?.id).toBe("long");
  expect(findSilence(silences.toReversed(), REDIS, 1000)?.id).toBe("long");
  expect(findSilence(silences, REDIS, 3000)).toBeUndefined();
  expect(findSilence(silences.slice(0, 1), REDIS, 1999)?.id).toBe("short");
});

const GOOD = { port: "Ethernet4", reason: "new cable", expires_in_secs: 3600 };

test("createSilence makes what is asked for, as plain data", () => {
  const created = createSilence("s1", { ...GOOD, rule: "port_*", severity: "warning" }, 5000);
  const silence = {
    id: "s1",
    matcher: { rule: "port_*", severity: "warning", port: "Ethernet4" },
    reason: "new cable",
    createdWallMs: 5000,
    expiresWallMs: 3_605_000,
  };
  expect(created).toEqual({ silence } as never);
  expect(JSON.parse(JSON.stringify(created))).toEqual({ silence });
});

test("createSilence says what is wrong with a request, and all of it", () => {
  const keysOf = (request: Record<string, unknown>): string[] => {
    const created = createSilence("s1", request, 0);
    return "issues" in created ? created.issues.map(({ key }) => key) : [];
  };
  expect(keysOf({ ...GOOD })).toEqual([]);
  expect(keysOf({ reason: "x", expires_in_secs: 1 })).toEqual(["rule"]);
  expect(keysOf({ ...GOOD, reason: "  " })).toEqual(["reason"]);
  expect(keysOf({ ...GOOD, reason: undefined })).toEqual(["reason"]);
  expect(keysOf({ ...GOOD, reason: "x".repeat(257) })).toEqual(["reason"]);
  expect(keysOf({ ...GOOD, severity: "bad" })).toEqual(["severity"]);
  expect(keysOf({ ...GOOD, port: 4 })).toEqual(["port"]);
  expect(keysOf({ ...GOOD, rule: "" })).toEqual(["rule"]);
  for (const seconds of [0, -1, NaN, Infinity, 366 * 86_400 + 1, "60", undefined])
    expect(keysOf({ ...GOOD, expires_in_secs: seconds })).toEqual(["expires_in_secs"]);
  expect(keysOf({ ...GOOD, until: 5, prot: "x" })).toEqual(["until", "prot"]);
  expect(keysOf({})).toEqual(["reason", "expires_in_secs", "rule"]);
});

test("createSilence guesses which key was meant", () => {
  const created = createSilence("s1", { ...GOOD, prot: "x" }, 0);
  expect("issues" in created && created.issues[0]!.message).toBe("there is no such key; is port meant?");
});

import { expect, test } from "bun:test";

import { annotate, unknownPlaceholders } from "../../src/alert/annotation.ts";
import { ruleOf } from "./rig.ts";

const ABOUT = { value: 12, port: undefined, details: [] };

test("annotate fills in value, threshold, window, delay and port", () => {
  const rule = ruleOf({
    scope: "port",
    expression: { kind: "increase", metric: "m", windowSeconds: 300 },
    forSeconds: 30,
    unit: "percent",
    summary: "{port}: {value} above {threshold}, {window}, {for}",
    description: "{port} {port}",
    action: "config interface shutdown {port}",
  });
  expect(annotate(rule, { ...ABOUT, port: "Ethernet4" })).toEqual({
    summary: "Ethernet4: 12 % above 0 %, 5 min, 30 s",
    description: "Ethernet4 Ethernet4",
    action: "config interface shutdown Ethernet4",
  });
});

test("annotate shows a range and a rate as such", () => {
  const range = ruleOf({ summary: "{threshold}", condition: { kind: "between", low: 1, high: 2 }, unit: "seconds" });
  expect(annotate(range, ABOUT).summary).toBe("1 s to 2 s");
  const rate = { kind: "rateOfChange", perSecond: 0.5, windowSeconds: 60 } as const;
  const rule = ruleOf({ summary: "{value} {threshold} {window}", condition: rate });
  expect(annotate(rule, { ...ABOUT, value: 0.75 }).summary).toBe("0.75/s 0.5/s 60 s");
});

test("annotate ends the description with what stands behind the number, and counts the rest", () => {
  const rule = ruleOf({ description: "{value} ports.", details: { title: "Ports", metric: "m" } });
  const names = Array.from({ length: 23 }, (_, i) => `p${i}`);
  const twenty = names.slice(0, 20).join(", ");
  expect(annotate(rule, { ...ABOUT, details: ["p0", "p1"] }).description).toBe("12 ports. Ports: p0, p1.");
  expect(annotate(rule, { ...ABOUT, details: names.slice(0, 20) }).description).toBe(`12 ports. Ports: ${twenty}.`);
  expect(annotate(rule, { ...ABOUT, details: names }).description).toBe(`12 ports. Ports: ${twenty} and 3 more.`);
  expect(annotate(rule, ABOUT).description).toBe("12 ports.");
});

test("annotate lets no name of a port or a detail break a line or fill in a placeholder", () => {
  const rule = ruleOf({
    scope: "port",
    summary: "{port} {value}",
    details: { title: "Ports", metric: "m" },
  });
  const { summary, description } = annotate(rule, { value: 1, port: "{value}\n\u001b[31m", details: ["a\nb"] });
  expect(summary).toBe('"{value}\\x0a\\x1b[31m" 1');
  expect(description).toContain("Ports: a\\x0ab.");
});

test("unknownPlaceholders are all braces that annotate would leave", () => {
  expect(unknownPlaceholders("{value} {values} {} {port}")).toEqual(["values", ""]);
  expect(annotate(ruleOf({ summary: "{values}" }), ABOUT).summary).toBe("{values}");
});

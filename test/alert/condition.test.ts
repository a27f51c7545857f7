import { expect, test } from "bun:test";

import { type Condition, isMet } from "../../src/alert/condition.ts";

const ABOVE: Condition = { kind: "above", threshold: 5 };
const BELOW: Condition = { kind: "below", threshold: 5 };
const BETWEEN: Condition = { kind: "between", low: 2, high: 4 };
const EQUALS: Condition = { kind: "equals", threshold: 0 };
const RATE: Condition = { kind: "rateOfChange", perSecond: 0.5, windowSeconds: 60 };

const CASES: readonly (readonly [condition: Condition, value: number, met: boolean])[] = [
  [ABOVE, 5.0001, true],
  [ABOVE, 5, false],
  [ABOVE, -6, false],
  [BELOW, 4.9999, true],
  [BELOW, 5, false],
  [BELOW, 6, false],
  [BETWEEN, 2, true],
  [BETWEEN, 3, true],
  [BETWEEN, 4, true],
  [BETWEEN, 1.9999, false],
  [BETWEEN, 4.0001, false],
  [EQUALS, 0, true],
  [EQUALS, 0.001, true],
  [EQUALS, -0.001, true],
  [EQUALS, 0.0011, false],
  [EQUALS, -0.0011, false],
  [RATE, 0.51, true],
  [RATE, 0.5, false],
  [RATE, -1, false],
];

for (const [condition, value, met] of CASES) {
  test(`isMet says ${met} for ${value} and ${JSON.stringify(condition)}`, () => {
    expect(isMet(condition, value)).toBe(met);
  });
}

test("isMet is false for every condition where there is no value", () => {
  for (const condition of [ABOVE, BELOW, BETWEEN, EQUALS, RATE]) expect(isMet(condition, undefined)).toBe(false);
  expect(isMet({ kind: "below", threshold: Infinity }, undefined)).toBe(false);
});

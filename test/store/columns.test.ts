import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { packTransitions, unpackTransitions } from "../../src/store/columns.ts";
import { CAUSES, type Transition } from "../../src/store/transition.ts";

const snapshot = fc.option(
  fc.record({ admin: fc.boolean(), oper: fc.boolean(), mtu: fc.integer({ min: 0, max: 2 ** 32 - 1 }) }),
);
const transition: fc.Arbitrary<Transition> = fc.record({
  wallMs: fc.oneof(fc.integer(), fc.double({ noNaN: true })),
  port: fc.oneof(fc.constantFrom("Ethernet0", "Ethernet4", "__proto__", ""), fc.string()),
  cause: fc.constantFrom(...CAUSES),
  old: snapshot,
  new: snapshot,
});

test("unpackTransitions gives back what packTransitions was given", () => {
  fc.assert(
    fc.property(fc.array(transition), (transitions) => {
      expect(unpackTransitions(packTransitions(transitions))).toEqual(transitions);
    }),
    { numRuns: 500 },
  );
});

test("packTransitions has each port's name once", () => {
  const of = (port: string): Transition => ({ port, wallMs: 1, cause: "event", old: null, new: null });
  expect(packTransitions(["a", "b", "a", "a", "b"].map(of)).ports).toEqual(["a", "b"]);
});

import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { ColumnsWriter, packTransitions, unpackTransitions } from "../../src/store/columns.ts";
import { CAUSES, type Transition } from "../../src/store/transition.ts";
import { transitionsFrom } from "./requests.ts";

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

test("ColumnsWriter takes as many as it is told, however little room it had, and gives them without those that it dropped", () => {
  const writer = new ColumnsWriter(5, 2);
  const counts: (number | boolean)[][] = [];
  for (const transition of transitionsFrom(0, 5)) {
    counts.push([writer.count, writer.isFull]);
    writer.add(transition);
  }
  expect(counts).toEqual([0, 1, 2, 3, 4].map((count) => [count, false]));
  const all = writer.columns();
  writer.dropOldest();
  writer.dropOldest();
  expect([writer.count, writer.isFull]).toEqual([3, true]);
  expect(unpackTransitions(writer.columns())).toEqual(transitionsFrom(2, 3));
  expect(unpackTransitions(all)).toEqual(transitionsFrom(0, 5));
});

import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { MOST_VARINT_BYTES, putVarint, takeVarint } from "../../src/store/varint.ts";

const MOST = 2 ** 52;
const integer = fc.oneof(
  fc.integer(),
  fc.integer({ min: -70, max: 70 }),
  fc.integer({ min: -MOST, max: MOST - 1 }),
  fc.constantFrom(0, -1, 63, 64, -64, -65, 2 ** 30 - 1, 2 ** 30, -(2 ** 30), -(2 ** 30) - 1, MOST - 1, -MOST),
);

for (const [value, hex] of [
  [0, "00"],
  [-1, "01"],
  [1, "02"],
  [63, "7e"],
  [-64, "7f"],
  [64, "8001"],
  [9100, "988e01"],
  [-(2 ** 52), "ffffffffffffff0f"],
] as const)
  test(`putVarint writes ${value} as ${hex}`, () => {
    const bytes = new Uint8Array(MOST_VARINT_BYTES + 1);
    expect(Buffer.from(bytes.subarray(0, putVarint(bytes, 0, value))).toString("hex")).toBe(hex);
  });

test("takeVarint reads what putVarint wrote, one after the other", () => {
  fc.assert(
    fc.property(fc.array(integer), (values) => {
      const bytes = new Uint8Array(values.length * MOST_VARINT_BYTES);
      let end = 0;
      for (const value of values) end = putVarint(bytes, end, value);
      const cursor = { at: 0 };
      expect(values.map(() => takeVarint(bytes.subarray(0, end), cursor))).toEqual(values);
      expect(cursor.at).toBe(end);
    }),
    { numRuns: 500 },
  );
});

test("takeVarint reads NaN where the bytes end, and where a number does not", () => {
  expect(takeVarint(Uint8Array.of(), { at: 0 })).toBeNaN();
  expect(takeVarint(Uint8Array.of(0x80, 0x80), { at: 0 })).toBeNaN();
  expect(takeVarint(new Uint8Array(20).fill(0xff), { at: 0 })).toBeNaN();
});

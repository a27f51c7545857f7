import { expect, test } from "bun:test";

import { encodeSockaddrUn } from "../../../ffi/sys/un.ts";

function text(address: Uint8Array): string {
  return Buffer.from(address).toString("latin1");
}

test("encodeSockaddrUn writes the family and the path with its NUL", () => {
  expect(text(encodeSockaddrUn("/run/a"))).toBe("\x01\0/run/a\0");
});

test("encodeSockaddrUn writes an abstract name with a NUL before it and none after it", () => {
  expect(text(encodeSockaddrUn("@a"))).toBe("\x01\0\0a");
});

test("encodeSockaddrUn counts bytes, not characters", () => {
  expect(encodeSockaddrUn("/ä")).toHaveLength(2 + 3 + 1);
});

test("encodeSockaddrUn refuses a path that leaves no room for the NUL, and an empty one", () => {
  expect(encodeSockaddrUn("/".repeat(107))).toHaveLength(110);
  expect(() => encodeSockaddrUn("/".repeat(108))).toThrow(RangeError);
  expect(() => encodeSockaddrUn("ä".repeat(54))).toThrow(RangeError);
  expect(() => encodeSockaddrUn("")).toThrow(RangeError);
});

test("encodeSockaddrUn takes an abstract name that fills the address", () => {
  expect(encodeSockaddrUn(`@${"a".repeat(107)}`)).toHaveLength(110);
  expect(() => encodeSockaddrUn(`@${"a".repeat(108)}`)).toThrow(RangeError);
});

import { expect, test } from "bun:test";

import { formatState, parseState, sameState } from "../../src/port/state.ts";

test("formatState has the four fields in the order of the C++ daemon (rule 19)", () => {
  const words = "state ok netdev_oper_status up admin_status down mtu 9100";
  expect(formatState({ admin: false, oper: true, mtu: 9100 })).toEqual(words.split(" "));
});

test("parseState takes only what formatState writes", () => {
  expect(parseState(["ok", "up", "down", "9100"])).toEqual({ oper: true, admin: false, mtu: 9100 });
  for (const values of [
    ["ok", "up", "down", null],
    [null, "up", "down", "9100"],
    ["OK", "up", "down", "9100"],
    ["ok", "Up", "down", "9100"],
    ["ok", "up", "", "9100"],
    ["ok", "up", "down", "9100 "],
    ["ok", "up", "down", "09100"],
    ["ok", "up", "down", ""],
    ["ok", "up", "down", "x"],
    [null, null, null, null],
  ]) {
    expect(parseState(values)).toBeUndefined();
  }
});

test("sameState compares each of the three", () => {
  const state = { admin: true, oper: false, mtu: 1500 };
  expect(sameState(state, { ...state })).toBe(true);
  expect(sameState(state, { ...state, admin: false })).toBe(false);
  expect(sameState(state, { ...state, oper: true })).toBe(false);
  expect(sameState(state, { ...state, mtu: 1501 })).toBe(false);
  expect(sameState(state, undefined)).toBe(false);
  expect(sameState(undefined, undefined)).toBe(true);
});

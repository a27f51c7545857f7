import { expect, test } from "bun:test";

import { RECEIVED } from "../../src/netlink/socket.ts";
import { GroupMember } from "./linksocket.ts";

const QUIET = { preempt: () => {}, onRead: () => {}, onBroken: () => {}, onDispose: () => {} };
const DATAGRAM = new Uint8Array(8);

test("GroupMember reports an overrun before what is queued, once, and takes nothing until it was read empty", () => {
  const member = new GroupMember(2, QUIET);
  expect([1, 2, 3, 4].map((tick) => member.deliver(DATAGRAM, tick))).toEqual([true, true, false, false]);
  expect(member.receive()).toBe(RECEIVED.OVERRUN);
  expect(member.receive()).toBe(8);
  expect(member.deliver(DATAGRAM, 5)).toBe(false);
  expect(member.receive()).toBe(8);
  expect(member.deliver(DATAGRAM, 6)).toBe(true);
  expect([member.receive(), member.receive()]).toEqual([8, RECEIVED.EMPTY]);
});

import { expect, test } from "bun:test";

import type { LinkNotice } from "../support/linkmessage.ts";
import { portRow } from "../support/portrow.ts";
import { Observer } from "./observer.ts";

const PORT = "Ethernet0";
const notice = (changes: Partial<LinkNotice> = {}): LinkNotice => ({
  type: "new",
  ifindex: 1,
  ifname: PORT,
  admin: "up",
  oper: "up",
  mtu: 9100,
  ...changes,
});

test("Observer measures from the first notification that STATE_DB does not show to the write that shows the last", () => {
  const observer = new Observer([PORT]);
  observer.seeLink(notice({ mtu: 1500 }), 100);
  observer.seeLink(notice(), 105);
  observer.seeRow(PORT, portRow(notice({ mtu: 1500 })), 106);
  expect(observer.wrong()).toEqual([PORT]);
  observer.seeRow(PORT, portRow(notice()), 108);
  expect(observer.wrong()).toEqual([]);
  expect(observer.view()[0]!.latencyMs).toBe(8);
  expect(observer.latencyMs(0.5)).toBe(8);
  expect(observer.events).toBe(2);
});

test("Observer measures nothing when a change is undone before it is written, or when nothing changed", () => {
  const observer = new Observer([PORT]);
  observer.seeLink(notice(), 0);
  observer.seeRow(PORT, portRow(notice()), 1);
  observer.seeLink(notice({ oper: "down" }), 10);
  observer.seeLink(notice(), 11);
  observer.seeLink(notice(), 12);
  observer.seeRow(PORT, portRow(notice()), 20);
  expect(observer.view()[0]!.latencyMs).toBe(1);
});

test("Observer takes a deleted link without a row for equal, and counts a row that is left over as wrong", () => {
  const observer = new Observer([PORT, "Ethernet4"]);
  observer.seeLink(notice(), 0);
  observer.seeRow(PORT, portRow(notice()), 1);
  observer.seeLink(notice({ type: "del" }), 2);
  expect(observer.wrong()).toEqual([PORT]);
  observer.seeRow(PORT, {}, 5);
  expect(observer.wrong()).toEqual([]);
  expect(observer.view()[0]).toMatchObject({ kernel: undefined, row: undefined, latencyMs: 3 });
  observer.seeLink(notice({ ifname: "p0" }), 6);
  expect(observer.events).toBe(2);
});

import { expect, test } from "bun:test";

import { portNames } from "../support/links.ts";
import type { PortView } from "./observer.ts";
import { formatLatency, formatTable } from "./table.ts";

const UP = { admin: "up", oper: "down", mtu: 9100 } as const;
const ROW = { state: "ok", admin_status: "up", netdev_oper_status: "down", mtu: "9100" };
const SUMMARY = { title: "portsyncd", events: 7, wrong: 1, p50Ms: 0.2, p99Ms: undefined };
const PLAIN = { columns: 80, rows: Number.POSITIVE_INFINITY, color: false };

function views(count: number, changes: Partial<PortView> = {}): PortView[] {
  const view = { kernel: UP, row: ROW, equal: true, latencyMs: 9.999, ...changes };
  return portNames(count).map((name) => Object.assign({ name }, view));
}

test("formatTable gives each port a line where lines are many", () => {
  const lines = formatTable([...views(2), ...views(1, { row: undefined, equal: false })], SUMMARY, PLAIN);
  expect(lines.slice(1)).toEqual([
    "7 kernel events, 1 port wrong now, latency p50 200us, p99 -",
    "port         kernel          STATE_DB           latency",
    "Ethernet0    up   down  9100 up   down  9100 =    9999us",
    "Ethernet4    up   down  9100 up   down  9100 =    9999us",
    "Ethernet0    up   down  9100 no row          !=   9999us",
  ]);
});

test("formatTable fits 32 ports into a terminal of 80 columns and 24 lines", () => {
  const lines = formatTable(views(32), SUMMARY, { columns: 80, rows: 24, color: true });
  expect(lines.length).toBeLessThanOrEqual(24);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  for (const port of portNames(32)) expect(lines.join("\n")).toMatch(new RegExp(`${port.replace("Ethernet", "Eth")} `));
});

test("formatTable says how many ports it leaves out, in whatever room", () => {
  for (const [count, columns, rows] of [
    [512, 80, 24],
    [512, 20, 6],
    [3, 10, 3],
    [1, 200, 60],
    [256, 200, 50],
  ] as const) {
    const lines = formatTable(views(count), SUMMARY, { columns, rows, color: false });
    const shown =
      lines
        .slice(3)
        .join(" ")
        .match(/Eth(ernet)?\d+/g)?.length ?? 0;
    const left = Number(/^\.\.\. and (\d+) more$/.exec(lines.at(-1)!)?.[1] ?? 0);
    expect([count, columns, rows, shown + left]).toEqual([count, columns, rows, count]);
    if (rows > 3) expect(lines.length).toBeLessThanOrEqual(rows);
  }
});

test("formatLatency keeps to six characters", () => {
  expect([0.0004, 0.5, 9.9994, 10, 1234, undefined].map(formatLatency)).toEqual([
    "0us",
    "500us",
    "9999us",
    "10ms",
    "1234ms",
    "",
  ]);
});

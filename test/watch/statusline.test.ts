import { describe, expect, test } from "bun:test";

import type { Health, Reason } from "../../src/health/health.ts";
import { formatStatusLine, StatusLine, type StatusLineFacts } from "../../src/watch/statusline.ts";

const WELL: Health = { status: "healthy", score: 100, reasons: [] };
const FACTS: StatusLineFacts = { isConnected: true, published: 3, pending: 0, health: WELL };

function degraded(name: Reason["name"], text: string): Health {
  return { status: "degraded", score: 90, reasons: [{ name, points: 10, text }] };
}

describe("formatStatusLine", () => {
  const lines: readonly (readonly [Partial<StatusLineFacts>, string | undefined, string])[] = [
    [{}, undefined, "running: 3 ports published"],
    [{ health: undefined }, undefined, "running: 3 ports published"],
    [{ pending: 2 }, undefined, "running: 3 ports published, PortInitDone waits for 2"],
    [{ isConnected: false }, undefined, "waiting for Redis: 3 ports published"],
    [{}, "stopping", "stopping: 3 ports published"],
    [
      { pending: 1, health: degraded("store_degraded", "the history is not kept: disk full") },
      undefined,
      "running: 3 ports published, PortInitDone waits for 1; " +
        "degraded, 90 of 100: the history is not kept: disk full (-10)",
    ],
  ];
  for (const [facts, state, line] of lines)
    test(`formatStatusLine is "${line}"`, () => {
      expect(formatStatusLine({ ...FACTS, ...facts }, state)).toBe(line);
    });

  test("formatStatusLine fits in one datagram, however long the reasons are", () => {
    const line = formatStatusLine({ ...FACTS, health: degraded("http_failed", "x".repeat(5000)) });
    expect(line).toStartWith("running: 3 ports published; degraded, 90 of 100: xxx");
    expect(line).toEndWith("x...");
    expect(line.length).toBe(500);
  });
});

describe("StatusLine", () => {
  test("StatusLine.renew tells the line when it has changed, and nothing before the first was told", () => {
    const told: string[] = [];
    let facts = FACTS;
    const line = new StatusLine({ status: (text) => void told.push(text) }, () => facts);
    const see = (change: Partial<StatusLineFacts>): string[] => {
      facts = { ...facts, ...change };
      line.renew();
      return told.splice(0);
    };
    expect(see({ published: 0 })).toEqual([]);
    line.tell();
    expect(told.splice(0)).toEqual(["running: 0 ports published"]);
    expect(see({})).toEqual([]);
    expect(see({ published: 4 })).toEqual(["running: 4 ports published"]);
    expect(see({ health: degraded("redis_down", "for 1 s") })).toEqual([
      "running: 4 ports published; degraded, 90 of 100: for 1 s (-10)",
    ]);
    expect(see({ health: degraded("redis_down", "for 6 s") })).toEqual([
      "running: 4 ports published; degraded, 90 of 100: for 6 s (-10)",
    ]);
    expect(see({ health: WELL })).toEqual(["running: 4 ports published"]);
    line.tell("stopping");
    expect(told.splice(0)).toEqual(["stopping: 4 ports published"]);
    expect(see({ published: 3 })).toEqual(["stopping: 3 ports published"]);
  });
});

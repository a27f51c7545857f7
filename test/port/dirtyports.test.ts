import { describe, expect, test } from "bun:test";

import { DirtyPorts } from "../../src/port/dirtyports.ts";

function taken(ports: DirtyPorts): unknown[] {
  return [...ports.take()];
}

describe("DirtyPorts", () => {
  test("DirtyPorts.mark keeps when the oldest event was received, and the latest cause", () => {
    const ports = new DirtyPorts();
    ports.beginTurn(100);
    ports.mark("Ethernet0", "event");
    ports.endTurn();
    ports.beginTurn(200);
    ports.mark("Ethernet0", "event");
    ports.mark("Ethernet4", "event");
    ports.endTurn();
    ports.mark("Ethernet4", "audit");
    expect([ports.size, [...ports.names()]]).toEqual([2, ["Ethernet0", "Ethernet4"]]);
    expect(taken(ports)).toEqual([
      ["Ethernet0", { cause: "event", sinceMs: 100 }],
      ["Ethernet4", { cause: "audit", sinceMs: 200 }],
    ]);
  });

  test("DirtyPorts.mark has no time for what no event told of, nor for an event outside of a turn", () => {
    const ports = new DirtyPorts();
    ports.beginTurn(100);
    for (const cause of ["dump", "resync", "audit"] as const) ports.mark(cause, cause);
    ports.endTurn();
    ports.mark("Ethernet0", "event");
    expect([...ports.take().values()].map(({ sinceMs }) => sinceMs)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("DirtyPorts.again has the older time, and leaves the cause to what was said meanwhile", () => {
    const ports = new DirtyPorts();
    ports.beginTurn(300);
    ports.mark("Ethernet0", "event");
    ports.mark("Ethernet4", "event");
    ports.again("Ethernet0", { cause: "resync", sinceMs: 100 });
    ports.again("Ethernet4", { cause: "resync", sinceMs: undefined });
    ports.again("Ethernet8", { cause: "resync", sinceMs: 50 });
    expect(taken(ports)).toEqual([
      ["Ethernet0", { cause: "event", sinceMs: 100 }],
      ["Ethernet4", { cause: "event", sinceMs: 300 }],
      ["Ethernet8", { cause: "resync", sinceMs: 50 }],
    ]);
  });

  test("DirtyPorts.take leaves none, and a port that is dirty again has a time of its own", () => {
    const ports = new DirtyPorts();
    ports.beginTurn(100);
    ports.mark("Ethernet0", "event");
    ports.mark("Ethernet4", "event");
    ports.delete("Ethernet4");
    expect(ports.take().size).toBe(1);
    expect(ports.size).toBe(0);
    ports.beginTurn(200);
    ports.mark("Ethernet0", "event");
    expect(taken(ports)).toEqual([["Ethernet0", { cause: "event", sinceMs: 200 }]]);
  });
});

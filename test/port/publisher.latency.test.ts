import { describe, expect, test } from "bun:test";

import { Publisher } from "../../src/port/publisher.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { DOWN, hset, PublisherBench, UP, WRONGTYPE } from "./publisherbench.ts";
import { ScriptedDatabase } from "./scripteddatabase.ts";

/** What an event says of a port, received now. */
function tell(bench: PublisherBench, name: string, mtu: number): void {
  bench.publisher.beginTurn(bench.clock.now());
  bench.publisher.set(name, { ...UP, mtu }, "event");
  bench.publisher.flush();
}

/** The latencies of the transitions so far. */
function latencies(bench: PublisherBench): unknown[] {
  return bench.transitions.map(({ name, latencyMs }) => [name, latencyMs]);
}

describe("Publisher tells how long it took", () => {
  test("Publisher counts from the receipt of the event to the acknowledgement", async () => {
    const bench = await PublisherBench.open();
    bench.clock.pass(1000);
    tell(bench, "Ethernet0", 1500);
    bench.clock.pass(7);
    await bench.database.next().answer(4);
    expect(latencies(bench)).toEqual([["Ethernet0", 7]]);
  });

  test("Publisher counts from the oldest event of a port that waits for a flush", async () => {
    const bench = await PublisherBench.open();
    tell(bench, "Ethernet0", 1500);
    bench.clock.pass(10);
    tell(bench, "Ethernet0", 1600);
    bench.clock.pass(10);
    tell(bench, "Ethernet0", 1700);
    bench.clock.pass(10);
    await bench.database.next().answer(4);
    bench.clock.pass(10);
    await bench.database.next().answer(0);
    expect(latencies(bench)).toEqual([
      ["Ethernet0", 30],
      ["Ethernet0", 30],
    ]);
  });

  test("Publisher counts the time for which STATE_DB was away, and that of a flush that was lost", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    bench.transitions.length = 0;
    tell(bench, "Ethernet0", 1500);
    bench.clock.pass(5);
    await bench.database.next().lose();
    bench.publisher.disconnect();
    bench.clock.pass(60_000);
    const connected = bench.publisher.connect(bench.database);
    await bench.clock.settle();
    await bench.database.next().answer(["ok", "down", "down", "1500"]);
    await connected;
    bench.clock.pass(5);
    await bench.database.next().answer(0);
    expect(latencies(bench)).toEqual([["Ethernet0", 60_010]]);
    expect(bench.publisher.counters.lost).toBe(1);
  });

  test("Publisher counts the time for which STATE_DB refused a port", async () => {
    const bench = await PublisherBench.open();
    tell(bench, "Ethernet0", 1500);
    await bench.database.next().answer(WRONGTYPE);
    await bench.clock.run(200);
    await bench.database.next().answer(4);
    expect(bench.transitions).toMatchObject([{ name: "Ethernet0", cause: "event", latencyMs: 200 }]);
    expect(bench.transitions[0]!.latencyMs).toBeGreaterThanOrEqual(80);
    expect(bench.transitions[0]!.latencyMs).toBe(bench.clock.now());
  });

  test("Publisher does not know how long it took what no event told of, nor what came outside of a turn", async () => {
    const bench = await PublisherBench.open();
    bench.publisher.beginTurn(bench.clock.now());
    bench.publisher.set("Ethernet0", UP, "dump");
    bench.publisher.set("Ethernet4", UP, "audit");
    bench.publisher.flush();
    bench.publisher.set("Ethernet8", UP, "event");
    await bench.database.next().answer(4, 4);
    bench.publisher.flush();
    await bench.database.next().answer(4);
    expect(latencies(bench)).toEqual([
      ["Ethernet0", undefined],
      ["Ethernet4", undefined],
      ["Ethernet8", undefined],
    ]);
  });

  test("Publisher counts for a deletion, too, and not for what STATE_DB has already", async () => {
    const bench = await PublisherBench.open({ Ethernet0: UP, Ethernet4: UP });
    bench.transitions.length = 0;
    bench.publisher.beginTurn(bench.clock.now());
    bench.publisher.set("Ethernet4", UP, "event");
    bench.publisher.remove("Ethernet0", "event");
    bench.publisher.flush();
    bench.clock.pass(3);
    await bench.database.next().answer(1);
    tell(bench, "Ethernet4", 1500);
    await bench.database.next().answer(0);
    expect(latencies(bench)).toEqual([
      ["Ethernet0", 3],
      ["Ethernet4", 0],
    ]);
  });
});

/** The ports that flapped, of a publisher whose STATE_DB is there or not. */
async function flapsOf(isConnected: boolean, act: (publisher: Publisher) => void): Promise<string[]> {
  const flaps: string[] = [];
  const observer = { onAcknowledged() {}, onTransition() {}, onFlap: (name: string) => void flaps.push(name) };
  const publisher = new Publisher(new FakeClock(), observer);
  if (isConnected) await publisher.connect(new ScriptedDatabase());
  act(publisher);
  return flaps;
}

describe("Publisher tells of flaps", () => {
  for (const isConnected of [true, false])
    test(`Publisher tells each time that a port goes down after it was up, with STATE_DB ${isConnected ? "there" : "away"}`, async () => {
      const flaps = await flapsOf(isConnected, (publisher) => {
        for (const state of [DOWN, UP, DOWN, DOWN, UP, { ...UP, mtu: 1 }, { ...UP, oper: false }, DOWN]) {
          publisher.set("Ethernet0", state, "event");
          publisher.flush();
        }
        publisher.set("Ethernet4", UP, "event");
        publisher.set("Ethernet4", { ...UP, admin: false }, "event");
      });
      expect(flaps).toEqual(["Ethernet0", "Ethernet0"]);
    });

  test("Publisher takes neither an end nor a beginning of a port for a flap", async () => {
    const flaps = await flapsOf(true, (publisher) => {
      publisher.set("Ethernet0", UP, "event");
      publisher.remove("Ethernet0", "event");
      publisher.set("Ethernet0", DOWN, "event");
      publisher.set("Ethernet4", UP, "event");
      publisher.freeze("Ethernet4");
      publisher.set("Ethernet4", DOWN, "event");
    });
    expect(flaps).toEqual([]);
  });
});

describe("Publisher.backlog", () => {
  test("Publisher.backlog has the ports that wait, are on their way and were refused, each once", async () => {
    const bench = await PublisherBench.open();
    const names = () => [...bench.publisher.backlog().names].sort();
    for (const port of ["Ethernet0", "Ethernet4"]) bench.publisher.set(port, UP, "event");
    expect([names(), bench.publisher.backlog().dirty]).toEqual([["Ethernet0", "Ethernet4"], 2]);
    bench.publisher.flush();
    bench.publisher.set("Ethernet4", DOWN, "event");
    bench.publisher.set("Ethernet8", UP, "event");
    expect(bench.publisher.backlog()).toMatchObject({ dirty: 2, refused: 0 });
    expect(names()).toEqual(["Ethernet0", "Ethernet4", "Ethernet8"]);
    await bench.database.next().answer(WRONGTYPE, 4);
    expect(bench.publisher.backlog()).toMatchObject({ dirty: 0, refused: 1 });
    expect(names()).toEqual(["Ethernet0", "Ethernet4", "Ethernet8"]);
    expect(bench.sent).toEqual([hset("Ethernet4", DOWN), hset("Ethernet8", UP)]);
    await bench.database.next().answer(0, 4);
    expect(names()).toEqual(["Ethernet0"]);
  });

  test("Publisher.desired is what STATE_DB is to say, whatever it says", async () => {
    const bench = await PublisherBench.open({ Ethernet0: UP, Ethernet4: UP });
    bench.publisher.set("Ethernet0", DOWN, "event");
    bench.publisher.remove("Ethernet4", "event");
    expect([...bench.publisher.desired]).toEqual([["Ethernet0", DOWN]]);
  });

  test("Publisher.counters.lost counts the changes of a lost flush, not the flush", async () => {
    const bench = await PublisherBench.open();
    for (const port of ["Ethernet0", "Ethernet4", "Ethernet8"]) bench.publisher.set(port, UP, "event");
    bench.publisher.flush();
    await bench.database.next().lose();
    expect(bench.publisher.counters.lost).toBe(3);
  });
});

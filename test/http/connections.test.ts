import { describe, expect, test } from "bun:test";

import { waitUntil } from "../support/deadline.ts";
import { RawClient } from "./rawclient.ts";
import { HttpRig, request } from "./rig.ts";

const READY = request("/-/ready");

/** That another client gets what it asks for. */
async function expectServed(rig: HttpRig): Promise<void> {
  using client = await rig.connect();
  client.send(READY);
  expect(await client.receives(/\r\n\r\n./)).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nready\n$/);
}

async function connectMany(rig: HttpRig, count: number): Promise<RawClient[] & Disposable> {
  const clients = await Promise.all(Array.from({ length: count }, () => rig.connect()));
  return Object.assign(clients, { [Symbol.dispose]: () => clients.forEach((client) => client[Symbol.dispose]()) });
}

async function holds(rig: HttpRig, count: number): Promise<void> {
  await waitUntil(`${count} connections`, () => rig.front.connections.size === count, {
    seen: () => rig.front.connections.size,
  });
}

describe("Connections", () => {
  test("ends one that does not say in time what it wants, however often it sends a byte", async () => {
    await using rig = await HttpRig.start({ limits: { requestMs: 1000 } });
    using idle = await rig.connect();
    using slow = await rig.connect();
    slow.send("GET /-/ready HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
    await holds(rig, 2);
    for (let i = 0; i < 9; i++) {
      slow.send("x");
      await rig.clock.run(100);
      expect([idle.isClosed, slow.isClosed]).toEqual([false, false]);
    }
    await expectServed(rig);
    await rig.clock.run(100);
    expect(await idle.ends()).toBe("");
    expect(await slow.ends()).toBe("");
    expect(rig.front.connections.counters).toMatchObject({ slowRequests: 2, slowAnswers: 0 });
  });

  test("gives the next request of a connection more time, and not for ever", async () => {
    await using rig = await HttpRig.start({ limits: { requestMs: 1000, idleMs: 5000 } });
    using client = await rig.connect();
    client.send(READY);
    await client.receives(/ready/);
    await rig.clock.run(4000);
    client.send(READY);
    await client.receives(/ready[^]*ready/);
    client.send("GET /-/ready HT");
    await rig.clock.run(4999);
    expect(client.isClosed).toBe(false);
    await rig.clock.run(1);
    await client.ends();
    expect(rig.front.connections.counters.slowRequests).toBe(0); // that a client is done is no slowness
  });

  test("ends one that does not take its answer in time", async () => {
    await using rig = await HttpRig.start({ limits: { answerMs: 3000 } });
    rig.daemon.text = "x".repeat(50_000_000); // more than the kernel keeps
    using deaf = await rig.connect();
    deaf.pause();
    deaf.send(request("/metrics"));
    await waitUntil("answer", () => rig.front.counters.answers.get(200) === 1);
    await rig.clock.run(2999);
    await holds(rig, 1);
    await expectServed(rig);
    await rig.clock.run(1);
    await holds(rig, 1); // the other client's
    expect(rig.front.connections.counters.slowAnswers).toBe(1);
  });

  test("ends one whose answer is not there in time", async () => {
    await using rig = await HttpRig.start({ limits: { answerMs: 3000 } });
    rig.daemon.metrics = () => new Promise<string>(() => {});
    using client = await rig.connect();
    client.send(request("/metrics"));
    await waitUntil("question", () => rig.front.connections.size === 1 && rig.clock.timers > 1);
    await rig.clock.run(3000);
    expect(await client.ends()).toBe("");
  });

  test("keeps no more than it may, and lets those go that have waited longest to say what they want", async () => {
    await using rig = await HttpRig.start({ limits: { mostConnections: 8 } });
    using first = await rig.connect();
    await holds(rig, 1);
    using idle = await connectMany(rig, 40);
    await first.ends();
    await waitUntil("32 closed", () => idle.filter(({ isClosed }) => isClosed).length === 32);
    expect(rig.front.connections.size).toBe(8);
    await expectServed(rig);
    expect(rig.front.connections.counters).toMatchObject({ evicted: 34, refused: 0 });
  });

  test("turns away whoever comes while all others are being answered", async () => {
    await using rig = await HttpRig.start({ limits: { mostConnections: 2 } });
    const answer = Promise.withResolvers<string>();
    rig.daemon.metrics = () => answer.promise;
    using busy = await connectMany(rig, 2);
    for (const client of busy) client.send(request("/metrics"));
    await waitUntil("two that are busy", () => rig.clock.timers >= 4);
    using third = await rig.connect();
    expect(await third.ends()).toBe("");
    expect(rig.front.connections.counters.refused).toBe(1);
    answer.resolve("a 1\n");
    for (const client of busy) await client.receives(/a 1/);
  });

  test("gives the place of those that do not take their answers to others, before their time is over", async () => {
    await using rig = await HttpRig.start({ limits: { mostConnections: 2 } });
    rig.daemon.text = "x".repeat(50_000_000);
    using deaf = await connectMany(rig, 2);
    for (const client of deaf) {
      client.pause();
      client.send(request("/metrics"));
    }
    await waitUntil("answers", () => rig.front.counters.answers.get(200) === 2);
    await rig.clock.run(2000);
    await expectServed(rig);
    expect(rig.front.connections.counters).toMatchObject({ slowAnswers: 1, refused: 0 });
  });

  test("answers the first of requests that come without waiting, and ends the connection", async () => {
    await using rig = await HttpRig.start();
    using client = await rig.connect();
    client.send(READY.repeat(200));
    expect((await client.ends()).match(/HTTP\/1\.1 200/g)).toHaveLength(1);
    expect(rig.front.counters.answers.get(200)).toBe(1);
  });

  test("forgets connections that their clients end", async () => {
    await using rig = await HttpRig.start();
    {
      using clients = await connectMany(rig, 5);
      await holds(rig, 5);
      clients[0]!.send("GET / HTTP/1.1\r\n");
    }
    await holds(rig, 0);
    expect(rig.clock.timers).toBe(0);
  });
});

import { describe, expect, test } from "bun:test";

import { del, DOWN, hset, PublisherBench, UP } from "./publisherbench.ts";
import { settle } from "./scripteddatabase.ts";

describe("Publisher.flush", () => {
  test("Publisher.flush writes one HSET a port with the four fields in order (rule 19)", async () => {
    const bench = await PublisherBench.open();
    bench.publisher.set("Ethernet0", DOWN, "event");
    bench.publisher.set("Ethernet4", UP, "event");
    bench.publisher.flush();
    expect(bench.sent).toEqual([hset("Ethernet0", DOWN), hset("Ethernet4", UP)]);
    expect(bench.acknowledged).toEqual([]);
    await bench.database.next().answer(4, 4);
    expect(bench.acknowledged).toEqual([["Ethernet0", "Ethernet4"]]);
    expect(bench.publisher.published.size).toBe(2);
  });

  test("Publisher.flush writes a key of any bytes as it is", async () => {
    const bench = await PublisherBench.open();
    bench.publisher.set("Ethernet\xff|\x01", DOWN, "event");
    bench.publisher.flush();
    expect(bench.sent).toEqual([hset("Ethernet\xff|\x01", DOWN)]);
  });

  test("Publisher.flush writes nothing before STATE_DB is there, and then all", async () => {
    const bench = new PublisherBench();
    bench.publisher.set("Ethernet0", DOWN, "event");
    bench.publisher.flush();
    expect(bench.sent).toEqual([]);
    await bench.publisher.connect(bench.database);
    expect(bench.sent).toEqual([hset("Ethernet0", DOWN)]);
  });

  test("Publisher.flush has one flush in flight, and the latest state wins in the next", async () => {
    const bench = await PublisherBench.open();
    bench.publisher.set("Ethernet0", DOWN, "event");
    bench.publisher.flush();
    for (let mtu = 1501; mtu <= 1600; mtu++) {
      bench.publisher.set("Ethernet0", { ...DOWN, mtu }, "event");
      bench.publisher.set("Ethernet4", { ...UP, mtu }, "event");
      bench.publisher.flush();
    }
    expect(bench.database.pending).toHaveLength(1);
    await bench.database.next().answer(4);
    expect(bench.sent).toEqual([hset("Ethernet0", { ...DOWN, mtu: 1600 }), hset("Ethernet4", { ...UP, mtu: 1600 })]);
  });

  test("Publisher.flush writes no state that is published already, and says that it is there", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    bench.publisher.set("Ethernet0", { ...DOWN }, "event");
    bench.publisher.flush();
    expect(bench.sent).toEqual([]);
    expect(bench.acknowledged).toEqual([["Ethernet0"]]);
    expect(bench.publisher.counters).toEqual({ sets: 1, dels: 0, unchanged: 1, refused: 0, lost: 0 });
  });

  test("Publisher.flush writes once for a port that went away from its state and back, so that readers see it", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    bench.publisher.set("Ethernet0", UP, "event");
    bench.publisher.set("Ethernet0", { ...DOWN }, "event");
    bench.publisher.flush();
    expect(bench.sent).toEqual([hset("Ethernet0", DOWN)]);
    await bench.database.next().answer(0);
    bench.publisher.set("Ethernet0", { ...DOWN }, "event");
    bench.publisher.flush();
    expect(bench.sent).toEqual([]);
  });

  test("Publisher.flush writes a state that went back while another was in flight", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    bench.publisher.set("Ethernet0", UP, "event");
    bench.publisher.flush();
    bench.publisher.set("Ethernet0", DOWN, "event");
    bench.publisher.flush();
    await bench.database.next().answer(0);
    expect(bench.sent).toEqual([hset("Ethernet0", DOWN)]);
  });
});

describe("Publisher.remove", () => {
  test("Publisher.remove deletes the whole row of a published port (rule 17)", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    bench.publisher.remove("Ethernet0", "event");
    bench.publisher.flush();
    expect(bench.sent).toEqual([del("Ethernet0")]);
    await bench.database.next().answer(1);
    expect(bench.publisher.published.size).toBe(0);
    expect(bench.publisher.counters.dels).toBe(1);
  });

  test("Publisher.remove deletes nothing that was never published, also when it was set meanwhile (rule 17 made better)", async () => {
    const bench = await PublisherBench.open();
    bench.publisher.remove("Ethernet0", "event");
    bench.publisher.set("Ethernet4", DOWN, "event");
    bench.publisher.remove("Ethernet4", "event");
    bench.publisher.flush();
    expect(bench.sent).toEqual([]);
    expect(bench.acknowledged).toEqual([[]]);
  });

  test("Publisher.remove is not swallowed by what follows: at most DEL and SET a port", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    for (let i = 0; i < 5; i++) {
      bench.publisher.remove("Ethernet0", "event");
      bench.publisher.set("Ethernet0", DOWN, "event");
    }
    bench.publisher.flush();
    expect(bench.sent).toEqual([del("Ethernet0"), hset("Ethernet0", DOWN)]);
    await bench.database.next().answer(1, 4);
    expect(bench.acknowledged).toEqual([["Ethernet0"]]);
    bench.publisher.flush();
    expect(bench.sent).toEqual([]);
  });

  test("Publisher.remove deletes a port whose first HSET is in flight", async () => {
    const bench = await PublisherBench.open();
    bench.publisher.set("Ethernet0", DOWN, "event");
    bench.publisher.flush();
    bench.publisher.remove("Ethernet0", "event");
    await bench.database.next().answer(4);
    expect(bench.sent).toEqual([del("Ethernet0")]);
  });

  test("Publisher.remove of a port whose DEL is in flight, made anew, keeps both", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    bench.publisher.remove("Ethernet0", "event");
    bench.publisher.flush();
    bench.publisher.set("Ethernet0", DOWN, "event");
    await bench.database.next().answer(1);
    expect(bench.sent).toEqual([hset("Ethernet0", DOWN)]);
    bench.publisher.remove("Ethernet0", "event");
    await bench.database.next().answer(4);
    expect(bench.sent).toEqual([del("Ethernet0")]);
  });
});

describe("Publisher.freeze", () => {
  test("Publisher.freeze drops a change that was not sent (rule 18, section 9)", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    bench.publisher.set("Ethernet0", UP, "event");
    bench.publisher.freeze("Ethernet0");
    bench.publisher.flush();
    expect(bench.sent).toEqual([]);
    bench.publisher.remove("Ethernet0", "event");
    bench.publisher.flush();
    expect(bench.sent).toEqual([del("Ethernet0")]);
  });

  test("Publisher.freeze does not hold back a DEL that is due", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    bench.publisher.remove("Ethernet0", "event");
    bench.publisher.set("Ethernet0", UP, "event");
    bench.publisher.freeze("Ethernet0");
    bench.publisher.flush();
    expect(bench.sent).toEqual([del("Ethernet0")]);
  });

  test("Publisher.freeze keeps what a loss leaves as it is", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    bench.publisher.freeze("Ethernet0");
    bench.publisher.disconnect();
    const connected = bench.publisher.connect(bench.database);
    await settle();
    await bench.database.next().answer(["ok", "up", "up", "1"]);
    await connected;
    expect(bench.sent).toEqual([]);
  });
});

describe("Publisher.pendingCount", () => {
  test("Publisher.pendingCount is 0 only when everything is acknowledged", async () => {
    const bench = await PublisherBench.open({ Ethernet4: UP });
    bench.publisher.set("Ethernet0", DOWN, "event");
    bench.publisher.set("Ethernet4", DOWN, "event");
    expect(bench.publisher.pendingCount).toBe(2);
    bench.publisher.flush();
    expect(bench.publisher.pendingCount).toBeGreaterThan(0);
    await bench.database.next().lose();
    expect(bench.publisher.pendingCount).toBe(2);
    const connected = bench.publisher.connect(bench.database);
    await settle();
    await bench.database.next().answer(["ok", "down", "down", "1500"], [null, null, null, null]);
    await connected;
    await bench.database.next().answer(4);
    expect(bench.publisher.pendingCount).toBe(0);
  });
});

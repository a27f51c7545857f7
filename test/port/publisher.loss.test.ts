import { describe, expect, test } from "bun:test";

import { ReplyError } from "../../src/swss/database.ts";
import { del, DOWN, hmget, hset, PublisherBench, UP, WRONGTYPE } from "./publisherbench.ts";
import { settle } from "./scripteddatabase.ts";

describe("Publisher and what it is not told", () => {
  test("Publisher.connect fails when STATE_DB does not serve: an error says nothing of the rows", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN, Ethernet4: UP });
    bench.publisher.disconnect();
    const connected = bench.publisher.connect(bench.database).catch((error: unknown) => error);
    await settle();
    const busy = new ReplyError("BUSY Redis is busy running a script");
    await bench.database.next().answer(["ok", "down", "down", "1500"], busy);
    expect(await connected).toBe(busy);
    await bench.reconnectTo(["ok", "down", "down", "1500"], ["ok", "up", "up", "9100"]);
    expect(bench.sent).toEqual([]);
  });

  test("Publisher.audit does not take a port that is refused for one that others changed", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN, Ethernet4: DOWN });
    bench.publisher.set("Ethernet0", UP, "event");
    bench.publisher.flush();
    await bench.database.next().answer(new ReplyError("OOM command not allowed"));
    const audited = bench.publisher.audit();
    await settle();
    const read = bench.database.next();
    expect(read.commands).toEqual([hmget("Ethernet4")]);
    await read.answer(["ok", "down", "down", "1500"]);
    expect(await audited).toBe(0);
  });

  test("Publisher tells of a change what was there before and why, though it was refused or lost at first", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    bench.transitions.length = 0;
    bench.publisher.set("Ethernet0", UP, "event");
    bench.publisher.flush();
    await bench.database.next().answer(new ReplyError("OOM command not allowed"));
    bench.clock.advance(1000);
    await bench.reconnect(["ok", "down", "down", "1500"]);
    await bench.database.next().answer(0);
    expect(bench.transitions).toMatchObject([{ name: "Ethernet0", before: DOWN, after: UP, cause: "event" }]);
  });
});

describe("Publisher where it is not known what is published", () => {
  const JUNK = ["ok", "perhaps", "down", "1500"];
  const expectTold = async (bench: PublisherBench): Promise<void> => {
    expect(bench.sent).toEqual([hset("Ethernet0", UP)]);
    await bench.database.next().answer(0);
    expect(bench.transitions).toMatchObject([{ name: "Ethernet0", before: DOWN, after: UP, cause: "event" }]);
  };
  const openWithChange = async (): Promise<PublisherBench> => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    bench.transitions.length = 0;
    bench.publisher.set("Ethernet0", UP, "event");
    bench.publisher.flush();
    return bench;
  };

  test("Publisher tells what was there before a change that was refused", async () => {
    const bench = await openWithChange();
    await bench.database.next().answer(WRONGTYPE);
    bench.clock.advance(1000);
    await expectTold(bench);
  });

  test("Publisher tells what was there before a change that was lost, and of which nothing can be read back", async () => {
    const bench = await openWithChange();
    await bench.reconnect(JUNK);
    await expectTold(bench);
  });

  test("Publisher tells of a change that was lost and had arrived", async () => {
    const bench = await openWithChange();
    await bench.reconnect(["ok", "up", "up", "9100"]);
    expect(bench.sent).toEqual([]);
    expect(bench.transitions).toMatchObject([{ name: "Ethernet0", before: DOWN, after: UP, cause: "event" }]);
    bench.publisher.set("Ethernet0", DOWN, "event");
    bench.publisher.flush();
    await bench.database.next().answer(0);
    expect(bench.transitions.slice(1)).toMatchObject([{ before: UP, after: DOWN }]);
  });

  test("Publisher tells of two changes as one when the first had arrived and both were lost", async () => {
    const bench = await openWithChange();
    const last = { ...UP, mtu: 1400 };
    bench.publisher.set("Ethernet0", last, "event");
    for (let losses = 0; losses < 2; losses++) await bench.reconnect(["ok", "up", "up", "9100"]);
    await bench.database.next().answer(0);
    expect(bench.transitions).toMatchObject([{ before: DOWN, after: last }]);
  });

  test("Publisher tells what a DEL deleted that was lost and had arrived", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    bench.transitions.length = 0;
    bench.publisher.remove("Ethernet0", "event");
    bench.publisher.flush();
    await bench.reconnect([null, null, null, null]);
    expect(bench.sent).toEqual([del("Ethernet0")]);
    await bench.database.next().answer(0);
    expect(bench.transitions).toMatchObject([{ name: "Ethernet0", before: DOWN, after: undefined, cause: "event" }]);
  });

  test("Publisher tells what was there before a row in which an audit found what it cannot read", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    bench.transitions.length = 0;
    const audited = bench.publisher.audit();
    await settle();
    bench.publisher.set("Ethernet0", UP, "event");
    await bench.database.next().answer(JUNK);
    await audited;
    await expectTold(bench);
  });
});

describe("Publisher after a loss", () => {
  test("Publisher.connect reads back what was published and rewrites only what differs", async () => {
    const bench = await PublisherBench.open({ same: DOWN, other: DOWN, gone: UP, half: UP });
    bench.publisher.set("other", UP, "event");
    bench.publisher.flush();
    const read = await bench.reconnect(
      ["ok", "down", "down", "1500"],
      ["ok", "down", "down", "1500"],
      [null, null, null, null],
      ["ok", null, "up", "9100"],
    );
    expect(read).toEqual([hmget("same"), hmget("other"), hmget("gone"), hmget("half")]);
    expect([...bench.sent].sort()).toEqual([hset("gone", UP), hset("half", UP), hset("other", UP)]);
    expect(bench.publisher.counters.lost).toBe(1);
  });

  test("Publisher.connect writes nothing of a lost flush that had arrived, and says that it is there", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    bench.publisher.set("Ethernet0", UP, "event");
    bench.publisher.flush();
    await bench.reconnect(["ok", "up", "up", "9100"]);
    expect(bench.sent).toEqual([]);
    expect(bench.acknowledged).toEqual([["Ethernet0"]]);
  });

  test("Publisher.connect writes the first state of a port again: the row may be that of an earlier process", async () => {
    const bench = await PublisherBench.open();
    bench.publisher.set("Ethernet0", UP, "event");
    bench.publisher.flush();
    for (let losses = 0; losses < 3; losses++) {
      expect(await bench.reconnect(["ok", "up", "up", "9100"])).toEqual([hmget("Ethernet0")]);
      expect(bench.sent).toEqual([hset("Ethernet0", UP)]);
      expect(bench.acknowledged).toEqual([]);
    }
    await bench.database.next().answer(0);
    expect(bench.acknowledged).toEqual([["Ethernet0"]]);
  });

  test("Publisher.remove deletes a row whose first write was lost, since it may have arrived", async () => {
    const bench = await PublisherBench.open();
    bench.publisher.set("Ethernet0", UP, "event");
    bench.publisher.flush();
    bench.publisher.remove("Ethernet0", "event");
    await bench.reconnect(["ok", "up", "up", "9100"]);
    expect(bench.sent).toEqual([del("Ethernet0")]);
  });

  test("Publisher.connect repeats a DEL that was lost, and what was said meanwhile comes after it", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    bench.publisher.remove("Ethernet0", "event");
    bench.publisher.flush();
    bench.publisher.set("Ethernet0", UP, "event");
    await bench.reconnect(["ok", "down", "down", "1500"]);
    expect(bench.sent).toEqual([del("Ethernet0"), hset("Ethernet0", UP)]);
  });

  test("Publisher.connect overwrites a key of which it cannot read what it holds", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    bench.publisher.disconnect();
    const connected = bench.publisher.connect(bench.database);
    await settle();
    await bench.database.next().answer(WRONGTYPE);
    await connected;
    expect(bench.sent).toEqual([hset("Ethernet0", DOWN)]);
  });

  test("Publisher.connect takes a key of which it cannot read what it holds for its own, to be deleted with its netdev", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    bench.publisher.freeze("Ethernet0");
    bench.publisher.disconnect();
    const connected = bench.publisher.connect(bench.database);
    await settle();
    await bench.database.next().answer(WRONGTYPE);
    await connected;
    bench.publisher.remove("Ethernet0", "event");
    bench.publisher.flush();
    expect(bench.sent).toEqual([del("Ethernet0")]);
  });

  test("Publisher.connect fails when the read back is lost, and the next one reads again", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    bench.publisher.disconnect();
    const connected = bench.publisher.connect(bench.database).catch((error: Error) => error.name);
    await settle();
    await bench.database.next().lose();
    expect(await connected).toBe("DatabaseLostError");
    bench.publisher.set("Ethernet0", UP, "event");
    bench.publisher.flush();
    expect(bench.sent).toEqual([]); // not connected
    const again = bench.publisher.connect(bench.database);
    await settle();
    expect(bench.sent).toEqual([hmget("Ethernet0")]);
    await bench.database.next().answer(["ok", "down", "down", "1500"]);
    await again;
    expect(bench.sent).toEqual([hset("Ethernet0", UP)]);
  });

  test("Publisher.connect waits for the end of a flush over the former connection", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    bench.publisher.set("Ethernet0", UP, "event");
    bench.publisher.flush();
    const former = bench.database.next();
    bench.publisher.disconnect();
    const connected = bench.publisher.connect(bench.database);
    await settle();
    expect(bench.database.pending).toEqual([]);
    await former.lose();
    expect(bench.sent).toEqual([hmget("Ethernet0")]);
    await bench.database.next().answer(["ok", "down", "down", "1500"]);
    await connected;
    expect(bench.sent).toEqual([hset("Ethernet0", UP)]);
  });

  test("Publisher keeps no more than a state a port while STATE_DB is not there", async () => {
    const bench = new PublisherBench();
    for (let i = 0; i < 10_000; i++) {
      bench.publisher.set(`Ethernet${i % 8}`, { ...DOWN, mtu: i }, "event");
      if (i % 3 === 0) bench.publisher.remove(`Ethernet${i % 8}`, "event");
      bench.publisher.flush();
    }
    expect(bench.publisher.pendingCount).toBeLessThanOrEqual(8);
    await bench.publisher.connect(bench.database);
    expect(bench.sent.length).toBeLessThanOrEqual(8);
    expect(bench.clock.timers).toBe(0);
  });
});

describe("Publisher refused", () => {
  test("Publisher writes the other ports of a flush in which one is refused, and that one again with backoff", async () => {
    const bench = await PublisherBench.open();
    for (const name of ["a", "b", "c"]) bench.publisher.set(name, DOWN, "event");
    bench.publisher.flush();
    await bench.database.next().answer(4, WRONGTYPE, 4);
    expect(bench.acknowledged).toEqual([["a", "c"]]);
    expect(bench.sent).toEqual([]);
    for (let attempt = 0; attempt < 8; attempt++) {
      expect(bench.clock.timers).toBe(1);
      bench.clock.advance(bench.clock.delays.at(-1)!);
      expect(bench.sent).toEqual([hset("b", DOWN)]);
      await bench.database.next().answer(WRONGTYPE);
    }
    const delays = bench.clock.delays;
    for (const [i, mostMs] of [100, 200, 400, 800, 800, 800, 800, 800, 800].entries()) {
      expect(delays[i]).toBeLessThanOrEqual(mostMs);
      expect(delays[i]).toBeGreaterThanOrEqual(mostMs * 0.8);
    }
    bench.clock.advance(delays.at(-1)!);
    await bench.database.next().answer(4);
    expect(bench.acknowledged.at(-1)).toEqual(["b"]);
    expect(bench.clock.timers).toBe(0);
    expect(bench.publisher.counters).toEqual({ sets: 3, dels: 0, unchanged: 0, refused: 9, lost: 0 });
  });

  test("Publisher writes the other ports at once while one waits for its retry", async () => {
    const bench = await PublisherBench.open();
    bench.publisher.set("bad", DOWN, "event");
    bench.publisher.flush();
    await bench.database.next().answer(WRONGTYPE);
    bench.publisher.set("good", UP, "event");
    bench.publisher.flush();
    expect(bench.sent).toEqual([hset("good", UP)]);
  });

  test("Publisher repeats DEL and HSET when either is refused, in their order", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    bench.publisher.remove("Ethernet0", "event");
    bench.publisher.set("Ethernet0", UP, "event");
    bench.publisher.flush();
    await bench.database.next().answer(new ReplyError("OOM command not allowed"), 4);
    bench.clock.advance(100);
    expect(bench.sent).toEqual([del("Ethernet0"), hset("Ethernet0", UP)]);
    await bench.database.next().answer(1, new ReplyError("OOM command not allowed"));
    bench.clock.advance(200);
    expect(bench.sent.at(-1)).toEqual(hset("Ethernet0", UP));
  });

  test("Publisher writes the latest state of a port that was refused", async () => {
    const bench = await PublisherBench.open();
    bench.publisher.set("Ethernet0", DOWN, "event");
    bench.publisher.flush();
    await bench.database.next().answer(WRONGTYPE);
    bench.publisher.set("Ethernet0", UP, "event");
    bench.publisher.flush();
    expect(bench.sent).toEqual([hset("Ethernet0", UP)]);
    await bench.database.next().answer(4);
    bench.clock.advance(10_000);
    await settle();
    expect(bench.sent).toEqual([]);
  });

  test("Publisher repeats a refused DEL after a loss that came before its retry", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    bench.publisher.remove("Ethernet0", "event");
    bench.publisher.flush();
    await bench.database.next().answer(new ReplyError("READONLY You can't write against a read only replica."));
    bench.publisher.disconnect();
    const connected = bench.publisher.connect(bench.database);
    await settle();
    await bench.database.next().answer(["ok", "down", "down", "1500"]);
    await connected;
    bench.clock.advance(60_000);
    expect(bench.sent).toEqual([del("Ethernet0")]);
  });

  test("Publisher deletes a refused port that is gone, and forgets it then", async () => {
    const bench = await PublisherBench.open();
    bench.publisher.set("Ethernet0", DOWN, "event");
    bench.publisher.flush();
    await bench.database.next().answer(WRONGTYPE);
    bench.publisher.remove("Ethernet0", "event");
    bench.publisher.flush();
    expect(bench.sent).toEqual([del("Ethernet0")]);
    await bench.database.next().answer(1);
    bench.clock.advance(10_000);
    await settle();
    expect(bench.sent).toEqual([]);
    expect(bench.clock.timers).toBe(0);
  });
});

describe("Publisher.caughtUp", () => {
  /** Whether a promise is settled by now. */
  async function isOver(promise: Promise<void>): Promise<boolean> {
    let over = false;
    void promise.then(() => (over = true));
    await settle();
    return over;
  }

  test("Publisher.caughtUp resolves at once when nothing is pending", async () => {
    const bench = await PublisherBench.open({ Ethernet0: DOWN });
    expect(await isOver(bench.publisher.caughtUp())).toBe(true);
  });

  test("Publisher.caughtUp resolves when what is pending was acknowledged", async () => {
    const bench = await PublisherBench.open();
    bench.publisher.set("Ethernet0", DOWN, "event");
    const caughtUp = bench.publisher.caughtUp();
    expect(await isOver(caughtUp)).toBe(false);
    await bench.database.next().answer(4);
    expect(await isOver(caughtUp)).toBe(true);
  });

  test("Publisher.caughtUp waits for what became pending during a flush, too", async () => {
    const bench = await PublisherBench.open();
    bench.publisher.set("Ethernet0", DOWN, "event");
    bench.publisher.flush();
    bench.publisher.set("Ethernet4", DOWN, "event");
    const caughtUp = bench.publisher.caughtUp();
    await bench.database.next().answer(4);
    expect(await isOver(caughtUp)).toBe(false);
    await bench.database.next().answer(4);
    expect(await isOver(caughtUp)).toBe(true);
  });

  test("Publisher.caughtUp does not wait for what comes later", async () => {
    const bench = await PublisherBench.open();
    bench.publisher.set("Ethernet0", DOWN, "event");
    const caughtUp = bench.publisher.caughtUp();
    bench.publisher.set("Ethernet4", DOWN, "event");
    await bench.database.next().answer(4);
    expect(await isOver(caughtUp)).toBe(true);
    expect(bench.sent).toEqual([hset("Ethernet4", DOWN)]);
  });

  test("Publisher.caughtUp does not wait for what STATE_DB refuses", async () => {
    const bench = await PublisherBench.open();
    bench.publisher.set("Ethernet0", DOWN, "event");
    const caughtUp = bench.publisher.caughtUp();
    await bench.database.next().answer(WRONGTYPE);
    expect(await isOver(caughtUp)).toBe(true);
  });

  test("Publisher.caughtUp waits for STATE_DB", async () => {
    const bench = new PublisherBench();
    bench.publisher.set("Ethernet0", DOWN, "event");
    const caughtUp = bench.publisher.caughtUp();
    expect(await isOver(caughtUp)).toBe(false);
    await bench.publisher.connect(bench.database);
    await bench.database.next().answer(4);
    expect(await isOver(caughtUp)).toBe(true);
  });

  test("Publisher.caughtUp resolves after a lost flush was written again", async () => {
    const bench = await PublisherBench.open();
    bench.publisher.set("Ethernet0", DOWN, "event");
    const caughtUp = bench.publisher.caughtUp();
    await bench.reconnect([null, null, null, null]);
    expect(await isOver(caughtUp)).toBe(false);
    await bench.database.next().answer(4);
    expect(await isOver(caughtUp)).toBe(true);
  });

  test("Publisher.caughtUp resolves when the flush that was in flight at the call was lost but had arrived", async () => {
    const bench = await PublisherBench.open({ Ethernet0: UP });
    bench.publisher.set("Ethernet0", DOWN, "event");
    bench.publisher.flush();
    const caughtUp = bench.publisher.caughtUp();
    await bench.reconnect(["ok", "down", "down", "1500"]);
    expect(bench.acknowledged).toContainEqual(["Ethernet0"]);
    expect(await isOver(caughtUp)).toBe(true);
  });
});

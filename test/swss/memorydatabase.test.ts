import { expect, test } from "bun:test";

import { type Database, ReplyError } from "../../src/swss/database.ts";
import { MemoryDatabase } from "../../src/swss/memorydatabase.ts";
import { ProducerStateTable } from "../../src/swss/producerstatetable.ts";

function open(): MemoryDatabase {
  return new MemoryDatabase("APPL_DB", 0, ":");
}

test("MemoryDatabase answers commands on hashes as Redis does", async () => {
  const database = open();
  const replies = await database.batch([
    ["HSET", "k", "a", "1", "b", "2"],
    ["HSET", "k", "a", "3", "c", ""],
    ["HGET", "k", "a"],
    ["HGET", "k", "none"],
    ["HGET", "none", "a"],
    ["HMGET", "k", "c", "none", "b"],
    ["HMGET", "none", "a", "b"],
    ["HGETALL", "k"],
    ["HGETALL", "none"],
    ["HEXISTS", "k", "a"],
    ["HEXISTS", "k", "none"],
    ["HLEN", "k"],
    ["HLEN", "none"],
    ["DEL", "k"],
    ["DEL", "k"],
    ["HGETALL", "k"],
  ]);
  const row = ["a", "3", "b", "2", "c", ""];
  expect(replies).toEqual([2, 1, "3", null, null, ["", null, "2"], [null, null], row, [], 1, 0, 3, 0, 1, 0, []]);
});

test("MemoryDatabase finds keys by the pattern of a table", async () => {
  const database = open();
  for (const key of ["PORT:a", "PORT:b", "PORT_TABLE:c", "PORT"]) await database.call("HSET", key, "f", "1");
  expect(await database.call("KEYS", "PORT:*")).toEqual(["PORT:a", "PORT:b"]);
});

test("MemoryDatabase refuses what it does not know as Redis does: in the place of the reply", async () => {
  const database = open();
  const [unknown, arity, fine] = await database.batch([["FLY"], ["HSET", "k", "f"], ["HLEN", "k"]]);
  expect(unknown).toBeInstanceOf(ReplyError);
  expect(arity).toBeInstanceOf(ReplyError);
  expect(fine).toBe(0);
  expect(await database.call("FLY").catch((error: Error) => error.name)).toBe("ReplyError");
});

test("MemoryDatabase notifies of changes under the pattern, and of nothing else", async () => {
  const database = open();
  const heard: string[] = [];
  await database.psubscribe("__keyspace@0__:PORT_TABLE:*", (channel, event) => heard.push(`${channel} ${event}`));
  await database.batch([
    ["HSET", "PORT_TABLE:a", "f", "1"],
    ["HSET", "OTHER:a", "f", "1"],
    ["DEL", "PORT_TABLE:a"],
    ["DEL", "PORT_TABLE:a"],
  ]);
  expect(heard).toEqual(["__keyspace@0__:PORT_TABLE:a hset", "__keyspace@0__:PORT_TABLE:a del"]);
});

test("MemoryDatabase pops what a ProducerStateTable hands over at once", async () => {
  const database = open();
  const failed = await new ProducerStateTable(database, "PORT_TABLE").set([{ key: "a", fields: [["lanes", "1"]] }]);
  expect(failed.size).toBe(0);
  expect(await database.call("HGETALL", "PORT_TABLE:a")).toEqual(["lanes", "1"]);
});

test("MemoryDatabase is there as soon as its connector is opened", () => {
  const database = open();
  const connected: Database[] = [];
  const handlers = {
    onConnected: async (there: Database) => void connected.push(there),
    onLost: () => {},
    onFailed: () => {},
  };
  database.connector(handlers).open();
  expect(connected).toEqual([database]);
});

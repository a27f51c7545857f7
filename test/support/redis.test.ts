import { expect } from "bun:test";

import { Database } from "./database.ts";
import { failureOf } from "./failure.ts";
import { canUseRedis, RedisServer } from "./redis.ts";
import { SonicDb } from "./sonicdb.ts";
import { TempDir } from "./tempdir.ts";
import { testWith } from "./testwith.ts";

const able = canUseRedis();

testWith(able, "Database keeps every byte and the order of fields", async () => {
  await using dir = new TempDir();
  await using server = await RedisServer.start(dir.path);
  using db = await Database.open(server.socketPath, 6);
  const bytes = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
  await db.hset("PORT_TABLE|\xff", { bytes });
  expect(await db.hget("PORT_TABLE|\xff", "bytes")).toBe(bytes);
  await db.hset("PORT_TABLE|\xff\r\n", { b: "\xe9", a: "", "\0": "nul" });
  const entries = await db.entries("PORT_TABLE|\xff\r\n");
  expect(entries.flat()).toEqual(["b", "\xe9", "a", "", "\0", "nul"]);
  expect(await db.keys("*")).toEqual(["PORT_TABLE|\xff", "PORT_TABLE|\xff\r\n"]);
  expect(await db.hgetall("none")).toEqual({});
  expect(await failureOf(db.hset("none", {}))).toContain("wrong number of arguments");
});

testWith(able, "KeyspaceRecorder records events and publishes in the order of Redis", async () => {
  await using dir = new TempDir();
  await using db = await SonicDb.open(dir.path);
  const recorder = await db.record("STATE_DB", "PORT_TABLE|*", ["CHANNEL@0"]);
  await db.state.hset("PORT_TABLE|Ethernet0", { a: "1" });
  await db.state.hset("OTHER|x", { a: "1" });
  await db.appl.hset("PORT_TABLE|Ethernet0", { a: "1" });
  await db.state.publish("CHANNEL@0", "G");
  await db.state.del("PORT_TABLE|Ethernet0");
  await recorder.sync();
  expect(recorder.events.map(({ db: id, key, event }) => [id, key, event])).toEqual([
    [6, "PORT_TABLE|Ethernet0", "hset"],
    [null, "CHANNEL@0", "G"],
    [6, "PORT_TABLE|Ethernet0", "del"],
  ]);
  expect(recorder.of("PORT_TABLE|Ethernet0")).toEqual(["hset", "del"]);
});

testWith(
  able,
  "KeyspaceRecorder.waitFor takes what came before and what comes later, and says what came instead",
  async () => {
    await using dir = new TempDir();
    await using db = await SonicDb.open(dir.path);
    const recorder = await db.record("STATE_DB");
    const coming = recorder.waitFor("event of b", ({ key }) => key === "b");
    await db.state.hset("a", { f: "1" });
    await db.state.hset("b", { f: "1" });
    expect((await coming).event).toBe("hset");
    expect((await recorder.waitFor("event of a", ({ key }) => key === "a")).event).toBe("hset");
    const wait = recorder.waitFor("event of c", ({ key }) => key === "c", { seconds: 0.02 });
    expect(await failureOf(wait)).toContain("no event of c within 0.02 s; the last events: hset 6 a, hset 6 b");
  },
);

testWith(able, "RedisServer can be killed, restarted, frozen and thawed", async () => {
  await using dir = new TempDir();
  await using db = await SonicDb.open(dir.path);
  const server = db.server("STATE_DB");
  await db.state.hset("a", { f: "1" });
  await server.freeze();
  let answered = false;
  const reply = db.state.hget("a", "f").finally(() => (answered = true));
  await Bun.sleep(20);
  expect(answered).toBe(false);
  server.thaw();
  expect(await reply).toBe("1");
  const { pid } = server.process;
  await server.restart();
  expect(server.process.pid).not.toBe(pid);
  expect(await failureOf(db.state.hget("a", "f"))).toContain("connection lost");
  await db.connect();
  expect(await db.state.hget("a", "f")).toBeNull();
});

testWith(able, "SonicDb writes the database_config.json of several servers", async () => {
  await using dir = new TempDir();
  await using db = await SonicDb.open(dir.path, { APPL_DB: { instance: "redis1", id: 11 } });
  expect([...db.servers.keys()].sort()).toEqual(["redis", "redis1"]);
  const config = await Bun.file(db.configPath).json();
  expect(config.DATABASES.APPL_DB).toEqual({ instance: "redis1", id: 11, separator: ":" });
  expect(config.DATABASES.STATE_DB).toEqual({ instance: "redis", id: 6, separator: "|" });
  expect(config.INSTANCES.redis1.unix_socket_path).toBe(db.server("APPL_DB").socketPath);
  await db.appl.hset("x", { f: "1" });
  using other = await Database.open(db.server("STATE_DB").socketPath, 11);
  expect(await other.exists("x")).toBe(false);
});

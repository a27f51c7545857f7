import { expect } from "bun:test";

import type { Database } from "./database.ts";
import { failureOf } from "./failure.ts";
import { Orchagent, popPorts } from "./orchagent.ts";
import { canUseRedis } from "./redis.ts";
import { SonicDb } from "./sonicdb.ts";
import { TempDir } from "./tempdir.ts";
import { testWith } from "./testwith.ts";

const able = canUseRedis();

/** What ProducerStateTable.set leaves behind (contract rule 35). */
async function push(appl: Database, port: string, fields: Record<string, string>): Promise<void> {
  await appl.hset(`_PORT_TABLE:${port}`, fields);
  await appl.call("SADD", "PORT_TABLE_KEY_SET", port);
  await appl.publish("PORT_TABLE_CHANNEL@0", "G");
}

testWith(able, "popPorts moves pending rows over and merges them", async () => {
  await using dir = new TempDir();
  await using db = await SonicDb.open(dir.path);
  await db.appl.hset("PORT_TABLE:Ethernet0", { mtu: "1500", old: "1" });
  await push(db.appl, "Ethernet0", { mtu: "9100" });
  expect(await popPorts(db.appl)).toEqual(["Ethernet0"]);
  expect(await db.appl.hgetall("PORT_TABLE:Ethernet0")).toEqual({ mtu: "9100", old: "1" });
  expect(await db.appl.keys("*")).toEqual(["PORT_TABLE:Ethernet0"]);
  expect(await popPorts(db.appl)).toEqual([]);
});

testWith(able, "popPorts clears a row that is in the del set first", async () => {
  await using dir = new TempDir();
  await using db = await SonicDb.open(dir.path);
  await db.appl.hset("PORT_TABLE:Ethernet0", { mtu: "1500" });
  await db.appl.call("SADD", "PORT_TABLE_DEL_SET", "Ethernet0");
  await push(db.appl, "Ethernet0", { lanes: "1" });
  await popPorts(db.appl);
  expect(await db.appl.hgetall("PORT_TABLE:Ethernet0")).toEqual({ lanes: "1" });
});

testWith(able, "Orchagent pops what was pending before it and what comes later", async () => {
  await using dir = new TempDir();
  await using db = await SonicDb.open(dir.path);
  await push(db.appl, "Ethernet0", { lanes: "0" });
  const seen: string[] = [];
  await using orchagent = await Orchagent.follow(db, (name) => seen.push(name));
  expect(orchagent.popped).toEqual(["Ethernet0"]);
  await push(db.appl, "PortConfigDone", { count: "1" });
  await orchagent.waitFor("PortConfigDone");
  expect(seen).toEqual(["Ethernet0", "PortConfigDone"]);
  expect(await failureOf(orchagent.waitFor("PortInitDone", 0.02))).toContain("popped: Ethernet0 PortConfigDone");
});

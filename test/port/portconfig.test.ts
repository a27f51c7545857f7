import { describe, expect, test } from "bun:test";

import {
  pushPortConfig,
  pushPortInitDone,
  readConsumed,
  readPortConfig,
  readPortNames,
  readSwitchType,
} from "../../src/port/portconfig.ts";
import { ReplyError } from "../../src/swss/database.ts";
import { collectLog } from "./loglines.ts";
import { ScriptedDatabase, settle } from "./scripteddatabase.ts";

const lines = collectLog();
const WRONGTYPE = new ReplyError("WRONGTYPE Operation against a key holding the wrong kind of value");
const LOADING = new ReplyError("LOADING Redis is loading the dataset in memory");

describe("readSwitchType", () => {
  for (const [reply, type] of [
    ["dpu", "dpu"],
    ["voq", "voq"],
    ["dpu@x", "dpu"],
    ["", ""],
    [null, "switch"],
  ] as const) {
    test(`readSwitchType takes ${JSON.stringify(reply)} for ${JSON.stringify(type)} (rules 4, 31)`, async () => {
      const config = new ScriptedDatabase("CONFIG_DB", 4);
      const read = readSwitchType(config);
      const batch = config.next();
      expect(batch.commands).toEqual([["HGET", "DEVICE_METADATA|localhost", "switch_type"]]);
      await batch.answer(reply);
      expect(await read).toBe(type);
    });
  }

  test("readSwitchType takes a key of the wrong type for a switch and names it (section 9)", async () => {
    const config = new ScriptedDatabase("CONFIG_DB", 4);
    const read = readSwitchType(config);
    await config.next().answer(WRONGTYPE);
    expect(await read).toBe("switch");
    expect(lines()[0]).toMatch(/^ERROR .*DEVICE_METADATA\|localhost/);
  });

  test("readSwitchType fails when CONFIG_DB is lost", async () => {
    const config = new ScriptedDatabase("CONFIG_DB", 4);
    const read = readSwitchType(config).catch((error: Error) => error.name);
    await config.next().lose();
    expect(await read).toBe("DatabaseLostError");
  });
});

/** Keys of CONFIG_DB, of which the second, fourth and fifth are no row of a port. */
const KEYS = ["PORT|b", "PORT|wrong", "PORT|a|x", "PORT|gone", "PORT|n\0l"];

function expectSkipped(): void {
  expect(lines()).toHaveLength(3);
  for (const [i, name] of ["wrong", "gone", "n"].entries()) expect(lines()[i]).toContain(`PORT|${name}`);
}

describe("readPortConfig", () => {
  test("readPortConfig keeps Redis' order and skips what is no row of a port (rule 7, section 9)", async () => {
    const config = new ScriptedDatabase("CONFIG_DB", 4);
    const read = readPortConfig(config);
    await config.next().answer(KEYS);
    const batch = config.next();
    expect(batch.commands[2]).toEqual(["HGETALL", "PORT|a|x"]);
    await batch.answer(["lanes", "1"], WRONGTYPE, ["lanes@", "2"], [], ["lanes", "3"]);
    const ports = await read;
    expect([...ports.keys()]).toEqual(["b", "a|x"]);
    expect([...ports.get("a|x")!]).toEqual([["lanes", "2"]]);
    expectSkipped();
  });
});

describe("readPortNames", () => {
  test("readPortNames has the names of the same ports, and does not read their rows", async () => {
    const config = new ScriptedDatabase("CONFIG_DB", 4);
    const read = readPortNames(config);
    await config.next().answer(KEYS);
    const batch = config.next();
    expect(batch.commands[2]).toEqual(["HLEN", "PORT|a|x"]);
    await batch.answer(1, WRONGTYPE, 1, 0, 1);
    expect([...(await read)]).toEqual(["b", "a|x"]);
    expectSkipped();
  });

  test("readPortNames takes the port without a name, whose row is under the name of the table (rule 30)", async () => {
    const config = new ScriptedDatabase("CONFIG_DB", 4);
    const read = readPortNames(config);
    await config.next().answer(["PORT|"]);
    const batch = config.next();
    expect(batch.commands).toEqual([["HLEN", "PORT"]]);
    await batch.answer(0);
    expect([...(await read)]).toEqual([""]);
  });

  test("readPortNames fails when CONFIG_DB does not serve, so that it is tried again", async () => {
    const config = new ScriptedDatabase("CONFIG_DB", 4);
    const read = readPortNames(config).catch((error: Error) => error.message);
    await config.next().answer(["PORT|a"]);
    await config.next().answer(LOADING);
    expect(await read).toBe(LOADING.message);
  });
});

describe("readConsumed", () => {
  test("readConsumed names the ports whose row has an admin_status (rule 8a)", async () => {
    const appl = new ScriptedDatabase("APPL_DB", 0, ":");
    const read = readConsumed(appl, ["with", "without", "wrong"]);
    const batch = appl.next();
    expect(batch.commands).toEqual(
      ["with", "without", "wrong"].map((name) => ["HEXISTS", `PORT_TABLE:${name}`, "admin_status"]),
    );
    await batch.answer(1, 0, WRONGTYPE);
    expect([...(await read)]).toEqual(["with"]);
  });

  test("readConsumed fails when APPL_DB does not serve, so that it is tried again", async () => {
    const appl = new ScriptedDatabase("APPL_DB", 0, ":");
    const read = readConsumed(appl, ["a"]).catch((error: Error) => error.message);
    await appl.next().answer(LOADING);
    expect(await read).toBe(LOADING.message);
  });
});

describe("pushPortConfig", () => {
  test("pushPortConfig sends PortConfigDone when all ports are acknowledged (rules 7, 33)", async () => {
    const appl = new ScriptedDatabase("APPL_DB", 0, ":");
    const pushed = pushPortConfig(
      appl,
      new Map([
        ["a", new Map([["lanes", "1"]])],
        ["b", new Map()],
      ]),
    );
    const ports = appl.next();
    expect(ports.commands.map((command) => command.slice(2))).toEqual([
      ["3", "PORT_TABLE_CHANNEL@0", "PORT_TABLE_KEY_SET", "_PORT_TABLE:a", "G", "a", "lanes", "1"],
      ["3", "PORT_TABLE_CHANNEL@0", "PORT_TABLE_KEY_SET", "_PORT_TABLE:b", "G", "b"],
    ]);
    await settle();
    expect(appl.pending).toEqual([]);
    await ports.answer(null, null);
    const done = appl.next();
    expect(done.commands[0]!.slice(5)).toEqual(["_PORT_TABLE:PortConfigDone", "G", "PortConfigDone", "count", "2"]);
    await done.answer(null);
    await pushed;
  });

  test("pushPortConfig names a port that APPL_DB refused and goes on with the others", async () => {
    const appl = new ScriptedDatabase("APPL_DB", 0, ":");
    const pushed = pushPortConfig(
      appl,
      new Map([
        ["a", new Map()],
        ["b", new Map()],
      ]),
    );
    await appl.next().answer(WRONGTYPE, null);
    await appl.next().answer(null);
    await pushed;
    expect(lines()[0]).toMatch(/^ERROR .*APPL_DB refused a: .*WRONGTYPE/);
  });

  test("pushPortConfig fails when PortConfigDone is refused or lost, so that it is tried again", async () => {
    const appl = new ScriptedDatabase("APPL_DB", 0, ":");
    const refused = pushPortConfig(appl, new Map()).catch((error: Error) => error.name);
    await settle();
    await appl.next().answer(WRONGTYPE);
    expect(await refused).toBe("ReplyError");
    const lost = pushPortInitDone(appl).catch((error: Error) => error.name);
    await settle();
    await appl.next().lose();
    expect(await lost).toBe("DatabaseLostError");
  });
});

const BUSY = new ReplyError("BUSY Redis is busy running a script.");

test("readPortConfig throws where Redis does not serve, and does not take the ports for gone", async () => {
  const database = new ScriptedDatabase("CONFIG_DB", 4, "|");
  const read = readPortConfig(database).catch((error: Error) => error.message);
  await database.next().answer(["PORT|Ethernet0", "PORT|Ethernet4"]);
  await database.next().answer(["lanes", "0"], BUSY);
  expect(await read).toBe(BUSY.message);
});

test("pushPortConfig throws where APPL_DB does not serve, and PortConfigDone is not sent", async () => {
  const database = new ScriptedDatabase("APPL_DB", 0, ":");
  const ports = new Map([["Ethernet0", new Map([["lanes", "0"]])]]);
  const pushed = pushPortConfig(database, ports).catch((error: Error) => error.message);
  await database.next().answer(BUSY);
  expect([await pushed, database.pending]).toEqual([BUSY.message, []]);
});

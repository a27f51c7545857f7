import { describe, expect, test } from "bun:test";

import { pushPortConfig, pushPortInitDone, readPortConfig, readSwitchType } from "../../src/port/portconfig.ts";
import { ReplyError } from "../../src/swss/database.ts";
import { collectLog } from "./loglines.ts";
import { ScriptedDatabase, settle } from "./scripteddatabase.ts";

const lines = collectLog();
const WRONGTYPE = new ReplyError("WRONGTYPE Operation against a key holding the wrong kind of value");

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

describe("readPortConfig", () => {
  test("readPortConfig keeps Redis' order and skips what is no row of a port (rule 7, section 9)", async () => {
    const config = new ScriptedDatabase("CONFIG_DB", 4);
    const read = readPortConfig(config);
    await config.next().answer(["PORT|b", "PORT|wrong", "PORT|a|x", "PORT|gone", "PORT|n\0l"]);
    const batch = config.next();
    expect(batch.commands[2]).toEqual(["HGETALL", "PORT|a|x"]);
    await batch.answer(["lanes", "1"], WRONGTYPE, ["lanes@", "2"], [], ["lanes", "3"]);
    const ports = await read;
    expect([...ports.keys()]).toEqual(["b", "a|x"]);
    expect([...ports.get("a|x")!]).toEqual([["lanes", "2"]]);
    expect(lines()).toHaveLength(3);
    for (const [i, name] of ["wrong", "gone", "n"].entries()) expect(lines()[i]).toContain(`PORT|${name}`);
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

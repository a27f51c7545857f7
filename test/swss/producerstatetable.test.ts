import { expect, test } from "bun:test";

import { ReplyError } from "../../src/swss/database.ts";
import { ProducerStateTable } from "../../src/swss/producerstatetable.ts";
import { ScriptedDatabase } from "../port/scripteddatabase.ts";

const NOSCRIPT = new ReplyError("NOSCRIPT No matching script. Please use EVAL.");

function open(): { database: ScriptedDatabase; producer: ProducerStateTable } {
  const database = new ScriptedDatabase("APPL_DB", 3, ":");
  return { database, producer: new ProducerStateTable(database, "PORT_TABLE") };
}

test("ProducerStateTable.set calls its script by its digest with the names of the table (rules 34, 35)", async () => {
  const { database, producer } = open();
  const set = producer.set([
    {
      key: "Ethernet0",
      fields: [
        ["a", "1"],
        ["b", ""],
      ],
    },
  ]);
  const batch = database.next();
  const [verb, sha, ...rest] = batch.commands[0]!;
  expect(verb).toBe("EVALSHA");
  expect(sha).toMatch(/^[0-9a-f]{40}$/);
  expect(rest).toEqual([
    "3",
    "PORT_TABLE_CHANNEL@3",
    "PORT_TABLE_KEY_SET",
    "_PORT_TABLE:Ethernet0",
    "G",
    "Ethernet0",
    "a",
    "1",
    "b",
    "",
  ]);
  await batch.answer(null);
  expect(await set).toEqual(new Map());
  expect(database.pending).toEqual([]);
});

test("ProducerStateTable.set sends the script itself when the server has forgotten it (rule 39)", async () => {
  const { database, producer } = open();
  const set = producer.set([
    { key: "a", fields: [] },
    { key: "b", fields: [["f", "1"]] },
  ]);
  const first = database.next();
  await first.answer(null, NOSCRIPT);
  const second = database.next();
  const script = second.commands[0]![1]!;
  expect(second.commands.map(([verb]) => verb)).toEqual(["EVAL", "EVAL"]);
  expect(new Bun.CryptoHasher("sha1").update(script).digest("hex")).toBe(first.commands[0]![1]!);
  expect(second.commands.map((command) => command.slice(2))).toEqual(first.commands.map((command) => command.slice(2)));
  await second.answer(null, null);
  expect(await set).toEqual(new Map());
});

test("ProducerStateTable.set says which rows were refused", async () => {
  const { database, producer } = open();
  const set = producer.set([
    { key: "a", fields: [] },
    { key: "b", fields: [] },
  ]);
  const error = new ReplyError("WRONGTYPE x");
  await database.next().answer(null, error);
  expect([...(await set)]).toEqual([["b", error]]);
});

test("ProducerStateTable.set sends nothing for no rows, and fails with the connection", async () => {
  const { database, producer } = open();
  expect(await producer.set([])).toEqual(new Map());
  expect(database.pending).toEqual([]);
  const set = producer.set([{ key: "a", fields: [] }]).catch((error: Error) => error.name);
  await database.next().lose();
  expect(await set).toBe("DatabaseLostError");
});

import { describe, expect, test } from "bun:test";

import { ReplyError } from "../../src/swss/database.ts";
import { parseRow, Table, tableKey } from "../../src/swss/table.ts";
import { ScriptedDatabase } from "../port/scripteddatabase.ts";

describe("tableKey", () => {
  for (const [table, separator, key, redisKey] of [
    ["PORT", "|", "Ethernet0", "PORT|Ethernet0"],
    ["PORT_TABLE", ":", "Ethernet0", "PORT_TABLE:Ethernet0"],
    ["PORT", "|", "", "PORT"],
    ["PORT", "|", "a|b", "PORT|a|b"],
  ] as const) {
    test(`tableKey makes ${redisKey} (rule 30)`, () => {
      expect(tableKey(table, separator, key)).toBe(redisKey);
    });
  }
});

describe("parseRow", () => {
  for (const [what, reply, row] of [
    ["nothing", [], []],
    [
      "an ordinary row",
      ["a", "1", "b", "2"],
      [
        ["a", "1"],
        ["b", "2"],
      ],
    ],
    ["a list marker", ["lanes@", "0,1"], [["lanes", "0,1"]]],
    ["several @", ["a@b@c", "1"], [["a", "1"]]],
    ["@ at the start", ["@a", "1"], [["", "1"]]],
    ["a NUL", ["speed\0x", "1"], [["speed", "1"]]],
    ["a NUL before an @", ["a\0b@", "1"], [["a", "1"]]],
    ["an @ before a NUL", ["a@\0b", "1"], [["a", "1"]]],
    [
      "names that become equal",
      ["a@1", "first", "b", "2", "a@2", "second"],
      [
        ["a", "second"],
        ["b", "2"],
      ],
    ],
    ["@ and NUL in values", ["a", "x@y\0z"], [["a", "x@y\0z"]]],
    ["NULL:NULL", ["NULL", "NULL"], [["NULL", "NULL"]]],
    ["bytes", ["f\xff\r\n", "\x00\xff"], [["f\xff\r\n", "\x00\xff"]]],
    ["__proto__", ["__proto__", "1"], [["__proto__", "1"]]],
  ] as [string, string[], [string, string][]][]) {
    test(`parseRow takes ${what} (rules 7, 31, section 9)`, () => {
      expect([...parseRow(reply)]).toEqual(row);
    });
  }
});

describe("Table", () => {
  test("Table.hget cuts the value at its first @ (rule 31)", async () => {
    for (const [reply, value] of [
      ["true@x", "true"],
      ["@", ""],
      ["a", "a"],
      ["", ""],
      [null, undefined],
    ] as const) {
      const database = new ScriptedDatabase();
      const got = new Table(database, "T").hget("k", "f");
      const batch = database.next();
      expect(batch.commands).toEqual([["HGET", "T|k", "f"]]);
      await batch.answer(reply);
      expect(await got).toBe(value);
    }
  });

  test("Table.hget refuses what is neither text nor nil, which must not be taken for a field that is missing", async () => {
    for (const reply of [1, [], ["a"]]) {
      const database = new ScriptedDatabase();
      const got = new Table(database, "T").hget("k", "f").catch((error: unknown) => error);
      await database.next().answer(reply);
      expect(await got).toBeInstanceOf(ReplyError);
    }
  });

  test("Table.scan goes on from each cursor to the next until that is 0, and gives each key once", async () => {
    const database = new ScriptedDatabase("APPL_DB", 0, ":");
    const scan = new Table(database, "T").scan();
    for (const [cursor, next, keys] of [
      ["0", "7", ["T:a", "T:b"]],
      ["7", "3", []],
      ["3", "0", ["T:b", "T:c:d"]],
    ] as const) {
      const batch = database.next();
      expect(batch.commands).toEqual([["SCAN", cursor, "MATCH", "T:*", "COUNT", "1000"]]);
      await batch.answer([next, [...keys]]);
    }
    expect([...(await scan)]).toEqual(["a", "b", "c:d"]);
  });

  test("Table.scan gives up a server whose cursors do not come to an end", async () => {
    let steps = 0;
    const endless = Object.assign(new ScriptedDatabase(), {
      call: async () => {
        if (++steps > 100_000) throw new Error("it never ends");
        return [`${steps}`, ["T|a"]];
      },
    });
    const scan = new Table(endless, "T").scan().catch((error: unknown) => error);
    expect(await scan).toBeInstanceOf(ReplyError);
  });

  test("Table.set is one HSET (rule 32)", async () => {
    const database = new ScriptedDatabase();
    const set = new Table(database, "T").set("k", { a: "1", b: "" });
    const batch = database.next();
    expect(batch.commands).toEqual([["HSET", "T|k", "a", "1", "b", ""]]);
    await batch.answer(2);
    await set;
  });

  test("Table.keys strips the table and its separator only (rule 31)", async () => {
    const database = new ScriptedDatabase("APPL_DB", 0, ":");
    const keys = new Table(database, "PORT_TABLE").keys();
    const batch = database.next();
    expect(batch.commands).toEqual([["KEYS", "PORT_TABLE:*"]]);
    await batch.answer(["PORT_TABLE:a:b", "PORT_TABLE:", "PORT_TABLE:PORT_TABLE:x"]);
    expect(await keys).toEqual(["a:b", "", "PORT_TABLE:x"]);
  });

  test("Table.rows has an error in the place of a row of the wrong type and an empty row for none", async () => {
    const database = new ScriptedDatabase();
    const rows = new Table(database, "T").rows(["a", "b", "c"]);
    const batch = database.next();
    expect(batch.commands).toEqual([
      ["HGETALL", "T|a"],
      ["HGETALL", "T|b"],
      ["HGETALL", "T|c"],
    ]);
    await batch.answer(["f@", "1"], new ReplyError("WRONGTYPE x"), []);
    const [a, b, c] = await rows;
    expect([...(a as ReadonlyMap<string, string>)]).toEqual([["f", "1"]]);
    expect((b as ReplyError).code).toBe("WRONGTYPE");
    expect((c as ReadonlyMap<string, string>).size).toBe(0);
  });

  test("Table.hget throws the error reply of a wrong type", async () => {
    const database = new ScriptedDatabase();
    const got = new Table(database, "T").hget("k", "f").catch((error: Error) => error.name);
    await database.next().answer(new ReplyError("WRONGTYPE x"));
    expect(await got).toBe("ReplyError");
  });
});

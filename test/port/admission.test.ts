import { describe, expect, test } from "bun:test";

import { Admission } from "../../src/port/admission.ts";
import { ReplyError } from "../../src/swss/database.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { collectLog } from "./loglines.ts";
import { ScriptedDatabase, settle } from "./scripteddatabase.ts";

const lines = collectLog();
const WRONGTYPE = new ReplyError("WRONGTYPE Operation against a key holding the wrong kind of value");

/** Rows of APPL_DB PORT_TABLE: how many fields they have, or the error of every command. */
type Rows = Readonly<Record<string, number | ReplyError>>;

/** Answers the HLEN of each row that is looked at. */
function answerRows(database: ScriptedDatabase, rows: Rows): Promise<void> {
  const batch = database.next();
  return batch.answer(...batch.commands.map(([, key]) => rows[key!.slice("PORT_TABLE:".length)] ?? 0));
}

class Bench {
  readonly database = new ScriptedDatabase("APPL_DB", 0, ":");
  readonly said: string[] = [];
  readonly clock = new FakeClock();
  readonly ports = new Set<string>();
  readonly admission = new Admission(this.clock, {
    admit: (name) => this.said.push(`admit ${name}`),
    revoke: (name) => this.said.push(`revoke ${name}`),
    onTurnEnd: () => this.said.push("end"),
    ports: () => this.ports,
  });

  /** Connects where APPL_DB has these rows. */
  async connect(rows: Rows, database = this.database, notifyKeyspaceEvents = "AKE"): Promise<void> {
    const connected = this.admission.connect(database);
    await settle();
    await database.next().answer(["0", Object.keys(rows).map((name) => `PORT_TABLE:${name}`)]);
    if (database.pending[0]?.commands[0]?.[0] === "HLEN") await answerRows(database, rows);
    await database.next().answer(["notify-keyspace-events", notifyKeyspaceEvents]);
    await connected;
  }

  event(name: string, event: string, database = this.database): void {
    database.publish(`__keyspace@0__:PORT_TABLE:${name}`, event);
  }

  take(): string[] {
    return this.said.splice(0);
  }
}

describe("Admission.connect", () => {
  test("Admission.connect subscribes, reads all rows and admits them in one turn (rule 18)", async () => {
    const bench = new Bench();
    const connected = bench.admission.connect(bench.database);
    await settle();
    expect(bench.database.patterns).toEqual(["__keyspace@0__:PORT_TABLE:*"]);
    expect(bench.database.pending[0]!.commands).toEqual([["SCAN", "0", "MATCH", "PORT_TABLE:*", "COUNT", "1000"]]);
    await bench.database.next().answer(["17", ["PORT_TABLE:Ethernet0"]]);
    expect(bench.database.pending[0]!.commands[0]!.slice(0, 2)).toEqual(["SCAN", "17"]);
    await bench.database.next().answer(["0", ["PORT_TABLE:Ether:net", "PORT_TABLE:Ethernet0"]]);
    await answerRows(bench.database, { Ethernet0: 3, "Ether:net": 1 });
    await bench.database.next().answer(["notify-keyspace-events", "AKE"]);
    await connected;
    expect(bench.take()).toEqual(["admit Ethernet0", "admit Ether:net", "end"]);
    expect(bench.admission.has("Ethernet0")).toBe(true);
    expect(bench.admission.has("Ethernet4")).toBe(false);
  });

  test("Admission.connect skips a row of the wrong type and says which (section 9)", async () => {
    const bench = new Bench();
    await bench.connect({ Ethernet0: WRONGTYPE, Ethernet4: 3 });
    expect(bench.take()).toEqual(["admit Ethernet4", "end"]);
    expect(lines()[0]).toMatch(/^ERROR .*PORT_TABLE:Ethernet0 is skipped: .*WRONGTYPE/);
  });

  test("Admission.connect lets what is heard while it reads win over what it reads", async () => {
    const bench = new Bench();
    const connected = bench.admission.connect(bench.database);
    await settle();
    bench.event("late", "hset");
    bench.event("deleted", "del");
    bench.event("gone", "hdel");
    const keys = bench.database.next();
    const look = bench.database.next();
    await keys.answer(["0", ["PORT_TABLE:gone", "PORT_TABLE:deleted", "PORT_TABLE:Ethernet0"]]);
    await answerRows(bench.database, { gone: 3, deleted: 3, Ethernet0: 3 });
    await bench.database.next().answer(["notify-keyspace-events", "AKE"]);
    await connected;
    expect(bench.take()).toEqual(["admit late", "end", "admit Ethernet0", "end"]);
    await look.answer(0);
    expect(bench.take()).toEqual([]);
    const names = ["late", "gone", "deleted", "Ethernet0"];
    expect(names.filter((name) => bench.admission.has(name))).toEqual(["late", "Ethernet0"]);
  });

  test("Admission.connect again revokes what is gone and admits what is new", async () => {
    const bench = new Bench();
    await bench.connect({ stays: 3, goes: 3 });
    bench.take();
    await bench.connect({ stays: 3, comes: 3 }, new ScriptedDatabase("APPL_DB", 0, ":"));
    expect(bench.take()).toEqual(["revoke goes", "admit comes", "end"]);
  });

  test("Admission.connect that fails is made good by the next", async () => {
    const bench = new Bench();
    const connected = bench.admission.connect(bench.database).catch((error: Error) => error.name);
    await settle();
    await bench.database.next().lose();
    expect(await connected).toBe("DatabaseLostError");
    await bench.connect({ Ethernet0: 3 }, new ScriptedDatabase("APPL_DB", 0, ":"));
    expect(bench.take()).toEqual(["admit Ethernet0", "end"]);
  });
});

describe("Admission events", () => {
  test("Admission admits a row with its first hset, and says nothing of later ones (rule 18)", async () => {
    const bench = new Bench();
    await bench.connect({});
    bench.take();
    bench.event("Ethernet0", "hset");
    expect(bench.take()).toEqual(["admit Ethernet0", "end"]);
    bench.event("Ethernet0", "hset");
    expect(bench.take()).toEqual([]);
    expect(bench.database.pending).toEqual([]);
  });

  test("Admission revokes a row with its del, at once: the events are in Redis' order (rule 18)", async () => {
    const bench = new Bench();
    await bench.connect({ Ethernet0: 3 });
    bench.take();
    bench.event("Ethernet0", "del");
    expect(bench.take()).toEqual(["revoke Ethernet0", "end"]);
    bench.event("Ethernet0", "hset");
    bench.event("Ethernet4", "del");
    expect(bench.take()).toEqual(["admit Ethernet0", "end"]);
    expect(bench.database.pending).toEqual([]);
  });

  for (const event of ["hdel", "expired", "rename_from", "evicted", "set", "rename_to", "restore"]) {
    test(`Admission looks at a row after ${event} and believes what it finds (rule 18)`, async () => {
      const bench = new Bench();
      await bench.connect({ Ethernet0: 3 });
      bench.take();
      bench.event("Ethernet0", event);
      await bench.database.next().answer(2);
      expect(bench.take()).toEqual([]);
      bench.event("Ethernet0", event);
      await bench.database.next().answer(0);
      expect(bench.take()).toEqual(["revoke Ethernet0", "end"]);
      bench.event("Ethernet0", event);
      await bench.database.next().answer(1);
      expect(bench.take()).toEqual(["admit Ethernet0", "end"]);
      bench.event("Ethernet0", event);
      await bench.database.next().answer(WRONGTYPE);
      expect(bench.take()).toEqual(["revoke Ethernet0", "end"]);
    });
  }

  test("Admission believes only the newest of several looks", async () => {
    const bench = new Bench();
    await bench.connect({ Ethernet0: 3 });
    bench.take();
    bench.event("Ethernet0", "hdel");
    bench.event("Ethernet0", "rename_to");
    const [first, second] = [bench.database.next(), bench.database.next()];
    await second.answer(3);
    await first.answer(0);
    expect(bench.take()).toEqual([]);
    expect(bench.admission.has("Ethernet0")).toBe(true);
  });

  test("Admission drops a look when an hset was heard since", async () => {
    const bench = new Bench();
    await bench.connect({ Ethernet0: 3 });
    bench.take();
    bench.event("Ethernet0", "hdel");
    bench.event("Ethernet0", "hset");
    await bench.database.next().answer(0);
    expect(bench.admission.has("Ethernet0")).toBe(true);
  });

  test("Admission does not hear a connection that is gone", async () => {
    const bench = new Bench();
    await bench.connect({});
    const former = bench.database;
    await bench.connect({}, new ScriptedDatabase("APPL_DB", 0, ":"));
    bench.take();
    bench.event("Ethernet0", "hset", former);
    expect(bench.take()).toEqual([]);
    expect(bench.admission.has("Ethernet0")).toBe(false);
  });

  test("Admission leaves a row as it was when the look at it is lost: the next connection reads all", async () => {
    const bench = new Bench();
    await bench.connect({ Ethernet0: 3 });
    bench.take();
    bench.event("Ethernet0", "hdel");
    await bench.database.next().lose();
    expect(bench.take()).toEqual([]);
    await bench.connect({}, new ScriptedDatabase("APPL_DB", 0, ":"));
    expect(bench.take()).toEqual(["revoke Ethernet0", "end"]);
  });

  test("Admission takes names of any bytes", async () => {
    const bench = new Bench();
    await bench.connect({});
    bench.take();
    bench.event("Ether:net\xff\n*", "hset");
    expect(bench.take()).toEqual(["admit Ether:net\xff\n*", "end"]);
  });
});

describe("Admission.audit", () => {
  test("Admission.audit looks at the rows it knows and at those of the ports there are, and at no other key", async () => {
    const bench = new Bench();
    await bench.connect({ stays: 3, goes: 3 });
    bench.take();
    bench.ports.add("comes").add("stays");
    const audited = bench.admission.audit();
    await settle();
    expect(bench.database.pending[0]!.commands).toEqual(
      ["stays", "goes", "comes"].map((name) => ["HLEN", `PORT_TABLE:${name}`]),
    );
    await answerRows(bench.database, { stays: 3, comes: 1 });
    await bench.database.next().answer(["notify-keyspace-events", "AKE"]);
    expect(await audited).toBe(2);
    expect(bench.take()).toEqual(["revoke goes", "admit comes", "end"]);
  });

  test("Admission.audit notices that notifications were switched off or on, and polls while they are off", async () => {
    const bench = new Bench();
    await bench.connect({});
    const audit = async (flags: string): Promise<void> => {
      const audited = bench.admission.audit();
      await settle();
      if (bench.database.pending[0]?.commands[0]?.[0] === "HLEN") await answerRows(bench.database, {});
      await bench.database.next().answer(["notify-keyspace-events", flags]);
      await audited;
    };
    bench.ports.add("comes");
    await audit("AKE");
    expect(bench.clock.timers).toBe(0);
    for (let round = 0; round < 2; round++) {
      await audit("");
      expect(bench.clock.timers).toBe(1);
      bench.clock.advance(1000);
      await settle();
      await answerRows(bench.database, round === 0 ? { comes: 3 } : {});
      expect(bench.admission.has("comes")).toBe(round === 0);
      expect(bench.clock.timers).toBe(1);
    }
    await audit("AKE");
    expect(bench.clock.timers).toBe(0);
  });

  test("Admission.audit counts what nobody told of, and nothing where Redis does not tell anyway", async () => {
    for (const [flags, found] of [
      ["AKE", 1],
      ["Ex", 0],
    ] as const) {
      const bench = new Bench();
      await bench.connect({ stays: 3, goes: 3 }, bench.database, flags);
      const audited = bench.admission.audit();
      await settle();
      await answerRows(bench.database, { stays: 3 });
      await bench.database.next().answer(["notify-keyspace-events", flags]);
      expect([flags, await audited]).toEqual([flags, found]);
      bench.admission.disconnect();
      expect(await bench.admission.audit()).toBe(0);
    }
  });

  test("Admission.audit keeps all rows when Redis serves none, as while it loads", async () => {
    const bench = new Bench();
    await bench.connect({ Ethernet0: 3 });
    bench.take();
    const audited = bench.admission.audit().catch((error: Error) => error.message);
    await settle();
    await answerRows(bench.database, { Ethernet0: new ReplyError("LOADING Redis is loading the dataset in memory") });
    expect(await audited).toMatch(/^LOADING/);
    expect([bench.take(), bench.admission.has("Ethernet0")]).toEqual([[], true]);
  });

  test("Admission polls where Redis does not tell of changes, until the connection is gone (rule 18)", async () => {
    const bench = new Bench();
    await bench.connect({}, bench.database, "Ex");
    bench.take();
    bench.ports.add("Ethernet0");
    for (const rows of [{}, { Ethernet0: 3 } as const]) {
      bench.clock.advance(1000);
      await settle();
      await answerRows(bench.database, rows);
    }
    expect(bench.take()).toEqual(["end", "admit Ethernet0", "end"]);
    bench.admission.disconnect();
    bench.clock.advance(10_000);
    expect([bench.database.pending, bench.clock.timers]).toEqual([[], 0]);
  });

  for (const flags of ["AKE", "KA", "Kgh", "gxhK"]) {
    test(`Admission does not poll where notify-keyspace-events is ${flags}`, async () => {
      const bench = new Bench();
      await bench.connect({}, bench.database, flags);
      expect(bench.clock.timers).toBe(0);
    });
  }

  for (const flags of ["", "E", "Kx", "Kh", "gh", "Kg"]) {
    test(`Admission polls where notify-keyspace-events is ${JSON.stringify(flags)}`, async () => {
      const bench = new Bench();
      await bench.connect({}, bench.database, flags);
      expect(bench.clock.timers).toBe(1);
    });
  }
});

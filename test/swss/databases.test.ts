import { expect, test } from "bun:test";

import { type ConnectorHandlers, DatabaseLostError, ReplyError } from "../../src/swss/database.ts";
import { Databases } from "../../src/swss/databases.ts";
import type { DatabaseName } from "../../src/swss/schema.ts";
import { ScriptedDatabase, settle } from "../port/scripteddatabase.ts";
import { FakeClock } from "../support/fakeclock.ts";

const NAMES = ["CONFIG_DB", "APPL_DB", "STATE_DB"] as const;

class Bench {
  readonly clock = new FakeClock();
  readonly said: string[] = [];
  readonly handlers = new Map<DatabaseName, ConnectorHandlers>();
  /** What onConnected of the observer waits for. */
  readonly admissions = new Map<DatabaseName, PromiseWithResolvers<void>>();
  readonly databases: Databases;

  constructor() {
    const open = (name: DatabaseName, handlers: ConnectorHandlers) => {
      this.handlers.set(name, handlers);
      return { open: () => this.said.push(`open ${name}`), close: () => this.said.push(`close ${name}`) };
    };
    this.databases = new Databases(NAMES, open, this.clock, {
      onConnected: ({ name }) => {
        const admission = Promise.withResolvers<void>();
        this.admissions.set(name, admission);
        return admission.promise;
      },
      onUsable: (name, again) => this.said.push(`usable ${name}${again ? " again" : ""}`),
      onLost: (name) => this.said.push(`lost ${name}`),
      onFailed: (name, reason) => this.said.push(`failed ${name} ${reason}`),
      onRetry: (error) => this.said.push(`retry ${error.message}`),
    });
  }

  async connect(...names: readonly DatabaseName[]): Promise<void> {
    for (const name of names) {
      const connected = this.handlers.get(name)!.onConnected(new ScriptedDatabase(name));
      this.admissions.get(name)!.resolve();
      await connected;
    }
    await settle();
  }

  lose(name: DatabaseName): void {
    this.handlers.get(name)!.onLost(new Error("gone"));
  }

  take(): string[] {
    return this.said.splice(0);
  }
}

test("Databases opens each, and has one only when its observer is through with it", async () => {
  const bench = new Bench();
  expect(bench.take()).toEqual(["open CONFIG_DB", "open APPL_DB", "open STATE_DB"]);
  const connected = bench.handlers.get("APPL_DB")!.onConnected(new ScriptedDatabase("APPL_DB"));
  await settle();
  expect(bench.databases.get("APPL_DB")).toBeUndefined();
  bench.admissions.get("APPL_DB")!.resolve();
  await connected;
  expect(bench.databases.get("APPL_DB")?.name).toBe("APPL_DB");
  expect(bench.take()).toEqual(["usable APPL_DB"]);
  expect(bench.databases.allUsable).toBe(false);
});

test("Databases.whenUsable resolves when all are there at the same time", async () => {
  const bench = new Bench();
  let usable = false;
  void bench.databases.whenUsable().then(() => (usable = true));
  await bench.connect("CONFIG_DB", "APPL_DB");
  bench.lose("CONFIG_DB");
  await bench.connect("STATE_DB");
  expect(usable).toBe(false);
  await bench.connect("CONFIG_DB");
  expect(usable).toBe(true);
  expect(bench.take().slice(3)).toEqual([
    "usable CONFIG_DB",
    "usable APPL_DB",
    "lost CONFIG_DB",
    "failed CONFIG_DB gone",
    "usable STATE_DB",
    "usable CONFIG_DB again",
  ]);
});

test("Databases says each reason of a failure once, and knows all of them", () => {
  const bench = new Bench();
  bench.take();
  for (const reason of ["ENOENT", "ENOENT", "EACCES", "EACCES"])
    bench.handlers.get("APPL_DB")!.onFailed(new Error(reason));
  bench.handlers.get("STATE_DB")!.onFailed(new Error("EACCES"));
  expect(bench.take()).toEqual(["failed APPL_DB ENOENT", "failed APPL_DB EACCES", "failed STATE_DB EACCES"]);
  expect(bench.databases.failures).toEqual(["EACCES"]);
});

test("Databases.persist runs a step once when it succeeds, after all are there", async () => {
  const bench = new Bench();
  let runs = 0;
  const done = bench.databases.persist(async (get) => {
    runs++;
    return get("STATE_DB").name;
  });
  await settle();
  expect(runs).toBe(0);
  await bench.connect(...NAMES);
  expect(await done).toBe("STATE_DB");
  expect(runs).toBe(1);
});

for (const error of [new DatabaseLostError("STATE_DB: lost"), new ReplyError("LOADING Redis is loading")]) {
  test(`Databases.persist runs a step again after a pause when it ends with ${error.name}`, async () => {
    const bench = new Bench();
    await bench.connect(...NAMES);
    bench.take();
    let runs = 0;
    const done = bench.databases.persist(async () => {
      if (++runs < 3) throw error;
      return "done";
    });
    await settle();
    expect(runs).toBe(1);
    expect(bench.take()).toEqual([`retry ${error.message}`]);
    bench.clock.advance(499);
    await settle();
    expect(runs).toBe(1);
    await bench.clock.run(1001);
    expect(await done).toBe("done");
    expect(runs).toBe(3);
  });
}

test("Databases.persist waits for a database that was lost before it runs the step again", async () => {
  const bench = new Bench();
  await bench.connect(...NAMES);
  let runs = 0;
  const done = bench.databases.persist(async (get) => {
    if (++runs === 1) {
      bench.lose("STATE_DB");
      get("STATE_DB");
    }
  });
  await bench.clock.run(60_000);
  expect(runs).toBe(1);
  await bench.connect("STATE_DB");
  await done;
  expect(runs).toBe(2);
});

test("Databases.persist passes on what is a bug", async () => {
  const bench = new Bench();
  await bench.connect(...NAMES);
  const done = bench.databases.persist(() => Promise.reject(new TypeError("bug")));
  expect(await done.catch((error: Error) => error.message)).toBe("bug");
});

test("Databases ends what waits for it when it is disposed of", async () => {
  const bench = new Bench();
  const waiting = bench.databases.whenUsable().catch((error: Error) => error.name);
  const persisting = bench.databases.persist(async () => {}).catch((error: Error) => error.name);
  await settle();
  bench.take();
  bench.databases[Symbol.dispose]();
  expect(await waiting).toBe("DatabaseLostError");
  expect(await persisting).toBe("DatabaseLostError");
  expect(bench.take()).toEqual(["close CONFIG_DB", "close APPL_DB", "close STATE_DB"]);
});

test("Databases ends a pause of persist when it is disposed of", async () => {
  const bench = new Bench();
  await bench.connect(...NAMES);
  const persisting = bench.databases
    .persist(() => Promise.reject(new ReplyError("OOM")))
    .catch((error: Error) => error.name);
  await settle();
  bench.databases[Symbol.dispose]();
  expect(await persisting).toBe("DatabaseLostError");
});

test("Databases.returns counts how often a database could be used again, not that it came at first", async () => {
  const bench = new Bench();
  await bench.connect(...NAMES);
  expect(NAMES.map((name) => bench.databases.returns(name))).toEqual([0, 0, 0]);
  for (let i = 0; i < 2; i++) {
    bench.lose("STATE_DB");
    bench.handlers.get("STATE_DB")!.onFailed(new Error("refused"));
    await bench.connect("STATE_DB");
  }
  bench.lose("APPL_DB");
  expect(NAMES.map((name) => bench.databases.returns(name))).toEqual([0, 0, 2]);
});

test("Databases says which database answered how many commands, and after how long", async () => {
  const answers: unknown[] = [];
  const handlers = new Map<DatabaseName, ConnectorHandlers>();
  const open = (name: DatabaseName, its: ConnectorHandlers) => {
    handlers.set(name, its);
    return { open() {}, close() {} };
  };
  const nothing = { onConnected: async () => {}, onUsable() {}, onLost() {}, onFailed() {}, onRetry() {} };
  const onAnswered = (...answer: unknown[]) => void answers.push(answer);
  using databases = new Databases(NAMES, open, new FakeClock(), { ...nothing, onAnswered });
  handlers.get("APPL_DB")!.onAnswered!(3, 1.5);
  expect([databases.names, answers]).toEqual([NAMES, [["APPL_DB", 3, 1.5]]]);
});

test("Databases.failure is why one cannot be used, until it can", async () => {
  const bench = new Bench();
  expect(bench.databases.failure("STATE_DB")).toBe("");
  bench.handlers.get("STATE_DB")!.onFailed(new Error("refused"));
  expect([bench.databases.failure("STATE_DB"), bench.databases.failure("APPL_DB")]).toEqual(["refused", ""]);
  await bench.connect("STATE_DB");
  expect(bench.databases.failure("STATE_DB")).toBe("");
  bench.lose("STATE_DB");
  expect(bench.databases.failure("STATE_DB")).toBe("gone");
});

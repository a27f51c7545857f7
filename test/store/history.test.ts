import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { History, HistoryError, type HistoryFilter } from "../../src/store/history.ts";
import type { Transition } from "../../src/store/transition.ts";
import { runChild } from "../support/child.ts";
import { all, needsCommands, needsRoot } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { makeDatabaseFile } from "./databasefile.ts";
import { Asked, limitsIn, transitionAt, transitionsFrom, WALL_MS } from "./requests.ts";
import { savedIn } from "./saved.ts";
import { StoreProcess } from "./storeprocess.ts";

function read(directory: string, filter: HistoryFilter): Transition[] {
  using history = History.open(directory);
  return [...history.read(filter)].flat();
}

function errorOf(directory: string): HistoryError {
  try {
    savedIn(directory);
  } catch (error) {
    if (error instanceof HistoryError) return error;
    throw error;
  }
  throw new Error("it was read");
}

const HOSTILE = ["a|b", "a:b c", "\x1b[2J", "'; DROP TABLE history; --", "\0", "\xff\xfe", ""].map(flapOf);

function flapOf(port: string): Transition {
  return { ...transitionAt(1), port };
}

describe("History", () => {
  test("gives back what was saved, byte for byte, in its order and in pieces", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    const transitions = [...transitionsFrom(0, 2500), ...HOSTILE];
    using asked = new Asked(limitsIn(directory));
    asked.save(transitions);
    expect(savedIn(directory)).toEqual(transitions);
    using history = History.open(directory);
    expect([...history.read()].map((piece) => piece.length)).toEqual([1000, 1000, 507]);
  });

  test("can be asked for one port, and for what came after a time", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    const transitions = [...transitionsFrom(0, 100), ...HOSTILE];
    using asked = new Asked(limitsIn(directory));
    asked.save(transitions);
    const port = "Ethernet8";
    expect(read(directory, { port })).toEqual(transitions.filter((transition) => transition.port === port));
    for (const hostile of HOSTILE) expect(read(directory, { port: hostile.port })).toEqual([hostile]);
    expect(read(directory, { port: "Ethernet9" })).toEqual([]);
    expect(read(directory, { sinceWallMs: WALL_MS + 90 })).toEqual(transitionsFrom(90, 10));
    expect(read(directory, { port, sinceWallMs: WALL_MS + 90 })).toEqual([transitionAt(98)]);
    expect(read(directory, { sinceWallMs: Infinity })).toEqual([]);
  });

  test("leaves nothing behind where no daemon runs", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    {
      using asked = new Asked(limitsIn(directory));
      asked.save([transitionAt(0)]);
    }
    const before = readdirSync(directory);
    expect(savedIn(directory)).toEqual([transitionAt(0)]);
    expect(readdirSync(directory)).toEqual(before);
  });

  test("is missing where there is no directory, and where there is nothing in it", async () => {
    await using dir = new TempDir();
    expect(errorOf(dir.file("store"))).toMatchObject({ kind: "missing" });
    mkdirSync(dir.file("store"));
    expect(errorOf(dir.file("store"))).toMatchObject({
      kind: "missing",
      message: `${dir.file("store")}/portsyncd.db: there is no history yet`,
    });
  });

  for (const [what, make] of [
    ["garbage", (path: string) => writeFileSync(path, "garbage ".repeat(1000))],
    ["empty", (path: string) => writeFileSync(path, "")],
    ["a database of somebody else", (path: string) => makeDatabaseFile(path, { finally: ["DROP TABLE history"] })],
    ["of a newer version", (path: string) => makeDatabaseFile(path, { finally: ["PRAGMA user_version = 99"] })],
  ] as const)
    test(`is damaged when the file is ${what}`, async () => {
      await using dir = new TempDir();
      make(dir.file("portsyncd.db"));
      expect(errorOf(dir.path)).toMatchObject({ kind: "damaged" });
    });

  test("refuses a symbolic link", async () => {
    await using dir = new TempDir();
    makeDatabaseFile(dir.file("real"));
    symlinkSync(dir.file("real"), dir.file("portsyncd.db"));
    expect(errorOf(dir.path)).toMatchObject({ kind: "unavailable", message: expect.stringContaining("symbolic link") });
  });
});

const OTHER = 65_534;
const READER = `
  const { savedIn } = await import(${JSON.stringify(join(import.meta.dir, "saved.ts"))});
  try { console.log(savedIn(process.argv[1]).length); } catch (error) { console.log(error.kind); }`;

/** How many transitions another user reads who is in the group of the files, or why none. */
async function readAsGroup(directory: string): Promise<string> {
  for (const path of [directory, ...readdirSync(directory).map((name) => join(directory, name))])
    chownSync(path, 0, OTHER);
  const command = ["setpriv", "--reuid", `${OTHER}`, "--regid", `${OTHER}`, "--clear-groups"];
  return (await runChild([...command, process.execPath, "-e", READER, directory])).trim();
}

testWith(
  all(needsRoot(), needsCommands("setpriv")),
  "History is read by the group, which may not write, while a daemon writes, after it was killed, and after it ended",
  async () => {
    await using dir = new TempDir();
    chmodSync(dir.path, 0o755);
    const directory = dir.file("store");
    await using store = new StoreProcess(directory);
    store.tell("record 700");
    await store.hear("acknowledgement", ({ saved }) => saved === 700);
    expect(await readAsGroup(directory)).toBe("700");
    await store.kill();
    expect(await readAsGroup(directory)).toBe("700");
    rmSync(join(directory, "portsyncd.db-shm"));
    expect(await readAsGroup(directory)).toBe("unavailable");
    await using next = new StoreProcess(directory);
    next.tell("record 1");
    next.tell("close 5000");
    expect(await next.exited).toBe(0);
    expect(await readAsGroup(directory)).toBe("701");
    chmodSync(join(directory, "portsyncd.db"), 0o600);
    expect(await readAsGroup(directory)).toBe("unavailable");
    chmodSync(directory, 0o700);
    expect(await readAsGroup(directory)).toBe("denied");
  },
  60,
);

for (const [what, row] of [
  ["a kind that there is not", "1, 1, 5, 'lukewarm', 0, '1', NULL"],
  ["no version", "1, 1, 5, 'cold', 0, NULL, NULL"],
  ["text for a time", "1, 1, 'x', 'cold', 0, '1', NULL"],
] as const)
  test(`History.starts says that a file with ${what} is damaged`, async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    {
      using asked = new Asked(limitsIn(directory));
      asked.open();
    }
    {
      using db = new Database(join(directory, "portsyncd.db"));
      db.run("DROP TABLE starts");
      db.run("CREATE TABLE starts (id, instance, wall_ms, kind, restore_count, version, ended_wall_ms)");
      db.run(`INSERT INTO starts VALUES (${row})`);
    }
    using history = History.open(directory);
    expect(() => history.starts()).toThrow(/no version has written/);
  });

import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { MIGRATIONS } from "../../src/store/migrations.ts";
import { runChild } from "../support/child.ts";
import { all, needsCommands, needsRoot } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { type FileMaking, makeDatabaseFile } from "./databasefile.ts";
import { Asked, limitsIn, NOTHING_FOUND, transitionAt, transitionsFrom, WALL_MS } from "./requests.ts";
import { savedIn } from "./saved.ts";

const DATABASE = "portsyncd.db";
const NEWEST = MIGRATIONS.length;

function namesIn(directory: string, part: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.includes(part))
    .sort();
}

function ruin(path: string): void {
  writeFileSync(path, "not a database");
}

/** A closed store whose backups hold 1, 2, ... `backups` transitions, and its file one more. */
function makeStore(directory: string, backups: number): void {
  using asked = new Asked(limitsIn(directory, { backups }));
  for (let i = 0; i < backups; i++) {
    asked.save([transitionAt(i)]);
    asked.pass(1000);
    asked.backup();
  }
  asked.save([transitionAt(backups)]);
}

const WRONG: readonly (readonly [what: string, making: FileMaking, reason: string])[] = [
  ["a wrong page size", { pageBytes: 8192 }, "its page_size is 8192, not 4096"],
  ["the wrong auto_vacuum", { autoVacuum: "NONE" }, "its auto_vacuum is 0, not 2"],
  ["a table that is missing", { finally: ["DROP TABLE marks"] }, "table marks is missing"],
  ["a table that is not ours", { finally: ["CREATE TABLE t (a)"] }, "table t does not belong there"],
  [
    "a trigger",
    { finally: ["CREATE TRIGGER t AFTER INSERT ON ports BEGIN DELETE FROM ports; END"] },
    "trigger t does not belong there",
  ],
  [
    "a column of another type",
    {
      finally: [
        "DROP TABLE counters",
        "CREATE TABLE counters (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
      ],
    },
    "table counters has wrong columns",
  ],
  ["a column more", { finally: ["ALTER TABLE history ADD COLUMN extra INTEGER"] }, "table history has wrong columns"],
  [
    "a value that a column cannot hold",
    { finally: ["PRAGMA ignore_check_constraints = ON", "UPDATE history SET count = 0"] },
    "CHECK constraint failed in history",
  ],
  ["no version", { finally: ["PRAGMA user_version = 0"] }, "it is empty"],
  [
    "a version that cannot be",
    { finally: ["PRAGMA user_version = -5"] },
    "it has version -5 of the schema, which cannot be",
  ],
];

describe("Keeper", () => {
  for (const [what, making, reason] of WRONG)
    test(`sets a file with ${what} aside, and says so`, async () => {
      await using dir = new TempDir();
      const directory = dir.file("store");
      mkdirSync(directory, { mode: 0o750 });
      makeDatabaseFile(join(directory, DATABASE), making);
      const content = readFileSync(join(directory, DATABASE));
      using asked = new Asked(limitsIn(directory));
      const { outcome, recoveries, facts } = asked.save([transitionAt(0)]);
      expect({ outcome, recoveries }).toEqual({
        outcome: "done",
        recoveries: [{ reason, setAside: expect.any(String), restoredFrom: undefined, corruption: true }],
      });
      expect(facts!.tally).toMatchObject({ corruptions: 1, recoveries: 0, lastCorruptionWallMs: WALL_MS });
      expect(readFileSync(join(directory, recoveries[0]!.setAside!)).length).toBe(content.length);
      expect(savedIn(directory)).toEqual([transitionAt(0)]);
    });

  test("takes a file that is as it should be", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    mkdirSync(directory, { mode: 0o750 });
    makeDatabaseFile(join(directory, DATABASE));
    using asked = new Asked(limitsIn(directory));
    const { recoveries, facts } = asked.open();
    expect({ recoveries, counters: facts!.counters }).toEqual({ recoveries: [], counters: [["flaps", 40]] });
  });

  for (let good = 4; good >= 0; good--)
    test(`takes the newest good of four backups when ${4 - good} newer ones are bad, and sets those aside`, async () => {
      await using dir = new TempDir();
      const directory = dir.file("store");
      makeStore(directory, 4);
      const backups = namesIn(directory, "backup-");
      for (const name of [DATABASE, ...backups.slice(good)]) ruin(join(directory, name));
      using asked = new Asked(limitsIn(directory, { backups: 4 }), 2);
      const { recoveries, facts } = asked.open();
      expect(recoveries).toMatchObject([{ restoredFrom: backups[good - 1] }]);
      expect(facts!.tally).toMatchObject({ corruptions: 1, recoveries: good > 0 ? 1 : 0 });
      expect(savedIn(directory)).toEqual(transitionsFrom(0, good));
      expect(namesIn(directory, "backup-")).toEqual(backups.slice(0, good));
      expect(namesIn(directory, "corrupt-")).toHaveLength(Math.min(3, 5 - good));
    });

  test("tells of each backup that it could not use, where it was, why, and where it is now", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    makeStore(directory, 3);
    const [good, ...bad] = namesIn(directory, "backup-");
    for (const name of [DATABASE, ...bad]) ruin(join(directory, name));
    using asked = new Asked(limitsIn(directory), 2);
    const { recoveries, badBackups } = asked.open();
    expect(recoveries).toMatchObject([{ restoredFrom: good }]);
    expect(badBackups).toEqual(
      bad.reverse().map((name) => ({
        path: join(directory, name),
        reason: expect.stringContaining("SQLITE_NOTADB") as string,
        setAside: expect.stringContaining("portsyncd.db.corrupt-") as string,
      })),
    );
    expect(namesIn(directory, "corrupt-")).toEqual(
      [recoveries[0]!.setAside!, ...badBackups.map(({ setAside }) => setAside)].sort(),
    );
    expect(asked.open().badBackups).toEqual([]);
  });

  test("keeps three files that it set aside, the newest", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    for (let i = 0; i < 6; i++) {
      using asked = new Asked(limitsIn(directory), i);
      asked.now = { wallMs: WALL_MS + i * 1000, monotonicMs: 0 };
      expect(asked.save([transitionAt(i)]).outcome).toBe("done");
      asked.close(false);
      ruin(join(directory, DATABASE));
    }
    expect(namesIn(directory, "corrupt-")).toEqual(
      ["03", "04", "05"].map((second) => `${DATABASE}.corrupt-20260131T1200${second}.000Z`),
    );
  });

  test("counts on over recoveries, though an older file knows of fewer", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    makeStore(directory, 1);
    using asked = new Asked(limitsIn(directory), 2);
    for (let i = 1; i <= 3; i++) {
      asked.close(false);
      ruin(join(directory, DATABASE));
      expect(asked.open().facts!.tally).toMatchObject({ corruptions: i, recoveries: i });
    }
  });

  test("leaves a file of a newer version alone, for ever, and counts no corruption", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    mkdirSync(directory, { mode: 0o750 });
    for (let i = 0; i < 5; i++) {
      rmSync(join(directory, DATABASE), { force: true });
      makeDatabaseFile(join(directory, DATABASE), { finally: [`PRAGMA user_version = ${NEWEST + 1}`] });
      using asked = new Asked(limitsIn(directory), i);
      const { recoveries, facts } = asked.open();
      expect(recoveries).toEqual([
        {
          reason: `it has version ${NEWEST + 1} of the schema, which is newer than ${NEWEST}, the newest that is known here`,
          setAside: expect.stringContaining(`portsyncd.db.version-${NEWEST + 1}-`),
          restoredFrom: undefined,
          corruption: false,
        },
      ]);
      expect(facts!.tally.corruptions).toBe(0);
      asked.close(false);
    }
    expect(namesIn(directory, `version-${NEWEST + 1}-`)).toHaveLength(5);
  });

  test("takes a backup when the database is gone, and starts anew when there was none", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    makeStore(directory, 2);
    rmSync(join(directory, DATABASE));
    {
      using asked = new Asked(limitsIn(directory), 2);
      const [backup] = namesIn(directory, "backup-").reverse();
      expect(asked.open().recoveries).toMatchObject([{ setAside: undefined, restoredFrom: backup }]);
    }
    expect(savedIn(directory)).toEqual(transitionsFrom(0, 2));
    rmSync(directory, { recursive: true });
    using asked = new Asked(limitsIn(directory), 3);
    expect(asked.open()).toMatchObject({ outcome: "done", recoveries: [] });
  });

  test("does not take what an interrupted recovery or backup left for a file of the store", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    makeStore(directory, 2);
    for (const name of ["new", "backup", "new-journal", "backup-wal"]) ruin(join(directory, `${DATABASE}.${name}`));
    ruin(join(directory, `${DATABASE}.backup-yesterday`));
    using asked = new Asked(limitsIn(directory), 2);
    expect(asked.open()).toMatchObject({ outcome: "done", recoveries: [] });
    expect(asked.backup().outcome).toBe("done");
    expect(readdirSync(directory).filter((name) => /\.(new|backup)(-(journal|wal))?$/.test(name))).toEqual([]);
    expect(namesIn(directory, "backup-2")).toHaveLength(3);
    expect(existsSync(join(directory, `${DATABASE}.backup-yesterday`))).toBe(true);
  });

  test("does not give the log of a file that is set aside to the one that takes its place", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    makeStore(directory, 1);
    {
      using asked = new Asked(limitsIn(directory), 2);
      asked.save(transitionsFrom(100, 2000));
      cpSync(directory, dir.file("killed"), { recursive: true });
    }
    rmSync(directory, { recursive: true });
    renameSync(dir.file("killed"), directory);
    rmSync(join(directory, DATABASE));
    expect(Bun.file(join(directory, `${DATABASE}-wal`)).size).toBeGreaterThan(0);
    using asked = new Asked(limitsIn(directory), 3);
    expect(asked.open().recoveries).toHaveLength(1);
    expect(savedIn(directory)).toEqual(transitionsFrom(0, 1));
  });

  for (const [what, offset, value, reason] of [
    ["write version", 18, 9, "it says that it may not be written"],
    ["read version", 19, 9, "file is not a database (SQLITE_NOTADB)"],
    ["schema format", 47, 99, "unsupported file format (SQLITE_ERROR)"],
  ] as const)
    for (const where of ["the database", "a backup"])
      test(`recovers from a ${what} in the header of ${where} that is not known`, async () => {
        await using dir = new TempDir();
        const directory = dir.file("store");
        makeStore(directory, 2);
        const backups = namesIn(directory, "backup-");
        const ruined = where === "a backup" ? [backups[1]!] : [DATABASE];
        for (const name of ruined) {
          const bytes = readFileSync(join(directory, name));
          bytes[offset] = value;
          writeFileSync(join(directory, name), bytes);
        }
        if (where === "a backup") rmSync(join(directory, DATABASE));
        using asked = new Asked(limitsIn(directory), 2);
        const { outcome, recoveries } = asked.open();
        expect(outcome).toBe("done");
        const isDatabase = where === "the database";
        expect(recoveries).toMatchObject([
          isDatabase ? { reason, restoredFrom: backups[1] } : { restoredFrom: backups[0] },
        ]);
      });

  test("does not keep others from the store while it cannot use it", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    makeStore(directory, 1);
    const [backup] = namesIn(directory, "backup-");
    renameSync(join(directory, backup!), dir.file("elsewhere"));
    symlinkSync(dir.file("elsewhere"), join(directory, backup!));
    ruin(join(directory, DATABASE));
    using first = new Asked(limitsIn(directory), 2);
    expect(first.open().outcome).toBe("unavailable");
    rmSync(join(directory, backup!));
    using second = new Asked(limitsIn(directory), 3);
    expect(second.open().outcome).toBe("done");
    expect(first.open()).toMatchObject({ outcome: "unavailable", reason: `${directory}: another process uses it` });
  });

  test("opens the file again when another one is where it was, or none", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    using asked = new Asked(limitsIn(directory));
    asked.save([transitionAt(0)]);
    rmSync(directory, { recursive: true });
    expect(asked.save([transitionAt(1)])).toMatchObject({ outcome: "done", recoveries: [] });
    expect(savedIn(directory)).toEqual([transitionAt(1)]);
  });

  test("refuses a batch that no file can hold, and goes on with the next", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    using asked = new Asked(limitsIn(directory));
    const wrong = { ...transitionAt(0), new: { admin: true, oper: true, mtu: 0.5 } };
    expect(asked.save([wrong])).toMatchObject({ outcome: "refused", recoveries: [] });
    expect(asked.save([transitionAt(1)])).toMatchObject({ outcome: "done", recoveries: [] });
    expect(savedIn(directory)).toEqual([transitionAt(1)]);
  });

  test("saves a batch once, though it is sent twice", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    using asked = new Asked(limitsIn(directory));
    const batch = { id: 7, counters: [["flaps", 2]] } as const;
    asked.save([transitionAt(0)], batch);
    asked.close(false);
    asked.save([transitionAt(0)], batch);
    expect(savedIn(directory)).toEqual([transitionAt(0)]);
    asked.close(false);
    expect(asked.open().facts!.counters).toEqual([["flaps", 2]]);
  });
});

const OTHER = 65_534;
const PROGRAM = `
  const { Asked, limitsIn } = await import(${JSON.stringify(join(import.meta.dir, "requests.ts"))});
  console.log(JSON.stringify(new Asked(limitsIn(process.argv[1]), 2).open()));`;

testWith(
  all(needsRoot(), needsCommands("setpriv")),
  "Keeper does not take a file that it may not write for a damaged one",
  async () => {
    await using dir = new TempDir();
    chmodSync(dir.path, 0o755);
    const directory = dir.file("store");
    makeStore(directory, 1);
    for (const name of [".", "portsyncd.lock"]) chownSync(join(directory, name), OTHER, OTHER);
    chownSync(join(directory, DATABASE), 0, OTHER);
    const command = ["setpriv", "--reuid", `${OTHER}`, "--regid", `${OTHER}`, "--clear-groups", process.execPath];
    expect(JSON.parse(await runChild([...command, "-e", PROGRAM, directory]))).toEqual({
      outcome: "unavailable",
      reason: `${directory}: it cannot be written (SQLITE_READONLY)`,
      ...NOTHING_FOUND,
    });
    expect(namesIn(directory, "corrupt-")).toEqual([]);
  },
);

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { migrate, MIGRATIONS, versionOf } from "../../src/store/migrations.ts";
import { START_KINDS } from "../../src/store/start.ts";
import { TempDir } from "../support/tempdir.ts";
import { makeDatabaseFile } from "./databasefile.ts";
import { Asked, limitsIn, transitionAt } from "./requests.ts";
import { savedIn } from "./saved.ts";

/** Ours, and two that later versions could add. */
const LATER = [
  ...MIGRATIONS,
  ["CREATE TABLE samples (series INTEGER NOT NULL, at_ms INTEGER NOT NULL, value REAL NOT NULL) STRICT"],
  [
    "ALTER TABLE samples ADD COLUMN weight REAL",
    "CREATE TABLE silences (rule TEXT PRIMARY KEY, until_ms INTEGER) STRICT",
  ],
];

describe("migrate", () => {
  for (let version = 1; version < LATER.length; version++)
    test(`brings a file of version ${version} to version ${LATER.length}, with all that is in it`, async () => {
      await using dir = new TempDir();
      const directory = dir.file("store");
      mkdirSync(directory, { mode: 0o750 });
      makeDatabaseFile(join(directory, "portsyncd.db"), { migrations: LATER.slice(0, version) });
      using asked = new Asked(limitsIn(directory), 1, LATER);
      expect(asked.save([transitionAt(1)])).toMatchObject({
        outcome: "done",
        recoveries: [],
        facts: { counters: [["flaps", 40]] },
      });
      asked.close(false);
      using db = new Database(join(directory, "portsyncd.db"), { readonly: true });
      expect(versionOf(db)).toBe(LATER.length);
      expect(db.query("SELECT id, count, first_ms FROM history").all()).toEqual([
        { id: 1, count: 1, first_ms: 7 },
        { id: 2, count: 1, first_ms: transitionAt(1).wallMs },
      ]);
      expect(db.query("SELECT weight FROM samples").all()).toEqual([]);
    });

  test("leaves a file as it was when a step fails, also the statements of the step before the one that failed", () => {
    using db = new Database(":memory:");
    migrate(db);
    expect(() => migrate(db, [...MIGRATIONS, ["CREATE TABLE a (b)", "CREATE TABLE meta (c)"]])).toThrow(
      "already exists",
    );
    expect(versionOf(db)).toBe(MIGRATIONS.length);
    expect(db.query("SELECT name FROM sqlite_schema WHERE name = 'a'").all()).toEqual([]);
  });

  test("sets no file aside for a step that is wrong", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    mkdirSync(directory, { mode: 0o750 });
    makeDatabaseFile(join(directory, "portsyncd.db"));
    using asked = new Asked(limitsIn(directory), 1, [...MIGRATIONS, ["CREATE TABLE meta (c)"]]);
    expect(() => asked.open()).toThrow("version 3 of the schema cannot be made: table meta already exists");
    expect(savedIn(directory)).toHaveLength(1);
  });

  test("goes on from a backup of an older version", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    mkdirSync(directory, { mode: 0o750 });
    makeDatabaseFile(join(directory, "portsyncd.db.backup-20260131T120000.000Z"));
    using asked = new Asked(limitsIn(directory), 1, LATER);
    expect(asked.open()).toMatchObject({ outcome: "done", recoveries: [{ restoredFrom: expect.any(String) }] });
    expect(savedIn.bind(undefined, directory)).toThrow(`version ${LATER.length} of the schema is newer`);
  });
});

describe("MIGRATIONS", () => {
  test("allow what the program can write, and the first never changes", () => {
    const schema = MIGRATIONS.flat().join("\n");
    expect(schema).toContain(`kind IN (${START_KINDS.map((kind) => `'${kind}'`).join(", ")})`);
    expect(Bun.hash(MIGRATIONS[0]!.join("\n")).toString(16)).toBe("90d3c224c1158fb3");
  });
});

import { Database } from "bun:sqlite";
import { chmodSync } from "node:fs";

import { migrate, MIGRATIONS } from "../../src/store/migrations.ts";

/** What a database file of the test's making is like. */
export interface FileMaking {
  /** Applied in place of ours. */
  readonly migrations?: readonly (readonly string[])[];
  readonly pageBytes?: number;
  readonly autoVacuum?: "NONE" | "INCREMENTAL";
  /** Statements that are run in the end. */
  readonly finally?: readonly string[];
}

/** Makes a database file as a version of the store does, with one transition and one counter in it, or as none does. */
export function makeDatabaseFile(path: string, making: FileMaking = {}): void {
  using db = new Database(path, { create: true, readwrite: true });
  db.run(`PRAGMA page_size = ${making.pageBytes ?? 4096}`);
  db.run(`PRAGMA auto_vacuum = ${making.autoVacuum ?? "INCREMENTAL"}`);
  migrate(db, making.migrations ?? MIGRATIONS);
  db.run("INSERT INTO ports (id, name) VALUES (1, x'4131')");
  // Event of port 1 (of which before it there was nothing) at 7 ms: admin up, oper down, MTU 9100.
  db.run("INSERT INTO history (id, count, first_ms, latest_ms, packed) VALUES (1, 1, 7, 7, x'01fadcd31b1b0200988e01')");
  db.run("INSERT INTO counters (name, value) VALUES ('flaps', 40)");
  for (const sql of making.finally ?? []) db.run(sql);
  chmodSync(path, 0o640);
}

/** Keeps something in the database of a closed store that the store itself would never keep. */
export function keepWrongly(path: string, kinds: readonly string[], values: readonly string[]): void {
  using db = new Database(path);
  for (const kind of kinds)
    for (const value of values) db.run("INSERT INTO keepsakes VALUES (?, ?, ?)", [kind, `wrong ${value}`, value]);
}

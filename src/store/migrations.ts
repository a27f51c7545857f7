import type { Database } from "bun:sqlite";

import { classify } from "./failure.ts";

/**
 * The statements that make each version of the schema from the one before: the first makes version 1. What was released
 * is never changed, only added to.
 */
export const MIGRATIONS: readonly (readonly string[])[] = [
  [
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL CHECK (value >= 0)) STRICT, WITHOUT ROWID",
    `CREATE TABLE starts (
      id INTEGER PRIMARY KEY,
      instance INTEGER NOT NULL UNIQUE,
      wall_ms INTEGER NOT NULL,
      kind TEXT NOT NULL CHECK (kind IN ('cold', 'warm', 'adopt', 'standalone')),
      restore_count INTEGER NOT NULL,
      version TEXT NOT NULL,
      ended_wall_ms INTEGER
    ) STRICT`,
    // The numbers of ports are not used again: who reads the history may remember the names.
    "CREATE TABLE ports (id INTEGER PRIMARY KEY AUTOINCREMENT, name BLOB NOT NULL UNIQUE) STRICT",
    // See piece.ts.
    `CREATE TABLE history (
      id INTEGER PRIMARY KEY,
      count INTEGER NOT NULL CHECK (count > 0),
      first_ms INTEGER NOT NULL,
      latest_ms INTEGER NOT NULL,
      packed BLOB NOT NULL
    ) STRICT`,
    // Up to which transition of the history the store had come at which age; see retention.ts.
    "CREATE TABLE marks (history INTEGER PRIMARY KEY, age_ms INTEGER NOT NULL) STRICT",
  ],
  [
    `CREATE TABLE keepsakes (
      kind TEXT NOT NULL,
      key TEXT NOT NULL,
      value TEXT NOT NULL CHECK (json_valid(value)),
      PRIMARY KEY (kind, key)
    ) STRICT, WITHOUT ROWID`,
    `CREATE TABLE points (
      series TEXT NOT NULL,
      tier TEXT NOT NULL,
      ms REAL NOT NULL,
      value REAL NOT NULL,
      PRIMARY KEY (series, tier, ms)
    ) STRICT, WITHOUT ROWID`,
  ],
];

/** The version of the schema that a database has; 0 for an empty one. */
export function versionOf(db: Database): number {
  return db.query<{ user_version: number }, []>("PRAGMA user_version").get()!.user_version;
}

/**
 * Brings a database to the newest version, each step in a transaction of its own. Throws what SQLite throws, and a plain
 * error when a step does not fit the database: that is a mistake in the step, for which no file may be set aside.
 */
export function migrate(db: Database, migrations = MIGRATIONS): void {
  for (let version = versionOf(db); version < migrations.length; version++) {
    try {
      db.transaction(() => {
        for (const sql of migrations[version]!) db.run(sql);
        db.run(`PRAGMA user_version = ${version + 1}`);
      }).immediate();
    } catch (error) {
      const { kind, reason } = classify(error);
      throw kind === "refused" ? new Error(`version ${version + 1} of the schema cannot be made: ${reason}`) : error;
    }
  }
}

import { Database } from "bun:sqlite";
import { closeSync, constants, openSync, readSync } from "node:fs";

import { DamageError, NewerVersionError } from "./failure.ts";
import { migrate, versionOf } from "./migrations.ts";

/** The page size of every database of ours, in bytes. */
export const PAGE_BYTES = 4096;
/** PRAGMA auto_vacuum = INCREMENTAL. */
const INCREMENTAL = 2;

/** How many versions there can be that are not known here; what is beyond is damage. */
const PLAUSIBLY_NEWER = 100;

type Migrations = readonly (readonly string[])[];

/** Throws DamageError unless the database is one that some version up to ours has made, and whole; of its history see piecedamage.ts. */
export function verify(db: Database, migrations: Migrations): void {
  const version = versionOf(db);
  const newest = migrations.length;
  if (version > newest && version <= newest + PLAUSIBLY_NEWER) throw new NewerVersionError(version, newest);
  if (version < 0 || version > newest)
    throw new DamageError(`it has version ${version} of the schema, which cannot be`);
  if (version === 0) throw new DamageError("it is empty");
  expectPragma(db, "page_size", PAGE_BYTES);
  expectPragma(db, "auto_vacuum", INCREMENTAL);
  // Before the content: a schema that is not ours could make the check run what it likes.
  const expected = expectedSchema(migrations.slice(0, version));
  const found = schemaOf(db);
  for (const name of new Set([...expected.keys(), ...found.keys()])) {
    if (!found.has(name)) throw new DamageError(`${name} is missing`);
    if (!expected.has(name)) throw new DamageError(`${name} does not belong there`);
    if (found.get(name) !== expected.get(name)) throw new DamageError(`${name} has wrong columns`);
  }
  // quick_check and the indexes, of which there are only small ones.
  const [first] = db.query<{ integrity_check: string }, []>("PRAGMA integrity_check(1)").all();
  if (first?.integrity_check !== "ok") throw new DamageError(first?.integrity_check ?? "its check ended early");
}

/** Where the header of SQLite's file format has the text encoding, and its number for UTF-8. */
const TEXT_ENCODING_AT = 56;
const UTF_8 = 1;

/**
 * Throws DamageError unless the header says UTF-8. SQLite looks at two bits of that number only, so what else is wrong with it
 * shows when a backup is refused. Not for a file that SQLite has open: closing it would end the locks on it.
 */
export function checkTextEncoding(path: string): void {
  const header = Buffer.alloc(TEXT_ENCODING_AT + 4);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    readSync(fd, header);
  } finally {
    closeSync(fd);
  }
  const encoding = header.readUInt32BE(TEXT_ENCODING_AT);
  if (encoding !== UTF_8) throw new DamageError(`its text encoding is ${encoding}, not ${UTF_8}`);
}

function expectPragma(db: Database, name: string, expected: number): void {
  const value = db.query<Record<string, number>, []>(`PRAGMA ${name}`).get()?.[name];
  if (value !== expected) throw new DamageError(`its ${name} is ${value}, not ${expected}`);
}

/** The statements that made what is in the database, by name. */
function schemaOf(db: Database): Map<string, string> {
  const rows = db
    .query<{ name: string; sql: string }, []>(
      "SELECT type || ' ' || name AS name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )
    .all();
  return new Map(rows.map(({ name, sql }) => [name, sql]));
}

function expectedSchema(migrations: Migrations): Map<string, string> {
  using db = new Database(":memory:");
  migrate(db, migrations);
  return schemaOf(db);
}

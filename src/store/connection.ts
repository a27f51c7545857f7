import { constants, Database } from "bun:sqlite";
import { accessSync, constants as fs } from "node:fs";
import { pathToFileURL } from "node:url";

import { createFile, publishFile, removeDatabase, type StorePaths } from "./directory.ts";
import { codeOf, DamageError, whileOpening } from "./failure.ts";
import { migrate } from "./migrations.ts";
import { PAGE_BYTES, verify } from "./verify.ts";

const BUSY_TIMEOUT_MS = 2000;
const CACHE_KIB = 512;
/** The log is cut to this size once it was written back, and is written back at half of it. */
const LOG_BYTES = 4 * 1024 * 1024;

const { SQLITE_OPEN_NOFOLLOW, SQLITE_OPEN_READONLY, SQLITE_OPEN_READWRITE, SQLITE_OPEN_URI } = constants;

// The file may have been written by anybody who once was root; a schema in it is not trusted, nor a cell's size.
const CAUTION = ["PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON", `PRAGMA cache_size = -${CACHE_KIB}`];

/** Opens a database to write it, checks all of it and brings it to the newest version. Throws DamageError, or what SQLite throws. */
export function openVerified(path: string, migrations: readonly (readonly string[])[]): Database {
  return whileOpening(() => {
    let db: Database | undefined;
    try {
      db = openToWrite(path);
      verify(db, migrations);
      migrate(db, migrations);
      db.run(`PRAGMA user_version = ${migrations.length}`); // as it is: that it can be written shows only in writing
      return db;
    } catch (error) {
      db?.close();
      throw claimsReadOnly(error, path) ? new DamageError("it says that it may not be written") : error;
    }
  });
}

/** A file that may be written, but has a number in its header that says otherwise. */
function claimsReadOnly(error: unknown, path: string): boolean {
  if (codeOf(error) !== "SQLITE_READONLY") return false;
  try {
    accessSync(path, fs.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Opens a database that exists to write it. Nothing in it was checked. */
function openToWrite(path: string): Database {
  const db = new Database(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW);
  return set(db, [
    `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`,
    ...CAUTION,
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    `PRAGMA journal_size_limit = ${LOG_BYTES}`,
    `PRAGMA wal_autocheckpoint = ${LOG_BYTES / 2 / PAGE_BYTES}`,
  ]);
}

/** Opens a database to read it while others may write it. */
export function openToRead(path: string): Database {
  const db = new Database(path, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW);
  return set(db, [`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`, ...CAUTION]);
}

/** Opens a database that nobody writes: nothing is needed or left beside it, so the directory may be read-only. */
export function openImmutable(path: string): Database {
  const url = `${pathToFileURL(path).href}?immutable=1`;
  return set(new Database(url, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_URI), CAUTION);
}

/** Puts an empty database of the newest version in its place. It is made elsewhere: what is in its place is always whole. */
export function createDatabase(paths: StorePaths, migrations: readonly (readonly string[])[]): void {
  removeDatabase(paths.fresh);
  createFile(paths.fresh);
  {
    using db = new Database(paths.fresh, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW);
    db.run(`PRAGMA page_size = ${PAGE_BYTES}`);
    db.run("PRAGMA auto_vacuum = INCREMENTAL");
    db.run("PRAGMA journal_mode = MEMORY");
    migrate(db, migrations);
  }
  publishFile(paths.fresh, paths.database);
}

function set(db: Database, pragmas: readonly string[]): Database {
  try {
    for (const pragma of pragmas) db.run(pragma);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

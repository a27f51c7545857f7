import type { Database } from "bun:sqlite";
import { rmSync } from "node:fs";
import { join } from "node:path";

import { openImmutable } from "./connection.ts";
import {
  createFile,
  DATABASE_NAME,
  nextStamp,
  publishFile,
  removeDatabase,
  stampedNames,
  type StorePaths,
} from "./directory.ts";
import { whileOpening } from "./failure.ts";
import { checkPieces } from "./piecedamage.ts";
import { verify } from "./verify.ts";

/** What the names of backups begin with; a stamp follows. */
const BACKUP_PREFIX = `${DATABASE_NAME}.backup-`;

/** The names of the backups, oldest first. */
export function backupNames(paths: StorePaths): string[] {
  return stampedNames(paths.directory, BACKUP_PREFIX);
}

/**
 * Makes a backup beside the database and removes the oldest of those that are more than `keep`; returns how many were
 * removed. It counts as one only when it was read back: bad ones must not push out the good.
 */
export function createBackup(
  db: Database,
  paths: StorePaths,
  { keep, wallMs, migrations }: { keep: number; wallMs: number; migrations: readonly (readonly string[])[] },
): number {
  const unfinished = paths.unfinishedBackup;
  removeDatabase(unfinished);
  try {
    createFile(unfinished);
    db.run("VACUUM INTO ?", [unfinished]);
    verifyBackup(unfinished, migrations);
    publishFile(unfinished, join(paths.directory, BACKUP_PREFIX + nextStamp(wallMs, backupNames(paths).at(-1))));
  } catch (error) {
    removeDatabase(unfinished);
    throw error;
  }
  const surplus = backupNames(paths).slice(0, -keep);
  for (const name of surplus) rmSync(join(paths.directory, name), { force: true });
  return surplus.length;
}

function verifyBackup(path: string, migrations: readonly (readonly string[])[]): void {
  whileOpening(() => {
    const db = openImmutable(path);
    try {
      verify(db, migrations);
      checkPieces(db);
    } finally {
      db.close();
    }
  });
}

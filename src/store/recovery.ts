import { copyFileSync, renameSync } from "node:fs";
import { join } from "node:path";

import { backupNames } from "./backup.ts";
import { createDatabase, openVerified } from "./connection.ts";
import {
  checkFile,
  createFile,
  DATABASE_NAME,
  nextStamp,
  publishFile,
  removeDatabase,
  stampedNames,
  statOf,
  type StorePaths,
  syncPath,
} from "./directory.ts";
import { classify, NewerVersionError } from "./failure.ts";
import type { BadBackup, Recovery } from "./status.ts";

/** How many files that could not be used are kept for whoever wants to know why. */
const KEPT_ASIDE = 3;
const CORRUPT_PREFIX = `${DATABASE_NAME}.corrupt-`;

type Migrations = readonly (readonly string[])[];

/** What is known of a file that could not be used. */
export type Discovery = Pick<Recovery, "reason" | "setAside" | "corruption">;

/** Takes the database out of the way. After a crash in the midst it counts as missing. */
export function setDatabaseAside(paths: StorePaths, error: unknown, wallMs: number): Discovery {
  const { reason } = classify(error);
  const corruption = !(error instanceof NewerVersionError);
  const setAside = statOf(paths.database) ? setAsideFile(paths, paths.database, error, wallMs) : undefined;
  removeDatabase(paths.database); // its log would be applied to what takes its place
  syncPath(paths.directory);
  return { reason, setAside, corruption };
}

/** How backups are put in the place of a database. */
export interface RestoreOptions {
  readonly wallMs: number;
  readonly migrations: Migrations;
  /** Is told of each that cannot be used. */
  readonly onBadBackup: (backup: BadBackup) => void;
}

/** Puts the newest good backup in the place of the database, or an empty one when there is none; returns the backup's name. */
export function restore(paths: StorePaths, { wallMs, migrations, onBadBackup }: RestoreOptions): string | undefined {
  for (const name of backupNames(paths).reverse()) {
    const path = join(paths.directory, name);
    checkFile(path);
    removeDatabase(paths.fresh);
    createFile(paths.fresh);
    copyFileSync(path, paths.fresh);
    try {
      // The copy is used as the database will be: what only shows then must show before it is one.
      openVerified(paths.fresh, migrations).close(true);
    } catch (error) {
      const { kind, reason } = classify(error);
      if (kind !== "damage") throw error;
      onBadBackup({ path, reason, setAside: setAsideFile(paths, path, error, wallMs) });
      continue;
    }
    publishFile(paths.fresh, paths.database);
    return name;
  }
  createDatabase(paths, migrations);
  return undefined;
}

/** Renames a file; of the damaged ones the oldest go, those of a newer version are left to that version for ever. */
function setAsideFile(paths: StorePaths, path: string, error: unknown, wallMs: number): string {
  const isNewer = error instanceof NewerVersionError;
  const prefix = isNewer ? `${DATABASE_NAME}.version-${error.version}-` : CORRUPT_PREFIX;
  const name = prefix + nextStamp(wallMs, stampedNames(paths.directory, prefix).at(-1));
  renameSync(path, join(paths.directory, name));
  for (const surplus of stampedNames(paths.directory, CORRUPT_PREFIX).slice(0, -KEPT_ASIDE))
    removeDatabase(join(paths.directory, surplus));
  return name;
}

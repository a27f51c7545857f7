import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
} from "node:fs";
import { basename, dirname, join } from "node:path";

import { UnavailableError } from "../util/unavailable.ts";

const DIRECTORY_MODE = 0o750;
const FILE_MODE = 0o640;
const WRITABLE_BY_OTHERS = 0o022;
const STAMP = /^\d{8}T\d{6}\.\d{3}Z$/;

/** The name of the database in its directory. */
export const DATABASE_NAME = "portsyncd.db";

/** Where the parts of a store are. */
export interface StorePaths {
  readonly directory: string;
  readonly database: string;
  /** The write-ahead log of the database and its index. */
  readonly wal: string;
  readonly shm: string;
  /** Held by the one process that writes. */
  readonly lock: string;
  /** A database that is being made, or copied from a backup. */
  readonly fresh: string;
  /** A backup that is being made. */
  readonly unfinishedBackup: string;
}

/** The paths in a directory, whether they exist or not. */
export function storePaths(directory: string): StorePaths {
  const database = join(directory, DATABASE_NAME);
  return {
    directory,
    database,
    wal: `${database}-wal`,
    shm: `${database}-shm`,
    lock: join(directory, "portsyncd.lock"),
    fresh: `${database}.new`,
    unfinishedBackup: `${database}.backup`,
  };
}

/**
 * Makes the directory if need be, and sees to it that nobody else can put anything into it: that is what makes the
 * checks of the files in it hold. Throws UnavailableError and errors of the file system.
 */
export function openDirectory(path: string): StorePaths {
  mkdirSync(dirname(path), { recursive: true });
  // Links on the way to it are the machine's own, such as /var/run; SQLite would refuse them with the others.
  const directory = join(realpathSync(dirname(path)), basename(path));
  let stats = statOf(directory);
  if (!stats) {
    mkdirSync(directory, { mode: DIRECTORY_MODE });
    chmodSync(directory, DIRECTORY_MODE); // whatever the umask
    stats = statOf(directory)!;
  }
  if (stats.isSymbolicLink()) throw new UnavailableError("it is a symbolic link");
  if (!stats.isDirectory()) throw new UnavailableError("it is not a directory");
  refuseForeign("it", stats);
  const paths = storePaths(directory);
  for (const file of [paths.database, paths.wal, paths.shm, paths.lock]) checkFile(file);
  return paths;
}

/** The status of what is at a path itself; undefined where nothing is. */
export function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** Refuses what is not a plain file; nothing there is fine. */
export function checkPlain(path: string): Stats | undefined {
  const stats = statOf(path);
  if (!stats) return undefined;
  const name = basename(path);
  if (stats.isSymbolicLink()) throw new UnavailableError(`${name} in it is a symbolic link`);
  if (!stats.isFile()) throw new UnavailableError(`${name} in it is not a plain file`);
  return stats;
}

/** Refuses what is not a plain file of ours; takes access from others. Nothing there is fine. */
export function checkFile(path: string): Stats | undefined {
  const stats = checkPlain(path);
  if (!stats) return undefined;
  refuseForeign(`${basename(path)} in it`, { uid: stats.uid, mode: 0 });
  // By path: a file descriptor of our own would end SQLite's locks on the file when it is closed.
  if ((stats.mode & 0o777 & ~FILE_MODE) !== 0) chmodSync(path, FILE_MODE);
  return stats;
}

function refuseForeign(what: string, { uid, mode }: { readonly uid: number; readonly mode: number }): void {
  const own = process.geteuid?.();
  if (own === undefined) return;
  if (uid !== own && uid !== 0) throw new UnavailableError(`${what} belongs to user ${uid}, not to user ${own}`);
  if ((mode & WRITABLE_BY_OTHERS) === 0) return;
  const octal = (mode & 0o7777).toString(8).padStart(4, "0");
  throw new UnavailableError(`${what} can be written by its group or by others (mode ${octal})`);
}

/** Makes an empty file for SQLite to fill, with the right mode from the start; there must be none. */
export function createFile(path: string): void {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const fd = openSync(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, FILE_MODE);
  try {
    fchmodSync(fd, FILE_MODE);
  } finally {
    closeSync(fd);
  }
}

/** Renames a file that SQLite has closed, so that after a power loss either it or what was there before is found whole. */
export function publishFile(from: string, to: string): void {
  syncPath(from);
  renameSync(from, to);
  syncPath(dirname(to));
}

/** fsync(2) of a file or directory that SQLite does not have open. */
export function syncPath(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Removes a file that may not be there, with what SQLite keeps beside it. */
export function removeDatabase(path: string): void {
  for (const suffix of ["", "-journal", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
}

/** The names of the files in the directory that are `prefix` and a stamp, oldest first. */
export function stampedNames(directory: string, prefix: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && entry.name.startsWith(prefix))
    .map(({ name }) => name)
    .filter((name) => STAMP.test(name.slice(prefix.length)))
    .sort();
}

/** The time in a form that sorts, later than `newest`: after a jump of the clock to the past the order stays that of the making. */
export function nextStamp(wallMs: number, newest: string | undefined): string {
  const newestMs = newest === undefined ? -Infinity : parseStamp(newest);
  return formatStamp(Math.max(wallMs, newestMs + 1));
}

/** 20260131T235959.999Z. */
function formatStamp(wallMs: number): string {
  const last = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
  return new Date(Math.min(Math.max(0, wallMs), last)).toISOString().replaceAll(/[-:]/g, "");
}

function parseStamp(stamp: string): number {
  const [, date, time] = /(\d{8})T(\d{6}\.\d{3})Z$/.exec(stamp)!;
  const iso = `${date!.replace(/(....)(..)(..)/, "$1-$2-$3")}T${time!.replace(/(..)(..)(.*)/, "$1:$2:$3")}Z`;
  const ms = Date.parse(iso);
  return Number.isFinite(ms) ? ms : 0;
}

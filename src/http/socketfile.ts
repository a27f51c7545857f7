import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmdirSync,
  type Stats,
  unlinkSync,
} from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";

/** Who may connect: the user and the group of the daemon. */
const MODE = 0o660;
/** That of a directory that has to be made: all may look. */
const DIRECTORY_MODE = 0o755;
const PROBE_MS = 1000;

/** A socket cannot take its place; the message says why. */
export class SocketFileError extends Error {
  override readonly name = "SocketFileError";
}

/**
 * Puts a Unix socket in its place, which has none of ours: one whose daemon has gone is replaced, anything else stays as
 * it is. It is made in a folder that nobody else may enter, and appears with its mode, at once. `listen` is given the
 * path to listen on. Resolves with the inode. Throws SocketFileError and what `listen` and the file system throw.
 */
export async function placeSocket(path: string, listen: (path: string) => Promise<void>): Promise<number> {
  makeDirectory(dirname(path));
  const folder = mkdtempSync(join(dirname(path), ".admin-"));
  const prepared = join(folder, "s");
  const aside = join(folder, "o");
  try {
    await listen(prepared);
    chmodSync(prepared, MODE);
    const { ino } = lstatSync(prepared);
    const stale = await findStale(path);
    if (stale) removeStale(path, stale, aside);
    linkSync(prepared, path);
    return ino;
  } catch (error) {
    if ((error as { code?: string }).code === "EEXIST") throw inUse();
    throw error;
  } finally {
    removeFile(prepared);
    rmdirSync(folder);
  }
}

/** Whether the socket is still the one with this inode. Where nobody may look, or there is no directory, it is not. */
export function isInPlace(path: string, inode: number): boolean {
  try {
    return statOf(path)?.ino === inode;
  } catch {
    return false;
  }
}

/** Takes the socket with this inode away, and no other. One that cannot be removed stays: the next daemon finds it stale. */
export function removeSocket(path: string, inode: number): void {
  if (!isInPlace(path, inode)) return;
  try {
    removeFile(path);
  } catch {
    // A directory that became read-only is no reason not to stop.
  }
}

/** Makes a directory and those above it that are missing, with a mode that no umask changes. */
function makeDirectory(path: string): void {
  const first = mkdirSync(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) chmodSync(made, DIRECTORY_MODE);
}

function inUse(): SocketFileError {
  return new SocketFileError("another daemon listens there");
}

/** The socket of a daemon that has gone; undefined when there is nothing. Throws SocketFileError for what must stay. */
async function findStale(path: string): Promise<Stats | undefined> {
  const stats = statOf(path);
  if (!stats) return undefined;
  if (!stats.isSocket()) throw new SocketFileError(`there is something else than a socket`);
  if (await isAnswered(path)) throw inUse();
  return stats;
}

/** Removes what was found to be stale; what took its place meanwhile gets it back. */
function removeStale(path: string, stale: Stats, aside: string): void {
  renameSync(path, aside);
  try {
    if (lstatSync(aside).ino === stale.ino) return;
    linkSync(aside, path);
    throw inUse();
  } finally {
    removeFile(aside);
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const end = (isAnswered: boolean): void => {
      socket.destroy();
      resolve(isAnswered);
    };
    // A daemon whose queue of connections is full lives, too.
    socket.setTimeout(PROBE_MS, () => end(true));
    socket.once("connect", () => end(true));
    socket.once("error", (error: Error & { code?: string }) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") end(false);
      else if (error.code === "EAGAIN") end(true);
      else reject(error);
    });
  });
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") throw error;
  }
}

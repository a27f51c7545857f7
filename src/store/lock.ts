import { constants, Database } from "bun:sqlite";
import { basename } from "node:path";

import { UnavailableError } from "../util/unavailable.ts";
import { createFile, statOf } from "./directory.ts";
import { classify, codeOf } from "./failure.ts";

/**
 * Sees to it that one process writes a store: an exclusive lock of SQLite on a file that is empty and stays so. The kernel
 * holds it (fcntl(2)), so it ends with its process, and a file that was left behind means nothing.
 */
export class StoreLock implements Disposable {
  readonly #db: Database;

  /** Throws UnavailableError when another process holds it. */
  constructor(path: string) {
    if (!statOf(path)) createFile(path);
    this.#db = new Database(path, constants.SQLITE_OPEN_READWRITE | constants.SQLITE_OPEN_NOFOLLOW);
    try {
      this.#db.run("PRAGMA journal_mode = MEMORY"); // no journal beside it
      this.#db.run("BEGIN EXCLUSIVE");
    } catch (error) {
      this.#db.close();
      if (codeOf(error).startsWith("SQLITE_BUSY")) throw new UnavailableError("another process uses it");
      // Whatever it is, it is no damage of the database.
      throw new UnavailableError(`${basename(path)} in it: ${classify(error).reason}`);
    }
  }

  [Symbol.dispose](): void {
    this.#db.close(true);
  }
}

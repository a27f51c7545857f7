import type { Database } from "bun:sqlite";
import { existsSync, realpathSync } from "node:fs";

import { openImmutable, openToRead } from "./connection.ts";
import { checkPlain, storePaths } from "./directory.ts";
import { classify, codeOf, DamageError } from "./failure.ts";
import { lastTransition, pieceFrom, PortNames } from "./historypieces.ts";
import { MIGRATIONS, versionOf } from "./migrations.ts";
import { PieceReader } from "./piecereader.ts";
import { type PastStart, START_KINDS } from "./start.ts";
import type { Transition } from "./transition.ts";

/** Transitions that are given at once, at most. */
const MOST_AT_ONCE = 1000;

const FROM = "SELECT id FROM history WHERE id >= ? ORDER BY id LIMIT 1";
const READ_STARTS =
  "SELECT wall_ms AS wallMs, kind, restore_count AS restoreCount, version, ended_wall_ms AS endedWallMs" +
  " FROM starts ORDER BY id";

/** The history cannot be read: there is none, it is damaged, or it may not be read. */
export class HistoryError extends Error {
  override readonly name = "HistoryError";

  constructor(
    readonly kind: "missing" | "damaged" | "denied" | "unavailable",
    message: string,
  ) {
    super(message);
  }
}

/** Which transitions are wanted. */
export interface HistoryFilter {
  /** A port's name, one character for each byte; default all. */
  readonly port?: string;
  /** Milliseconds since 1970; default the beginning. */
  readonly sinceWallMs?: number;
}

/** Reads the history of a store, also while its daemon writes it. Writes nothing, so it needs no more than to read the files. */
export class History implements Disposable {
  readonly #path: string;
  readonly #db: Database;
  readonly #names: PortNames;
  /** What is wrong with the first piece that could not be read; "" for none. */
  #damage = "";

  private constructor(path: string, db: Database) {
    this.#path = path;
    this.#db = db;
    this.#names = new PortNames(db);
  }

  /** Throws HistoryError. */
  static open(directory: string): History {
    const { database, wal } = storePaths(realpathOf(directory));
    return guard(database, () => {
      if (!checkPlain(database)) throw new HistoryError("missing", `${database}: there is no history yet`);
      // Without a log nobody writes: then nothing must be left behind, either.
      const db = existsSync(wal) ? openToRead(database) : openImmutable(database);
      try {
        checkVersion(db, database);
        return new History(database, db);
      } catch (error) {
        db.close();
        throw error;
      }
    });
  }

  /**
   * The transitions in the order in which they were recorded, up to the newest that there is now: a daemon may write faster than
   * somebody reads. Throws HistoryError, for a piece that is damaged when all others were read.
   */
  *read(filter: HistoryFilter = {}): Generator<readonly Transition[]> {
    let found: Transition[] = [];
    const last = guard(this.#path, () => lastTransition(this.#db));
    for (let next = 1; ;) {
      const piece = guard(this.#path, () => this.#readPiece(next, last, filter));
      if (piece) found.push(...piece.found);
      for (; found.length >= MOST_AT_ONCE; found = found.slice(MOST_AT_ONCE)) yield found.slice(0, MOST_AT_ONCE);
      if (!piece) break;
      next = piece.next;
    }
    if (found.length > 0) yield found;
    if (this.#damage !== "") throw new HistoryError("damaged", `${this.#path}: ${this.#damage}`);
  }

  /** The starts in their order, of which there are at most a thousand. Throws HistoryError. */
  starts(): readonly PastStart[] {
    const starts = guard(this.#path, () => this.#db.query<PastStart, []>(READ_STARTS).all());
    if (!starts.every(isStart))
      throw new HistoryError("damaged", `${this.#path}: it holds what no version has written`);
    return starts;
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }

  /**
   * What is wanted up to the transition `last` of the piece that begins with the transition `from`, and the number of the one behind it;
   * undefined when there is none. In between nothing is held open, so a slow reader does not keep the log from being written back.
   */
  #readPiece(from: number, last: number, filter: HistoryFilter) {
    try {
      return this.#readGoodPiece(from, last, filter);
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      const bad = this.#db.query<{ id: number }, [number]>(FROM).get(from)?.id ?? 0;
      if (bad < from) throw error;
      this.#damage ||= error.message;
      return { found: [], next: bad + 1 };
    }
  }

  #readGoodPiece(from: number, last: number, { port, sinceWallMs = -Infinity }: HistoryFilter) {
    return this.#db.transaction(() => {
      const piece = from > last ? undefined : pieceFrom(this.#db, from);
      if (!piece) return undefined;
      const found: Transition[] = [];
      for (const reader = new PieceReader(piece); reader.next();) {
        if (reader.id > last || reader.wallMs < sinceWallMs) continue;
        const name = this.#names.of(reader.port);
        if (port === undefined || name === port) found.push(reader.transition(name));
      }
      return { found, next: piece.id + piece.count };
    })();
  }
}

function realpathOf(directory: string): string {
  return guard(directory, () => realpathSync(directory));
}

function checkVersion(db: Database, path: string): void {
  const version = versionOf(db);
  const newest = MIGRATIONS.length;
  if (version > newest)
    throw new HistoryError(
      "damaged",
      `${path}: version ${version} of the schema is newer than ${newest}, the newest known here`,
    );
  if (version < 1) throw new HistoryError("damaged", `${path}: it is empty`);
}

/** Says in terms of the history what went wrong; a statement that is right fails only on a file that is not ours. */
function guard<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof HistoryError) throw error;
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") throw new HistoryError("missing", `${path}: there is no history yet`);
    const { kind, reason } = classify(error);
    if (kind === "bug") throw error;
    if (code === "EACCES" || code === "EPERM") throw new HistoryError("denied", `${path}: permission denied`);
    throw new HistoryError(kind === "unavailable" ? "unavailable" : "damaged", `${path}: ${reason}`);
  }
}

/** Nobody has checked the file: what the types say is only what a good one holds. */
function isStart({ wallMs, kind, restoreCount, version, endedWallMs }: PastStart): boolean {
  const areNumbers = typeof wallMs === "number" && typeof restoreCount === "number";
  const hasEnd = endedWallMs === null || typeof endedWallMs === "number";
  return areNumbers && hasEnd && START_KINDS.includes(kind) && typeof version === "string";
}

import type { Database } from "bun:sqlite";

import type { Moment } from "../util/moment.ts";
import { UnavailableError } from "../util/unavailable.ts";
import { createBackup } from "./backup.ts";
import { countOf } from "./columns.ts";
import { statOf, type StorePaths } from "./directory.ts";
import { type HistoryPage, readPage } from "./historypage.ts";
import type { HistoryQuery } from "./historyquery.ts";
import { HistoryWriter } from "./historywriter.ts";
import type { Kept } from "./kept.ts";
import { readKept, writeKeepsakes, writePoints } from "./keptrows.ts";
import type { Ledger } from "./ledger.ts";
import type { Batch, Facts, StoreLimits } from "./message.ts";
import { removeDamagedPieces } from "./piecedamage.ts";
import { advanceAge, type Age, markHistory, trimByAge, trimBySize, trimStarts } from "./retention.ts";
import type { PastStart, Start } from "./start.ts";
import type { HistoryLoss } from "./status.ts";

const META = "SELECT value FROM meta WHERE key = ?";
const ADD_COUNT =
  "INSERT INTO counters (name, value) VALUES (?1, ?2)" +
  " ON CONFLICT DO UPDATE SET value = min(value + excluded.value, 9007199254740991)";
const ADD_START =
  "INSERT OR IGNORE INTO starts (instance, wall_ms, kind, restore_count, version) VALUES (?, ?, ?, ?, ?)";
const END_START = "UPDATE starts SET ended_wall_ms = ? WHERE instance = ?";
const LAST_START =
  "SELECT wall_ms AS wallMs, kind, restore_count AS restoreCount, version, ended_wall_ms AS endedWallMs" +
  " FROM starts WHERE instance != ? ORDER BY id DESC LIMIT 1";

/** What a file is opened for. */
export interface FileOptions {
  readonly paths: StorePaths;
  readonly limits: StoreLimits;
  readonly instance: number;
  readonly ledger: Ledger;
  readonly migrations: readonly (readonly string[])[];
  /** Is told what of the history was damaged. */
  readonly onLoss: (loss: HistoryLoss) => void;
}

/** The open database of a store: all that is ever written to it is written here. Throws what SQLite throws. */
export class StoreFile implements Disposable {
  readonly #db: Database;
  readonly #options: FileOptions;
  /** Which file was opened. */
  readonly #inode: number;
  readonly #lastStart: PastStart | undefined;
  /** A transaction that fails ends with this object. */
  readonly #history: HistoryWriter;
  #age: Age;

  constructor(db: Database, options: FileOptions) {
    this.#db = db;
    this.#options = options;
    this.#inode = statOf(options.paths.database)!.ino;
    const writtenMs = this.#meta("age_wall_ms") || Infinity; // a new one is as old as it will be when it is written
    this.#age = { ms: this.#meta("age_ms"), at: { wallMs: writtenMs, monotonicMs: undefined } };
    this.#lastStart = db.query<PastStart, [number]>(LAST_START).get(options.instance) ?? undefined;
    this.#dropDamaged();
    this.#history = new HistoryWriter(db, this.#meta("history"));
    this.#inTransaction(() => options.ledger.reconcile(db));
  }

  /** Saves a batch and keeps the file within its limits. */
  save(batch: Batch, now: Moment): void {
    this.#boundLog();
    const { instance, limits } = this.#options;
    const age = advanceAge(this.#age, now);
    this.#inTransaction(() => {
      if (this.#meta("instance") !== instance || this.#meta("batch") < batch.id) this.#add(batch, age.ms);
      this.#setMeta({ age_ms: age.ms, age_wall_ms: Math.trunc(now.wallMs) });
    });
    this.#age = age;
    const isAged = trimByAge(this.#db, age.ms, limits.retentionMs);
    const isFull = trimBySize(this.#db, limits.maxFileBytes);
    if (isAged || isFull) this.#history.onDeleted();
  }

  /** Makes a backup, if any are wanted. */
  backup({ wallMs }: Moment): void {
    const { paths, limits, ledger, migrations } = this.#options;
    if (limits.backups === 0) return;
    ledger.backup(createBackup(this.#db, paths, { keep: limits.backups, wallMs, migrations }));
    this.#inTransaction(() => ledger.reconcile(this.#db));
  }

  /** Notes that the start ended cleanly. */
  end(start: Start, { wallMs }: Moment): void {
    this.#inTransaction(() => {
      this.#addStart(start); // a backup may have been restored that does not know of it
      this.#db.run(END_START, [Math.trunc(wallMs), this.#options.instance]);
    });
  }

  /** Whether another file, or none, is where this one was. */
  get isAway(): boolean {
    return statOf(this.#options.paths.database)?.ino !== this.#inode;
  }

  /** What is known of the file. */
  facts(): Omit<Facts, "counters" | "kept"> {
    const { paths, ledger } = this.#options;
    const bytes = (statOf(paths.database)?.size ?? 0) + (statOf(paths.wal)?.size ?? 0);
    return { bytes, tally: ledger.tally, lastStart: this.#lastStart };
  }

  /** Every counter with its value, but for those of the ledger. */
  counters(): (readonly [string, number])[] {
    const rows = this.#db
      .query<{ name: string; value: number }, []>("SELECT name, value FROM counters WHERE name NOT LIKE 'store.%'")
      .all();
    return rows.map(({ name, value }) => [name, value]);
  }

  /** What else is kept. */
  kept(): Kept {
    return readKept(this.#db);
  }

  /** A page of the history. */
  read(query: HistoryQuery): HistoryPage {
    return readPage(this.#db, query);
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }

  #add({ id, columns, counters, start, keepsakes, points }: Batch, ageMs: number): void {
    if (start) this.#addStart(start);
    if (countOf(columns) > 0 && markHistory(this.#db, this.#age.ms, ageMs)) this.#history.beginPiece();
    this.#history.add(columns);
    for (const [name, delta] of counters) this.#db.run(ADD_COUNT, [name, delta]);
    writeKeepsakes(this.#db, keepsakes);
    writePoints(this.#db, points);
    this.#setMeta({ instance: this.#options.instance, batch: id, history: this.#history.lastId });
  }

  #addStart({ wallMs, kind, restoreCount, version }: Start): void {
    this.#db.run(ADD_START, [this.#options.instance, Math.trunc(wallMs), kind, restoreCount, version]);
    trimStarts(this.#db);
  }

  #dropDamaged(): void {
    const { ledger, onLoss } = this.#options;
    let loss: HistoryLoss | undefined;
    this.#inTransaction(() => (loss = removeDamagedPieces(this.#db, this.#meta("history"))));
    if (!loss) return;
    ledger.loss(loss.transitions);
    onLoss(loss);
  }

  /** Somebody who reads for long keeps the log from being written back: it would grow until the disk is full. */
  #boundLog(): void {
    const { paths, limits } = this.#options;
    const isLong = (): boolean => (statOf(paths.wal)?.size ?? 0) > limits.maxFileBytes;
    if (!isLong()) return;
    this.#db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    if (isLong()) throw new UnavailableError("somebody who reads it keeps its log from being written back");
  }

  #meta(key: string): number {
    return this.#db.query<{ value: number }, [string]>(META).get(key)?.value ?? 0;
  }

  #setMeta(values: Readonly<Record<string, number>>): void {
    const entries = Object.entries(values);
    const rows = entries.map(() => "(?, ?)").join(", ");
    this.#db.query(`INSERT OR REPLACE INTO meta (key, value) VALUES ${rows}`).run(...entries.flat());
  }

  #inTransaction(body: () => void): void {
    this.#db.transaction(body).immediate();
  }
}

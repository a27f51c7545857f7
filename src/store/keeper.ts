import type { Moment } from "../util/moment.ts";
import { backupNames } from "./backup.ts";
import { createDatabase, openVerified } from "./connection.ts";
import { checkFile, openDirectory, removeDatabase, statOf, type StorePaths } from "./directory.ts";
import { classify, DamageError, type Failure } from "./failure.ts";
import { StoreFile } from "./file.ts";
import type { HistoryPage } from "./historypage.ts";
import { Ledger } from "./ledger.ts";
import { StoreLock } from "./lock.ts";
import type { Reply, Request, StoreLimits } from "./message.ts";
import { MIGRATIONS } from "./migrations.ts";
import { type Discovery, restore, setDatabaseAside } from "./recovery.ts";
import type { BadBackup, HistoryLoss, Recovery } from "./status.ts";
import { checkTextEncoding, PAGE_BYTES } from "./verify.ts";

/** What a request is tried with in turn: the open file, one that was checked again, and one that took its place. */
const ATTEMPTS = ["as it is", "checked again", "set aside"] as const;

/** What was found out about the files while a request was answered. */
interface Findings {
  readonly recoveries: Recovery[];
  readonly losses: HistoryLoss[];
  readonly badBackups: BadBackup[];
}

const noFindings = (): Findings => ({ recoveries: [], losses: [], badBackups: [] });

/** Answers requests: opens the database, recovers it when it has to, and says what happened. Synchronous, so it has a thread of its own. */
export class Keeper implements Disposable {
  readonly #limits: StoreLimits;
  readonly #instance: number;
  readonly #migrations: readonly (readonly string[])[];
  readonly #ledger = new Ledger();
  #lock: StoreLock | undefined;
  #file: StoreFile | undefined;
  /** A file that was set aside, in whose place nothing could be put yet. */
  #discovery: Discovery | undefined;
  #findings: Findings = noFindings();

  constructor(limits: StoreLimits, instance: number, migrations = MIGRATIONS) {
    this.#limits = limits;
    this.#instance = instance;
    this.#migrations = migrations;
  }

  /** Does what is asked for. Throws only for a mistake in the program. */
  answer(request: Request): Reply {
    this.#findings = noFindings();
    let failure: Failure = { kind: "unavailable", reason: "" };
    for (const attempt of ATTEMPTS) {
      try {
        const done = this.#attempt(request, attempt === "set aside" ? failure.reason : undefined);
        return { outcome: "done", reason: "", ...done, ...this.#findings };
      } catch (error) {
        failure = classify(error);
        if (failure.kind === "bug") throw error;
        this.#closeFile();
        // A statement that is refused says that the file is not what it was, or that the request is wrong.
        if (failure.kind === "unavailable" || (failure.kind === "refused" && attempt !== "as it is")) break;
      }
    }
    if (failure.kind === "unavailable") this.#unlock(); // the directory may be another one next time
    const outcome = failure.kind === "refused" ? "refused" : "unavailable";
    const reason = `${this.#limits.directory}: ${failure.reason}`;
    return { outcome, reason, facts: undefined, page: undefined, ...this.#findings };
  }

  [Symbol.dispose](): void {
    this.#closeFile();
    this.#unlock();
  }

  #attempt(request: Request, damage: string | undefined): Pick<Reply, "facts" | "page"> {
    if (this.#file?.isAway) this[Symbol.dispose]();
    const opened = this.#file ? undefined : this.#open(request.now, damage);
    const [counters, kept] = [opened?.counters(), opened?.kept()];
    const file = this.#file!;
    let page: HistoryPage | undefined;
    if (request.kind === "save") file.save(request.batch, request.now);
    else if (request.kind === "backup") file.backup(request.now);
    else if (request.kind === "read") page = file.read(request.query);
    else if (request.kind === "close") {
      if (request.start) file.end(request.start, request.now);
      if (request.backup) file.backup(request.now);
    }
    const facts = { ...file.facts(), counters, kept };
    if (request.kind === "close") this[Symbol.dispose]();
    return { facts, page };
  }

  #open(now: Moment, damage: string | undefined): StoreFile {
    const paths = openDirectory(this.#limits.directory);
    this.#lock ??= new StoreLock(paths.lock);
    removeDatabase(paths.fresh);
    removeDatabase(paths.unfinishedBackup);
    try {
      if (this.#discovery) this.#restore(paths, now);
      if (damage !== undefined) throw new DamageError(damage);
      this.#file = this.#openFile(paths);
    } catch (error) {
      if (classify(error).kind !== "damage" || this.#discovery) throw error;
      this.#discovery = setDatabaseAside(paths, error, now.wallMs);
      if (this.#discovery.corruption) this.#ledger.corruption(now.wallMs);
      this.#restore(paths, now);
      this.#file = this.#openFile(paths);
    }
    return this.#file;
  }

  #openFile(paths: StorePaths): StoreFile {
    const stats = checkFile(paths.database);
    const logBytes = statOf(paths.wal)?.size ?? 0;
    if (!stats) {
      if (backupNames(paths).length > 0) throw new DamageError("it is missing, and its backups are there");
      if (logBytes > 0) throw new DamageError("it is missing, and its log is there");
      createDatabase(paths, this.#migrations);
    } else if (stats.size % PAGE_BYTES !== 0 && logBytes === 0) {
      throw new DamageError("it is cut off"); // SQLite would take what is missing for zeros
    }
    // With a log the header is in that, if it changed; SQLite has no lock of ours on the file yet that this would end.
    if (logBytes === 0) checkTextEncoding(paths.database);
    const db = openVerified(paths.database, this.#migrations);
    try {
      const [limits, instance, ledger, migrations] = [this.#limits, this.#instance, this.#ledger, this.#migrations];
      const onLoss = (loss: HistoryLoss): void => void this.#findings.losses.push(loss);
      return new StoreFile(db, { paths, limits, instance, ledger, migrations, onLoss });
    } catch (error) {
      db.close();
      throw error;
    }
  }

  #restore(paths: StorePaths, { wallMs }: Moment): void {
    const onBadBackup = (backup: BadBackup): void => void this.#findings.badBackups.push(backup);
    const restoredFrom = restore(paths, { wallMs, migrations: this.#migrations, onBadBackup });
    const discovery = this.#discovery!;
    if (restoredFrom !== undefined && discovery.corruption) this.#ledger.recovery(wallMs);
    this.#findings.recoveries.push({ ...discovery, restoredFrom });
    this.#discovery = undefined;
  }

  #closeFile(): void {
    this.#file?.[Symbol.dispose]();
    this.#file = undefined;
  }

  #unlock(): void {
    this.#lock?.[Symbol.dispose]();
    this.#lock = undefined;
  }
}

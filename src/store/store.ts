import { Backoff } from "../util/backoff.ts";
import type { Clock } from "../util/clock.ts";
import type { Moment } from "../util/moment.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { countOf } from "./columns.ts";
import type { HistoryQuery, NumberedTransition } from "./historyquery.ts";
import { HistoryReader } from "./historyreader.ts";
import type { KeepsakeKind, Kept, SeriesPoint } from "./kept.ts";
import type { Facts, Reply, Request } from "./message.ts";
import { limitsOf, type StoreObserver, type StoreOptions } from "./options.ts";
import { Records } from "./records.ts";
import { SaveDelay } from "./savedelay.ts";
import { Soundness } from "./soundness.ts";
import type { Start } from "./start.ts";
import { EMPTY_TALLY, type StoreStatus } from "./status.ts";
import { startThread, type StoreThread, type ThreadFactory } from "./thread.ts";
import { Timers } from "./timers.ts";
import type { Transition } from "./transition.ts";

/** Without an answer for so long, what is recorded is not known to be safe any more. */
const PATIENCE_MS = 30_000;
/** How long somebody waits for the history. */
const READ_PATIENCE_MS = 5000;
const RETRY_FIRST_MS = 1000;
const RETRY_MOST_MS = 60_000;
/** What may be written for backups in one interval, on average: a large database is backed up less often, to spare the disk. */
const BACKUP_BYTES = 20 * 1024 * 1024;

/**
 * Keeps what is recorded on disk: the history of ports, counters and starts. Nothing here waits for the disk or throws;
 * a thread does, and what it has not acknowledged is queued.
 */
export class Store {
  readonly #options: StoreOptions;
  readonly #clock: Clock;
  readonly #observer: StoreObserver;
  readonly #startThread: ThreadFactory;
  readonly #instance = Math.floor(Math.random() * 2 ** 48);
  readonly #records = new Records();
  readonly #queue = this.#records.queue;
  readonly #acknowledgements: Acknowledgements;
  readonly #reader: HistoryReader;
  readonly #retry = new Backoff(RETRY_FIRST_MS, RETRY_MOST_MS);
  #thread: StoreThread | undefined;
  #isOpen = false;
  #inFlight: Request["kind"] | undefined;
  /** Something was saved since the last backup. */
  #isChanged = false;
  #isBackupDue = false;
  #closing: PromiseWithResolvers<boolean> | undefined;
  #isClosed = false;
  /** Whether the disk may be used yet. */
  #isBegun = false;
  readonly #soundness: Soundness;
  readonly #saveDelay: SaveDelay;
  #facts: Pick<Facts, "bytes" | "tally" | "lastStart"> = { bytes: 0, tally: EMPTY_TALLY, lastStart: undefined };
  readonly #timers: Timers<"retry" | "backup" | "patience" | "close">;

  constructor(options: StoreOptions, clock: Clock, observer: StoreObserver, startThreadBy = startThread) {
    this.#options = options;
    this.#clock = clock;
    this.#observer = observer;
    this.#startThread = startThreadBy;
    this.#timers = new Timers(clock);
    this.#saveDelay = new SaveDelay(clock, () => this.#proceed());
    this.#acknowledgements = new Acknowledgements(clock);
    this.#reader = new HistoryReader(clock, () => this.#proceed());
    if (!options.enabled) this.#reader.end("the history is not kept");
    this.#soundness = new Soundness(options.enabled, observer);
  }

  /** Begins to use the disk; what was recorded before is queued, so that a start need not share the processor with it. */
  open(): void {
    this.#isBegun = true;
    this.#proceed();
  }

  /** Adds a transition to the history. */
  record(transition: Transition): void {
    if (!this.#takes) return;
    this.#queue.push(transition);
    this.#saveDelay.notice(this.#queue.length);
  }

  /** Adds to a counter that goes on over restarts. */
  count(name: string, delta = 1): void {
    if (!this.#takes || delta === 0) return;
    this.#records.count(name, delta);
    this.#saveDelay.notice(this.#queue.length);
  }

  /** The value of a counter, over all starts once the database is open; never less than before. */
  counter(name: string): number {
    return this.#records.counter(name);
  }

  /** Whether the database was opened, so that counters have what earlier processes counted. */
  get isLoaded(): boolean {
    return this.kept !== undefined;
  }

  /** What earlier processes left, as it was when the database was opened first; undefined before. */
  get kept(): Kept | undefined {
    return this.#records.kept;
  }

  /** What is kept of a kind as JSON, by key; undefined until the database is open. */
  keepsakes(kind: KeepsakeKind): ReadonlyMap<string, string> | undefined {
    return this.#records.keepsakes(kind);
  }

  /** Keeps JSON over restarts in place of what was kept under that key; null to keep nothing any more. */
  keep(kind: KeepsakeKind, key: string, value: string | null): void {
    if (this.#takes && this.#records.keep({ kind, key, value })) this.#saveDelay.notice(this.#queue.length);
  }

  /** Keeps a point of a series. */
  addPoint(point: SeriesPoint): void {
    if (!this.#takes) return;
    this.#queue.addPoint(point);
    this.#saveDelay.notice(this.#queue.length);
  }

  /** Whether all but transitions that was recorded so far is on the disk; false when that takes longer than `timeoutMs`. */
  whenSaved(timeoutMs: number): Promise<boolean> {
    if (!this.#takes || !this.#soundness.isSaving) return Promise.resolve(false);
    return this.#acknowledgements.wait(this.#queue.batchOfNewest, timeoutMs);
  }

  /** Transitions, the newest first, as far as they are saved. Rejects with UnavailableError, after `timeoutMs` at the latest. */
  history(query: HistoryQuery, timeoutMs = READ_PATIENCE_MS): Promise<readonly NumberedTransition[]> {
    return this.#reader.read(query, timeoutMs);
  }

  /** Notes how this process started. */
  recordStart(start: Start): void {
    if (!this.#takes) return;
    this.#records.start = start;
    this.#saveDelay.notice(this.#queue.length);
  }

  /** How the store is. */
  get status(): StoreStatus {
    const { state, reason, isWithoutBackup } = this.#soundness;
    const { length: queued, dropped } = this.#queue;
    const { bytes, tally, lastStart } = this.#facts;
    const { maxFileBytes: maxBytes } = this.#options;
    const backupDue = this.#isBackupDue || isWithoutBackup;
    return { ...tally, bytes, maxBytes, lastStart, state, reason, queued, dropped, backupDue };
  }

  /** Saves what is queued, notes a clean end and makes a backup; false when that was not done within `timeoutMs`. */
  close(timeoutMs: number): Promise<boolean> {
    const isUnused = !this.#options.enabled || (!this.#isBegun && this.#queue.isEmpty);
    if (this.#isClosed || isUnused) return Promise.resolve(true);
    if (this.#closing) return this.#closing.promise;
    this.#closing = Promise.withResolvers();
    this.#reader.end("the daemon stops");
    this.#saveDelay.stop();
    for (const timer of ["retry", "backup"] as const) this.#timers.disarm(timer);
    this.#timers.arm("close", timeoutMs, () => this.#end(false));
    this.#isBegun = true;
    this.#proceed();
    return this.#closing.promise;
  }

  get #takes(): boolean {
    return this.#options.enabled && !this.#closing && !this.#isClosed;
  }

  /** Sends the next request, if one is due and none is in flight. */
  #proceed(): void {
    if (!this.#isBegun || this.#inFlight || this.#isClosed || !this.#options.enabled) return;
    if (this.#timers.has("retry")) return;
    const request = this.#nextRequest();
    if (!request) return;
    this.#inFlight = request.kind;
    this.#timers.arm("patience", PATIENCE_MS, () =>
      this.#soundness.note("saving", `the disk, or the processor it needs, did not answer for ${PATIENCE_MS} ms`),
    );
    try {
      this.#thread ??= this.#startThread({
        onReply: (reply) => this.#onReply(reply),
        onEnd: (reason) => this.#onThreadEnd(reason),
      });
      this.#thread.post(request);
    } catch (error) {
      this.#onThreadEnd(error instanceof Error ? error.message : String(error));
    }
  }

  #nextRequest(): Request | undefined {
    const now: Moment = { wallMs: this.#clock.wallNow(), monotonicMs: this.#clock.now() };
    if (!this.#isOpen) return { kind: "open", instance: this.#instance, limits: limitsOf(this.#options), now };
    const batch = this.#saveDelay.isDue || this.#closing ? this.#queue.take() : undefined;
    if (batch) return { kind: "save", batch, now };
    this.#saveDelay.reset();
    const { start } = this.#records; // without one there is nothing that deserves the place of an older backup
    if (this.#closing) return { kind: "close", start, backup: this.#isChanged && start !== undefined, now };
    const query = this.#reader.next();
    if (query) return { kind: "read", query, now };
    return this.#isBackupDue ? { kind: "backup", now } : undefined;
  }

  #onReply({ outcome, reason, facts, page, recoveries, losses, badBackups }: Reply): void {
    const kind = this.#inFlight!;
    this.#inFlight = undefined;
    this.#timers.disarm("patience");
    for (const backup of badBackups) this.#observer.onBadBackup(backup);
    for (const recovery of recoveries) this.#observer.onRecovery(recovery);
    for (const loss of losses) this.#observer.onLoss(loss);
    if (facts) {
      const { counters, kept, ...rest } = facts;
      this.#facts = rest;
      if (counters && this.#records.onOpened(counters, kept)) this.#observer.onLoaded();
      if (counters && this.#queue.hasNew) this.#saveDelay.notice(this.#queue.length);
    }
    if (page) this.#reader.onPage(page);
    if (outcome === "done") this.#onDone(kind);
    else this.#onFailed(kind, outcome, reason);
    this.#proceed();
  }

  #onDone(kind: Request["kind"]): void {
    this.#retry.reset();
    if (kind === "open") this.#isOpen = true;
    if (kind === "close") this.#end(true);
    if (kind === "save") this.#onSaved();
    else if (this.#queue.isEmpty) this.#soundness.note("saving", "");
    if (kind === "backup") {
      this.#isChanged = false;
      this.#isBackupDue = false;
      this.#soundness.note("backup", "");
    }
  }

  #onSaved(): void {
    const { id, columns } = this.#records.settle();
    this.#acknowledgements.settle(id, true);
    this.#noteSaved(countOf(columns));
    this.#isChanged = true;
    this.#saveDelay.reset();
    if (this.#queue.hasNew) this.#saveDelay.notice(this.#queue.length);
    this.#backUpLater();
  }

  #onFailed(kind: Request["kind"], outcome: "unavailable" | "refused", reason: string): void {
    if (kind === "read") {
      this.#reader.onFailed(reason);
      return; // if the file is the matter, that shows when something is saved
    }
    this.#soundness.note(kind === "backup" ? "backup" : "saving", reason);
    if (outcome === "refused" && kind === "save") {
      // It would be refused for ever, and everything behind it would wait.
      const { id, columns } = this.#queue.settle(false)!;
      this.#acknowledgements.settle(id, false);
      this.#noteSaved(countOf(columns));
    } else if (this.#closing) this.#end(false);
    else if (kind === "backup") {
      this.#isBackupDue = false;
      this.#backUpLater();
    } else this.#timers.arm("retry", this.#retry.next(), () => this.#proceed());
  }

  #onThreadEnd(reason: string): void {
    this.#reader.onFailed(reason);
    this.#thread = undefined;
    this.#isOpen = false;
    this.#inFlight = undefined;
    this.#timers.disarm("patience");
    this.#soundness.note("saving", `its thread ended: ${reason}`);
    if (this.#closing) this.#end(false);
    else this.#timers.arm("retry", this.#retry.next(), () => this.#proceed());
  }

  #noteSaved(count: number): void {
    const { length: transitions, hasNew: others } = this.#queue;
    this.#soundness.onSaved(count, { transitions, others });
  }

  #backUpLater(): void {
    if (this.#timers.has("backup") || this.#isBackupDue || this.#options.backups === 0 || !this.#isChanged) return;
    const delayMs = this.#options.backupIntervalMs * Math.max(1, this.#facts.bytes / BACKUP_BYTES);
    this.#timers.arm("backup", delayMs, () => {
      this.#isBackupDue = true;
      this.#proceed();
    });
  }

  #end(isSaved: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#acknowledgements.end();
    this.#saveDelay.stop();
    this.#timers.disarmAll();
    this.#thread?.terminate();
    this.#thread = undefined;
    this.#closing?.resolve(isSaved);
  }
}

import { Backoff } from "../util/backoff.ts";
import type { Clock } from "../util/clock.ts";
import type { Moment } from "../util/moment.ts";
import type { Reply, Request, StoreLimits } from "./message.ts";
import { SaveQueue } from "./queue.ts";
import type { Start } from "./start.ts";
import { EMPTY_TALLY, type Recovery, type StoreState, type StoreStatus } from "./status.ts";
import { startThread, type StoreThread, type ThreadFactory } from "./thread.ts";
import { Timers } from "./timers.ts";
import type { Transition } from "./transition.ts";

/** How long entries wait for others to be saved with them. */
const BATCH_DELAY_MS = 250;
const BATCH_MOST = 500;
const QUEUE_MOST = 10_000;
/** Without an answer for so long, what is recorded is not known to be safe any more. */
const PATIENCE_MS = 30_000;
const RETRY_FIRST_MS = 1000;
const RETRY_MOST_MS = 60_000;
/** What may be written for backups in one interval, on average: a large database is backed up less often, to spare the disk. */
const BACKUP_BYTES = 20 * 1024 * 1024;

/** What can fail on its own. */
type Concern = "saving" | "backup";

/** What a store is built from. */
export interface StoreOptions extends StoreLimits {
  /** A disabled store takes everything and keeps nothing. */
  readonly enabled: boolean;
  /** Between two backups, while something is recorded. */
  readonly backupIntervalMs: number;
}

/** Who wants to know how the store is. */
export interface StoreObserver {
  /** Once for each change; the reason is "" when all is well. Another reason for the same state is in the status only. */
  onState(state: StoreState, reason: string): void;
  /** A file could not be used. */
  onRecovery(recovery: Recovery): void;
}

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
  readonly #queue = new SaveQueue(QUEUE_MOST);
  readonly #retry = new Backoff(RETRY_FIRST_MS, RETRY_MOST_MS);
  /** The values of counters that are known to be saved; undefined until the database was opened. */
  #saved: Map<string, number> | undefined;
  #start: Start | undefined;
  #thread: StoreThread | undefined;
  #isOpen = false;
  #inFlight: Request["kind"] | undefined;
  /** Something was saved since the last backup. */
  #isChanged = false;
  #isBackupDue = false;
  #isSaveDue = false;
  #closing: PromiseWithResolvers<boolean> | undefined;
  #isClosed = false;
  /** Whether the disk may be used yet. */
  #isBegun = false;
  /** Why saving and making backups do not work; "" when they do. */
  readonly #reasons: Record<Concern, string> = { saving: "", backup: "" };
  #status: Pick<StoreStatus, "state" | "reason" | "bytes" | "lastStart"> & typeof EMPTY_TALLY;
  readonly #timers: Timers<"save" | "retry" | "backup" | "patience" | "close">;

  constructor(options: StoreOptions, clock: Clock, observer: StoreObserver, startThreadBy = startThread) {
    this.#options = options;
    this.#clock = clock;
    this.#observer = observer;
    this.#startThread = startThreadBy;
    this.#timers = new Timers(clock);
    const state = options.enabled ? "ok" : "disabled";
    this.#status = { state, reason: "", bytes: 0, lastStart: undefined, ...EMPTY_TALLY };
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
    this.#saveSoon();
  }

  /** Adds to a counter that goes on over restarts. */
  count(name: string, delta = 1): void {
    if (!this.#takes || delta === 0) return;
    this.#queue.count(name, delta);
    this.#saveSoon();
  }

  /** The value of a counter, over all starts once the database is open; never less than before. */
  counter(name: string): number {
    return (this.#saved?.get(name) ?? 0) + this.#queue.pendingCount(name);
  }

  /** Whether the database was opened, so that counters have what earlier processes counted. */
  get isLoaded(): boolean {
    return this.#saved !== undefined;
  }

  /** Notes how this process started. */
  recordStart(start: Start): void {
    if (!this.#takes) return;
    this.#start = start;
    this.#queue.start(start);
    this.#saveSoon();
  }

  /** How the store is. */
  get status(): StoreStatus {
    const backupDue = this.#isBackupDue || this.#reasons.backup !== "";
    return { ...this.#status, queued: this.#queue.length, dropped: this.#queue.dropped, backupDue };
  }

  /** Saves what is queued, notes a clean end and makes a backup; false when that was not done within `timeoutMs`. */
  close(timeoutMs: number): Promise<boolean> {
    if (this.#isClosed || !this.#options.enabled) return Promise.resolve(true);
    if (!this.#isBegun && this.#queue.isEmpty) return Promise.resolve(true);
    if (this.#closing) return this.#closing.promise;
    this.#closing = Promise.withResolvers();
    for (const timer of ["save", "retry", "backup"] as const) this.#timers.disarm(timer);
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
      this.#setReason("saving", `the disk did not answer for ${PATIENCE_MS} ms`),
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
    const batch = this.#isSaveDue || this.#closing ? this.#queue.take(BATCH_MOST) : undefined;
    if (batch) return { kind: "save", batch, now };
    this.#isSaveDue = false;
    if (this.#closing) return { kind: "close", start: this.#start, backup: this.#isChanged, now };
    return this.#isBackupDue ? { kind: "backup", now } : undefined;
  }

  #onReply({ outcome, reason, facts, recoveries }: Reply): void {
    const kind = this.#inFlight!;
    this.#inFlight = undefined;
    this.#timers.disarm("patience");
    for (const recovery of recoveries) this.#observer.onRecovery(recovery);
    if (facts) {
      const { bytes, tally, lastStart, counters } = facts;
      this.#status = { ...this.#status, bytes, lastStart, ...tally };
      if (counters) this.#onOpened(new Map(counters));
    }
    if (outcome === "done") this.#onDone(kind);
    else this.#onFailed(kind, outcome, reason);
    this.#proceed();
  }

  #onDone(kind: Request["kind"]): void {
    this.#retry.reset();
    if (kind === "open") this.#isOpen = true;
    if (kind === "close") this.#end(true);
    if (kind === "save") this.#onSaved();
    if (kind === "backup") {
      this.#isChanged = false;
      this.#isBackupDue = false;
    }
    this.#setReason(kind === "backup" ? "backup" : "saving", "");
  }

  #onSaved(): void {
    for (const [name, delta] of this.#queue.settle(true)!.counters)
      this.#saved!.set(name, (this.#saved!.get(name) ?? 0) + delta);
    this.#isChanged = true;
    this.#isSaveDue = false;
    if (this.#queue.hasNew) this.#saveSoon();
    this.#backUpLater();
  }

  #onFailed(kind: Request["kind"], outcome: "unavailable" | "refused", reason: string): void {
    this.#setReason(kind === "backup" ? "backup" : "saving", reason);
    if (outcome === "refused" && kind === "save") {
      // It would be refused for ever, and everything behind it would wait.
      this.#queue.settle(false);
      this.#setReason("saving", "");
    } else if (this.#closing) this.#end(false);
    else if (kind === "backup") {
      this.#isBackupDue = false;
      this.#backUpLater();
    } else this.#timers.arm("retry", this.#retry.next(), () => this.#proceed());
  }

  #onThreadEnd(reason: string): void {
    this.#thread = undefined;
    this.#isOpen = false;
    this.#inFlight = undefined;
    this.#timers.disarm("patience");
    this.#setReason("saving", `its thread ended: ${reason}`);
    if (this.#closing) this.#end(false);
    else this.#timers.arm("retry", this.#retry.next(), () => this.#proceed());
  }

  /** Another file may be in the place of the one that knew of this start. */
  #onOpened(counters: Map<string, number>): void {
    if (this.#saved && this.#start) {
      this.#queue.start(this.#start);
      this.#saveSoon();
    }
    this.#compareCounters(counters);
  }

  /** A file that was restored from a backup may be behind what is known to have been saved: the difference is saved again. */
  #compareCounters(found: Map<string, number>): void {
    if (!this.#saved) {
      this.#saved = found;
      return;
    }
    for (const [name, value] of this.#saved) {
      const missing = value - (found.get(name) ?? 0);
      if (missing <= 0) continue;
      this.#saved.set(name, value - missing);
      this.#queue.count(name, missing);
      this.#saveSoon();
    }
  }

  #saveSoon(): void {
    if (this.#isSaveDue || (this.#timers.has("save") && this.#queue.length < BATCH_MOST)) return;
    const delayMs = this.#queue.length < BATCH_MOST ? BATCH_DELAY_MS : 0;
    this.#timers.disarm("save");
    // Never in the turn of the caller, which has more urgent things to do.
    this.#isSaveDue = delayMs === 0;
    this.#timers.arm("save", delayMs, () => {
      this.#isSaveDue = true;
      this.#proceed();
    });
  }

  #backUpLater(): void {
    if (this.#timers.has("backup") || this.#isBackupDue || this.#options.backups === 0 || !this.#isChanged) return;
    const delayMs = this.#options.backupIntervalMs * Math.max(1, this.#status.bytes / BACKUP_BYTES);
    this.#timers.arm("backup", delayMs, () => {
      this.#isBackupDue = true;
      this.#proceed();
    });
  }

  #setReason(of: Concern, why: string): void {
    this.#reasons[of] = why;
    const reason = this.#reasons.saving || this.#reasons.backup;
    const state = reason === "" ? "ok" : "degraded";
    const isNew = state !== this.#status.state;
    this.#status = { ...this.#status, state, reason };
    if (isNew) this.#observer.onState(state, reason);
  }

  #end(isSaved: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timers.disarmAll();
    this.#thread?.terminate();
    this.#thread = undefined;
    this.#closing?.resolve(isSaved);
  }
}

function limitsOf({ directory, backups, retentionMs, maxFileBytes }: StoreLimits): StoreLimits {
  return { directory, backups, retentionMs, maxFileBytes };
}

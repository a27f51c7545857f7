import { getLog } from "../log/logger.ts";
import type { Cause } from "../rtnetlink/monitor.ts";
import { type Database, type Reply, ReplyError } from "../swss/database.ts";
import type { Clock } from "../util/clock.ts";
import type { PortSink } from "./linksync.ts";
import { Refusals } from "./refusals.ts";
import { type PortState, sameState } from "./state.ts";
import { changeCommands, describeChange, isSame, type Published, readPublished } from "./statetable.ts";

/** A change of a port's row on its way to STATE_DB. */
interface Change {
  readonly name: string;
  readonly remove: boolean;
  readonly state: PortState | undefined;
  readonly before: Published | undefined;
  readonly cause: Cause;
}

/** A change of a port's row that STATE_DB has acknowledged. */
export interface Transition {
  readonly name: string;
  /** What was there before, as far as this process wrote or read it; undefined for no row of ours. */
  readonly before: PortState | undefined;
  /** What is there now; undefined for no row. */
  readonly after: PortState | undefined;
  readonly cause: Cause;
}

/** Who wants to know what reached STATE_DB. */
export interface PublisherObserver {
  /** A flush ended: these ports' states are there. Called with nothing, too, when there was nothing to write. */
  onAcknowledged(names: readonly string[]): void;
  /** A row was written or deleted. */
  onTransition(transition: Transition): void;
}

/** What was written so far. */
export interface PublisherCounters {
  sets: number;
  dels: number;
  unchanged: number;
  refused: number;
  lost: number;
}

/** Rows that are compared before a flush may have its turn. */
const ROWS_A_TURN = 500;

const log = getLog("publisher");

/**
 * Makes STATE_DB say of each port what was last said here. One flush is in flight at a time; what changes meanwhile
 * forms the next, latest state first: memory is bounded by ports, and a slow Redis cannot build a queue.
 * A removal is never swallowed by what follows it: readers act on the DEL.
 */
export class Publisher implements PortSink {
  readonly counters: PublisherCounters = { sets: 0, dels: 0, unchanged: 0, refused: 0, lost: 0 };
  readonly #observer: PublisherObserver;
  readonly #desired = new Map<string, PortState>();
  readonly #published = new Map<string, Published>();
  readonly #removals = new Set<string>();
  /** Ports whose state changed since their last flush, be it back to what is published: readers see that something was. */
  readonly #changed = new Set<string>();
  /** What was last known for certain to be published, for who is told of a change. */
  readonly #certain = new Map<string, PortState>();
  readonly #refusals: Refusals;
  /** Ports to look at in the next flush, and why. */
  #dirty = new Map<string, Cause>();
  #database: Database | undefined;
  #inFlight: Promise<void> | undefined;
  /** Flushes that were acknowledged, empty ones too, and who waits for the next. */
  #rounds = 0;
  #waiting: { round: number; resolve: () => void }[] = [];

  constructor(clock: Clock, observer: PublisherObserver) {
    this.#observer = observer;
    this.#refusals = new Refusals(clock, () => {
      this.#retryRefused();
      this.flush();
    });
  }

  set(name: string, state: PortState, cause: Cause): void {
    const before = this.#desired.get(name);
    if (before && !sameState(before, state)) this.#changed.add(name);
    this.#desired.set(name, state);
    this.#dirty.set(name, cause);
  }

  remove(name: string, cause: Cause): void {
    this.#desired.delete(name);
    this.#changed.delete(name);
    if (this.#published.has(name)) this.removeRow(name, cause);
    else this.#dirty.delete(name); // rule 17 made better: what was never published is not ours to delete
  }

  freeze(name: string): void {
    this.#desired.delete(name);
    if (!this.#removals.has(name)) this.#dirty.delete(name);
  }

  /** Deletes a row whoever wrote it. */
  removeRow(name: string, cause: Cause): void {
    this.#removals.add(name);
    this.#dirty.set(name, cause);
  }

  /** Ports whose latest state has not been acknowledged. */
  get pendingCount(): number {
    return this.#dirty.size + (this.#inFlight ? 1 : 0);
  }

  /** Ports that STATE_DB is known to hold. */
  get publishedCount(): number {
    return this.#published.size;
  }

  /** True for a port that is published, or is to be. */
  isKnown(name: string): boolean {
    return this.#published.has(name) || this.#desired.has(name);
  }

  /** Starts to write what is pending, unless a flush is in flight or STATE_DB is not there. */
  flush(): void {
    if (this.#inFlight || !this.#database) return;
    const { changes, unchanged } = this.#takeChanges();
    // Nothing is left to write, so whoever waits for this round or the next need not.
    if (changes.length === 0)
      do this.#endRound(unchanged);
      while (this.#waiting.length > 0);
    else this.#occupy(this.#write(this.#database, changes, unchanged));
  }

  /** Resolves when everything that is pending now was acknowledged; waits for STATE_DB if need be. What it refuses does not count. */
  caughtUp(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ round: this.#rounds + (this.#inFlight ? 2 : 1), resolve });
    this.flush();
    return promise;
  }

  /**
   * STATE_DB is there. What it holds of our ports is read first, since what became of the last flush before a loss is
   * not known and others may have changed it. After a start nothing was published, so nothing is read. Throws DatabaseLostError.
   */
  async connect(database: Database): Promise<void> {
    await this.#inFlight; // a flush whose connection is lost ends with it
    const names = [...this.#published.keys()];
    if (names.length > 0) {
      const differing = await this.#compare(database, names, "resync");
      log.notice("read {ports} ports back from STATE_DB, {differing} differ", { ports: names.length, differing });
    }
    this.#database = database;
    this.flush();
  }

  /** STATE_DB is lost: nothing is written until connect(). */
  disconnect(): void {
    this.#database = undefined;
    this.#retryRefused();
    this.#refusals.clear();
  }

  #retryRefused(): void {
    for (const [name, cause] of this.#refusals.causes()) this.#mark(name, cause);
  }

  /** A port is to be looked at in the next flush; why that is so already comes first. */
  #mark(name: string, cause: Cause): void {
    if (!this.#dirty.has(name)) this.#dirty.set(name, cause);
  }

  /** Compares STATE_DB with what it should hold, repairs it, and returns how many ports differed. Throws DatabaseLostError. */
  async audit(): Promise<number> {
    const names = [...this.#published.keys()].filter((name) => !this.#refusals.has(name)); // those are written anyway
    let differing = 0;
    for (let at = 0; at < names.length; at += ROWS_A_TURN) {
      while (this.#inFlight) await this.#inFlight;
      if (!this.#database) break;
      const comparing = this.#compare(this.#database, names.slice(at, at + ROWS_A_TURN), "audit");
      this.#occupy(comparing.then(() => {}));
      differing += await comparing;
    }
    return differing;
  }

  /** Lets nothing else be in flight until the work is done. */
  #occupy(work: Promise<void>): void {
    const over = (): void => {
      this.#inFlight = undefined;
      if (this.#dirty.size > 0 || this.#waiting.length > 0) this.flush();
    };
    this.#inFlight = work.then(over, over);
  }

  /** Takes what STATE_DB holds for published, marks what differs from it, and returns how many ports did. */
  async #compare(database: Database, names: readonly string[], cause: Cause): Promise<number> {
    const found = await readPublished(database, names);
    let differing = 0;
    for (const name of names) {
      const before = this.#published.get(name);
      const now = found.get(name);
      const desired = this.#desired.get(name);
      if (before === undefined) continue; // deleted since the names were taken: what is there now is another's
      if (before === "unwritten" && now) {
        if (desired) this.#mark(name, cause);
        continue;
      }
      if (now) this.#published.set(name, now);
      else this.#published.delete(name);
      if (typeof now === "object") this.#certain.set(name, now);
      else if (!now) this.#certain.delete(name);
      if (before === "unknown" && desired && isSame(now, desired)) continue;
      if (isSame(now, before)) continue;
      differing++;
      if (desired) this.#mark(name, cause);
    }
    return differing;
  }

  #takeChanges(): { changes: Change[]; unchanged: string[] } {
    const changes: Change[] = [];
    const unchanged: string[] = [];
    for (const [name, cause] of this.#dirty) {
      const remove = this.#removals.delete(name);
      const desired = this.#desired.get(name);
      const before = this.#published.get(name);
      const moved = this.#changed.delete(name);
      const changed = desired && (remove || moved || !isSame(before, desired));
      if (remove || changed) changes.push({ name, remove, state: changed ? desired : undefined, before, cause });
      else this.#refusals.delete(name);
      if (desired && !remove && !changed) unchanged.push(name);
    }
    this.#dirty = new Map();
    this.counters.unchanged += unchanged.length;
    return { changes, unchanged };
  }

  #write(database: Database, changes: readonly Change[], unchanged: readonly string[]): Promise<void> {
    const commands: string[][] = [];
    for (const { name, remove, state, before } of changes) {
      commands.push(...changeCommands(database, name, remove, state));
      this.#published.set(name, before === undefined || before === "unwritten" ? "unwritten" : "unknown");
    }
    // Not async: in the way of every event each promise that is spared counts.
    return database.write(commands).then(
      (replies) => this.#endRound([...unchanged, ...this.#accept(changes, replies)]),
      (error: unknown) => {
        this.counters.lost++;
        if (this.#database === database) this.#database = undefined;
        log.warn("a flush of {changes} ports was lost: {error}", { changes: changes.length, error: String(error) });
        for (const { name, remove, cause } of changes) this.#again(name, remove, cause);
        for (const name of unchanged) this.#mark(name, "resync");
      },
    );
  }

  #endRound(acknowledged: readonly string[]): void {
    this.#rounds++;
    this.#observer.onAcknowledged(acknowledged);
    if (this.#waiting.length === 0) return;
    const over = this.#waiting.filter(({ round }) => round <= this.#rounds);
    this.#waiting = this.#waiting.filter(({ round }) => round > this.#rounds);
    for (const { resolve } of over) resolve();
  }

  /** Notes what was written; returns the ports whose state is there now. */
  #accept(changes: readonly Change[], replies: readonly (Reply | ReplyError)[]): string[] {
    const acknowledged: string[] = [];
    let at = 0;
    for (const { name, remove, state, before, cause } of changes) {
      const mine = replies.slice(at, (at += Number(remove) + Number(!!state)));
      const error = mine.find((reply) => reply instanceof ReplyError);
      if (error) {
        this.counters.refused++;
        if (remove) this.#removals.add(name);
        this.#refusals.add(name, error.message, cause);
        continue;
      }
      this.#refusals.delete(name);
      if (remove) this.counters.dels++;
      if (state) this.counters.sets++;
      if (state) this.#published.set(name, state);
      else this.#published.delete(name);
      if (state) acknowledged.push(name);
      log.info("{port}: {change}", describeChange(name, remove, state));
      const known = before === undefined || typeof before === "object" ? before : this.#certain.get(name);
      if (state) this.#certain.set(name, state);
      else this.#certain.delete(name);
      this.#observer.onTransition({ name, before: known, after: state, cause });
    }
    return acknowledged;
  }

  /** What may not have been written is written again; what was said of the port meanwhile comes after it. */
  #again(name: string, remove: boolean, cause: Cause): void {
    if (remove) this.#removals.add(name);
    this.#mark(name, cause);
  }
}

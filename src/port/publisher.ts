import { getLog } from "../log/logger.ts";
import { type Database, type Reply, ReplyError } from "../swss/database.ts";
import { STATE_PORT_TABLE } from "../swss/schema.ts";
import { tableKey } from "../swss/table.ts";
import { Backoff } from "../util/backoff.ts";
import type { Clock } from "../util/clock.ts";
import type { PortSink } from "./linksync.ts";
import { formatState, parseState, PORT_FIELDS, type PortState, sameState } from "./state.ts";

/** What STATE_DB holds of a port: nothing that we know of, a state, or something that has to be overwritten. */
type Published = PortState | "unknown";

/** A change on its way to STATE_DB. */
interface Change {
  readonly name: string;
  readonly remove: boolean;
  readonly state: PortState | undefined;
}

/** Who wants to know what reached STATE_DB. */
export interface PublisherObserver {
  /** A flush ended: these ports' states were acknowledged. Called with nothing, too, when there was nothing to write. */
  onAcknowledged(names: readonly string[]): void;
}

/** What was written so far. */
export interface PublisherCounters {
  sets: number;
  dels: number;
  unchanged: number;
  refused: number;
  lost: number;
}

const log = getLog("publisher");

/**
 * Makes STATE_DB say of each port what was last said here. One flush is in flight at a time; what changes meanwhile
 * forms the next, latest state first: memory is bounded by ports, and a slow Redis cannot build a queue.
 * A removal is never swallowed by what follows it: readers act on the DEL.
 */
export class Publisher implements PortSink {
  readonly counters: PublisherCounters = { sets: 0, dels: 0, unchanged: 0, refused: 0, lost: 0 };
  readonly #clock: Clock;
  readonly #observer: PublisherObserver;
  readonly #desired = new Map<string, PortState>();
  readonly #published = new Map<string, Published>();
  readonly #removals = new Set<string>();
  readonly #retry = new Backoff(100, 5000);
  #dirty = new Set<string>();
  /** Ports that STATE_DB refused, with its error; they wait for the retry, the others do not wait for them. */
  #refused = new Map<string, string>();
  #database: Database | undefined;
  #inFlight: Promise<void> | undefined;
  #cancelRetry: (() => void) | undefined;
  /** Flushes that were acknowledged, empty ones too, and who waits for the next. */
  #rounds = 0;
  #waiting: { round: number; resolve: () => void }[] = [];

  constructor(clock: Clock, observer: PublisherObserver) {
    this.#clock = clock;
    this.#observer = observer;
  }

  set(name: string, state: PortState): void {
    this.#desired.set(name, state);
    this.#dirty.add(name);
  }

  remove(name: string): void {
    this.#desired.delete(name);
    if (!this.#published.has(name)) {
      this.#dirty.delete(name); // rule 17 made better: what was never published is not ours to delete
      return;
    }
    this.#removals.add(name);
    this.#dirty.add(name);
  }

  freeze(name: string): void {
    this.#desired.delete(name);
    if (!this.#removals.has(name)) this.#dirty.delete(name);
  }

  /** Ports whose latest state has not been acknowledged. */
  get pendingCount(): number {
    return this.#dirty.size + (this.#inFlight ? 1 : 0);
  }

  /** Ports that STATE_DB is known to hold. */
  get publishedCount(): number {
    return this.#published.size;
  }

  /** Starts to write what is pending, unless a flush is in flight or STATE_DB is not there. */
  flush(): void {
    if (this.#inFlight || !this.#database) return;
    const { changes, unchanged } = this.#takeChanges();
    if (changes.length === 0) {
      this.#endRound(unchanged);
      return;
    }
    this.#inFlight = this.#write(this.#database, changes, unchanged).finally(() => {
      this.#inFlight = undefined;
      if (this.#dirty.size > 0 || this.#waiting.length > 0) this.flush();
    });
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
    await this.#readBack(database);
    this.#database = database;
    this.flush();
  }

  /** STATE_DB is lost: nothing is written until connect(). */
  disconnect(): void {
    this.#database = undefined;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  async #readBack(database: Database): Promise<void> {
    await this.#inFlight; // a flush whose connection is lost ends with it
    const names = [...this.#published.keys()];
    if (names.length === 0) return;
    const replies = await database.batch(names.map((name) => ["HMGET", rowKey(database, name), ...PORT_FIELDS]));
    let differing = 0;
    for (const [i, name] of names.entries()) {
      const found = parsePublished(replies[i]!);
      if (found) this.#published.set(name, found);
      else this.#published.delete(name);
      const desired = this.#desired.get(name);
      if (!desired || (found && found !== "unknown" && sameState(found, desired))) continue;
      this.#dirty.add(name);
      differing++;
    }
    log.notice("read {ports} ports back from STATE_DB, {differing} differ", { ports: names.length, differing });
  }

  #takeChanges(): { changes: Change[]; unchanged: string[] } {
    const changes: Change[] = [];
    const unchanged: string[] = [];
    for (const name of this.#dirty) {
      const remove = this.#removals.delete(name);
      const desired = this.#desired.get(name);
      const published = this.#published.get(name);
      const changed = desired && (remove || published === "unknown" || !sameState(published, desired));
      if (remove || changed) changes.push({ name, remove, state: changed ? desired : undefined });
      else if (desired) unchanged.push(name);
    }
    this.#dirty = new Set();
    this.counters.unchanged += unchanged.length;
    return { changes, unchanged };
  }

  async #write(database: Database, changes: readonly Change[], unchanged: readonly string[]): Promise<void> {
    const commands: string[][] = [];
    for (const { name, remove, state } of changes) {
      const key = rowKey(database, name);
      if (remove) commands.push(["DEL", key]);
      if (state) commands.push(["HSET", key, ...formatState(state)]);
      this.#published.set(name, "unknown");
    }
    let replies: (Reply | ReplyError)[];
    try {
      replies = await database.batch(commands);
    } catch (error) {
      this.counters.lost++;
      if (this.#database === database) this.#database = undefined;
      log.warn("a flush of {changes} ports was lost: {error}", { changes: changes.length, error: String(error) });
      for (const { name, remove } of changes) this.#again(name, remove);
      for (const name of unchanged) this.#dirty.add(name);
      return;
    }
    this.#endRound([...unchanged, ...this.#accept(changes, replies)]);
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
    for (const { name, remove, state } of changes) {
      const mine = replies.slice(at, (at += Number(remove) + Number(!!state)));
      const error = mine.find((reply) => reply instanceof ReplyError);
      if (error) {
        this.#refuse(name, remove, error.message);
        continue;
      }
      this.#refused.delete(name);
      if (remove) this.counters.dels++;
      log.info("{port}: {change}", { port: name, change: formatChange(remove, state) });
      if (state) {
        this.counters.sets++;
        this.#published.set(name, state);
        acknowledged.push(name);
      } else {
        this.#published.delete(name);
      }
    }
    if (this.#refused.size === 0) this.#retry.reset();
    return acknowledged;
  }

  /** What may not have been written is written again; what was said of the port meanwhile comes after it. */
  #again(name: string, remove: boolean): void {
    if (remove) this.#removals.add(name);
    this.#dirty.add(name);
  }

  #refuse(port: string, remove: boolean, error: string): void {
    this.counters.refused++;
    if (remove) this.#removals.add(port);
    if (this.#refused.get(port) !== error) {
      log.error("STATE_DB refused {port}: {error}; it will be tried again", { port, error });
    }
    this.#refused.set(port, error);
    this.#cancelRetry ??= this.#clock.after(this.#retry.next(), () => {
      this.#cancelRetry = undefined;
      for (const name of this.#refused.keys()) this.#dirty.add(name);
      this.flush();
    });
  }
}

function rowKey(database: Database, name: string): string {
  return tableKey(STATE_PORT_TABLE, database.separator, name);
}

/** What an HMGET of PORT_FIELDS found; undefined for no row of ours. */
function parsePublished(reply: Reply | ReplyError): Published | undefined {
  if (reply instanceof ReplyError) return "unknown";
  const values = reply as (string | null)[];
  if (values.every((value) => value === null)) return undefined;
  return parseState(values) ?? "unknown";
}

function formatChange(remove: boolean, state: PortState | undefined): string {
  const written = state ? formatState(state).join(" ") : "";
  return remove ? `deleted ${written}`.trim() : written;
}

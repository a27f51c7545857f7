import { getLog } from "../log/logger.ts";
import type { Cause } from "../rtnetlink/monitor.ts";
import type { Database, Reply, ReplyError } from "../swss/database.ts";
import { errorAmong } from "../swss/reply.ts";
import type { Clock } from "../util/clock.ts";
import type { Backlog, Change, PublisherCounters, PublisherObserver } from "./change.ts";
import { DirtyPorts } from "./dirtyports.ts";
import type { PortSink } from "./linksync.ts";
import { Refusals } from "./refusals.ts";
import { Rounds } from "./rounds.ts";
import { type PortState, sameState } from "./state.ts";
import { addCommands, describeChange, isSame, type Published, readPublished, ROWS_A_TURN } from "./statetable.ts";

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
  /** Ports whose state changed since their last flush, be it back to what is published: readers see that something was. */
  readonly #changed = new Set<string>();
  /** Ports to look at in the next flush. */
  readonly #dirty = new DirtyPorts();
  /** What was last told of ports of which that may not be what is published: who is told of the next change hears from what to what. */
  readonly #certain = new Map<string, PortState>();
  readonly #refused: Refusals;
  readonly #rounds = new Rounds();
  /** The changes of the flush in flight. */
  #sent: readonly Change[] = [];
  #database: Database | undefined;
  #inFlight: Promise<void> | undefined;

  constructor(clock: Clock, observer: PublisherObserver) {
    this.#clock = clock;
    this.#observer = observer;
    this.#refused = new Refusals(clock, () => {
      this.#retryRefused();
      this.flush();
    });
  }

  set(name: string, state: PortState, cause: Cause): void {
    const before = this.#desired.get(name);
    if (before && !sameState(before, state)) {
      this.#changed.add(name);
      if (before.oper && !state.oper) this.#observer.onFlap?.(name);
    }
    this.#desired.set(name, state);
    this.#dirty.mark(name, cause);
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
    this.#dirty.mark(name, cause);
  }

  /** What events say from here to the next flush() was received at `receivedMs`, on the clock. */
  beginTurn(receivedMs: number): void {
    this.#dirty.beginTurn(receivedMs);
  }

  /** What STATE_DB is to say of each port. */
  get desired(): ReadonlyMap<string, PortState> {
    return this.#desired;
  }

  /** What STATE_DB has not acknowledged: the ports that wait for the next flush, those that it refused, and the names of all. */
  backlog(): Backlog {
    const names = new Set([...this.#dirty.names(), ...this.#sent.map(({ name }) => name), ...this.#refused.names()]);
    return { dirty: this.#dirty.size, refused: this.#refused.size, names };
  }

  /** Ports whose latest state has not been acknowledged. */
  get pendingCount(): number {
    return this.#dirty.size + (this.#inFlight ? 1 : 0);
  }

  /** What STATE_DB holds of each port, as far as is known. */
  get published(): ReadonlyMap<string, Published> {
    return this.#published;
  }

  /** True for a port that is published, or is to be. */
  isKnown(name: string): boolean {
    return this.#published.has(name) || this.#desired.has(name);
  }

  /** Starts to write what is pending, unless a flush is in flight or STATE_DB is not there. */
  flush(): void {
    this.#dirty.endTurn();
    if (this.#inFlight || !this.#database) return;
    const { changes, unchanged } = this.#takeChanges();
    // Nothing is left to write, so whoever waits for this round or the next need not.
    if (changes.length === 0)
      do this.#endRound(unchanged);
      while (this.#rounds.areAwaited);
    else this.#occupy(this.#write(this.#database, changes, unchanged));
  }

  /** Resolves when everything that is pending now was acknowledged; waits for STATE_DB if need be. What it refuses does not count. */
  caughtUp(): Promise<void> {
    const over = this.#rounds.after(this.#inFlight ? 2 : 1);
    this.flush();
    return over;
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
    this.#refused.clear();
  }

  /** Compares STATE_DB with what it should hold, repairs it, and returns how many ports differed. Throws DatabaseLostError. */
  async audit(): Promise<number> {
    const names = [...this.#published.keys()].filter((name) => !this.#refused.has(name)); // those are written anyway
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
      this.#sent = [];
      if (this.#dirty.size > 0 || this.#rounds.areAwaited) this.flush();
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
        if (desired) this.#dirty.again(name, { cause, sinceMs: undefined });
        continue;
      }
      if (now) this.#published.set(name, now);
      else this.#published.delete(name);
      if (now === "unknown") this.#doubt(name, before);
      else if (before !== "unknown") this.#certain.delete(name);
      if (before === "unknown" && desired && isSame(now, desired)) continue;
      if (isSame(now, before)) continue;
      differing++;
      if (desired) this.#dirty.again(name, { cause, sinceMs: undefined });
    }
    return differing;
  }

  #takeChanges(): { changes: Change[]; unchanged: string[] } {
    const changes: Change[] = [];
    const unchanged: string[] = [];
    for (const [name, { cause, sinceMs }] of this.#dirty.take()) {
      const remove = this.#removals.delete(name);
      const desired = this.#desired.get(name);
      const before = this.#published.get(name);
      const moved = this.#changed.delete(name);
      const change: Change = { name, remove, state: desired, before, cause, sinceMs };
      if (remove || (desired && (moved || !isSame(before, desired)))) {
        changes.push(change);
        continue;
      }
      this.#refused.delete(name);
      if (desired) unchanged.push(name);
      // A flush that was lost had arrived: what it changed is told now.
      if (desired && !isSame(this.#certain.get(name) ?? desired, desired)) this.#tell(change, this.#clock.now());
    }
    this.counters.unchanged += unchanged.length;
    return { changes, unchanged };
  }

  #write(database: Database, changes: readonly Change[], unchanged: readonly string[]): Promise<void> {
    const commands: string[][] = [];
    this.#sent = changes;
    for (const { name, remove, state, before } of changes) {
      addCommands(commands, database, name, remove, state);
      this.#published.set(name, before === undefined || before === "unwritten" ? "unwritten" : "unknown");
    }
    // Not async: in the way of every event each promise that is spared counts.
    return database.write(commands).then(
      (replies) => this.#endRound([...unchanged, ...this.#accept(changes, replies)]),
      (error: unknown) => {
        this.counters.lost += changes.length;
        if (this.#database === database) this.#database = undefined;
        log.warn("a flush of {changes} ports was lost: {error}", { changes: changes.length, error: String(error) });
        for (const change of changes) this.#again(change);
        for (const name of unchanged) this.#dirty.again(name, { cause: "resync", sinceMs: undefined });
      },
    );
  }

  #endRound(acknowledged: readonly string[]): void {
    this.#observer.onAcknowledged(acknowledged);
    this.#rounds.end();
  }

  /** Notes what was written; returns the ports whose state is there now. */
  #accept(changes: readonly Change[], replies: readonly (Reply | ReplyError)[]): string[] {
    const acknowledged: string[] = [];
    const nowMs = this.#clock.now();
    let at = 0;
    for (const change of changes) {
      const { name, remove, state } = change;
      const error = errorAmong(replies, at, (at += Number(remove) + Number(!!state)));
      if (error) {
        this.#refuse(change, error.message);
        continue;
      }
      this.#refused.delete(name);
      if (remove) this.counters.dels++;
      if (state) this.counters.sets++;
      if (state) this.#published.set(name, state);
      else this.#published.delete(name);
      if (state) acknowledged.push(name);
      if (log.has("info")) log.info("{port}: {change}", describeChange(name, remove, state));
      this.#tell(change, nowMs);
    }
    return acknowledged;
  }

  #tell({ name, state, before, cause, sinceMs }: Change, nowMs: number): void {
    const latencyMs = sinceMs === undefined ? undefined : nowMs - sinceMs;
    const told = this.#certain.get(name) ?? (typeof before === "object" ? before : undefined);
    this.#certain.delete(name);
    this.#observer.onTransition({ name, before: told, after: state, cause, latencyMs });
  }

  /** What is published may not be `before` any more, which is what was told last, unless that is remembered already. */
  #doubt(name: string, before: Published | undefined): void {
    if (typeof before === "object" && !this.#certain.has(name)) this.#certain.set(name, before);
  }

  /** What may not have been written is written again; what was said of the port meanwhile comes after it. */
  #again(change: Change): void {
    this.#doubt(change.name, change.before);
    if (change.remove) this.#removals.add(change.name);
    this.#dirty.again(change.name, change);
  }

  #refuse(change: Change, error: string): void {
    this.counters.refused++;
    this.#doubt(change.name, change.before);
    if (change.remove) this.#removals.add(change.name);
    this.#refused.add(change.name, error, change);
  }

  #retryRefused(): void {
    for (const [name, dirty] of this.#refused.entries()) this.#dirty.again(name, dirty);
  }
}

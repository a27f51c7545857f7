import { AF_BRIDGE } from "../../ffi/sys/socket.ts";
import { getLog } from "../log/logger.ts";
import { Backoff } from "../util/backoff.ts";
import type { Clock } from "../util/clock.ts";
import { type IntakeCounters, LinkIntake, type LossReason, type TurnBudget } from "./intake.ts";
import type { Link } from "./link.ts";
import { type Dump, dumpLinks, probe, setLinkDown } from "./request.ts";
import type { LinkSource } from "./source.ts";

/** How a change became known: the kernel announced it, the first dump had it, or a later dump found it after a loss or in an audit. */
export type Cause = "event" | "dump" | "resync" | "audit";

/** What made it necessary to read all links again, and how often. */
type Resyncs = Record<LossReason | "dump_interrupted" | "dump_failed", number>;

/** The counters of one who has lost nothing. */
export function noResyncs(): Resyncs {
  return { overrun: 0, truncated: 0, malformed: 0, dump_interrupted: 0, dump_failed: 0 };
}

/** What dumps are asked for. */
type DumpCause = Exclude<Cause, "event">;

/** What a dump found to differ from what was known. */
export interface Drift {
  added: number;
  changed: number;
  deleted: number;
}

/** A link that is there, or that is gone, with the family of the message that said so. */
export interface LinkEvent {
  readonly kind: "new" | "del";
  readonly link: Link;
  readonly cause: Cause;
}

/** Who wants to know about links. */
export interface LinkObserver {
  /** What is told as an event from here to onPublish() was received at `atMs`, on the clock. */
  onTurnStart?(atMs: number): void;
  onLink(event: LinkEvent): void;
  /** The first message of a turn was told, or all of it: time to publish. */
  onPublish(): void;
}

/** What the monitor may use. */
export interface MonitorOptions {
  /** Room for queued messages that the kernel is asked for, in bytes. */
  readonly receiveBufferBytes: number;
  /** Read anew in each turn, so that it can change while the monitor runs. */
  readonly budget: TurnBudget;
}

/** What a dump may take before it is given up and asked for again. */
const DUMP_TIMEOUT_MS = 5000;
const ANSWER_TIMEOUT_MS = 1000;

const log = getLog("rtnetlink");

/** Knows all links at any time: joins the group first, then asks for a dump, and asks again whenever messages were lost. */
export class LinkMonitor implements AsyncDisposable {
  /** What made it necessary to read all links again; several losses may have one reading in common. */
  readonly resyncs = noResyncs();
  /** What audits found although no loss had been reported. */
  readonly drift: Drift = { added: 0, changed: 0, deleted: 0 };
  readonly #links = new Map<number, Link>();
  readonly #source: LinkSource;
  readonly #clock: Clock;
  readonly #observer: LinkObserver;
  readonly #intake: LinkIntake;
  /** Between a dump that did not do and the next: a flood that overruns every dump must not be met with a flood of dumps. */
  readonly #backoff = new Backoff(10, 1000);
  /** The ifindexes that events spoke of since the running dump was asked for: the event is what counts. */
  #touched: Set<number> | undefined;
  /** Messages were lost, and what is queued may be older than the loss. */
  #stale = false;
  #syncing: Promise<void> | undefined;
  readonly #complete = Promise.withResolvers<void>();
  #isComplete = false;
  #cooling = false;
  #closed = false;
  #sequence = 0;

  /** Joins the group; throws SystemError when that is not possible. */
  constructor(source: LinkSource, clock: Clock, options: MonitorOptions, observer: LinkObserver) {
    this.#source = source;
    this.#clock = clock;
    this.#observer = observer;
    this.#intake = new LinkIntake(source, options.receiveBufferBytes, clock, options.budget, {
      onTurnStart: (atMs) => observer.onTurnStart?.(atMs),
      onLink: (link, deleted, registered) => this.#onMessage(link, deleted, registered),
      onLoss: (reason) => this.#onLoss(reason),
      onEmpty: () => this.#onEmpty(),
      onPublish: () => observer.onPublish(),
      onBroken: (error) => {
        throw error;
      },
    });
  }

  /** All links as far as they are known, by ifindex. */
  get links(): ReadonlyMap<number, Link> {
    return this.#links;
  }

  /** What was read so far. */
  get counters(): IntakeCounters {
    return this.#intake.counters;
  }

  /** What the kernel grants for queued messages, in bytes as it accounts them. */
  get receiveBufferBytes(): number {
    return this.#intake.receiveBufferBytes;
  }

  /** Asks for the first dump; resolves when a complete one was told, or the monitor is disposed of. */
  synchronize(): Promise<void> {
    this.#intake.drain();
    void this.#startSync("dump");
    return this.#complete.promise;
  }

  /** True when a complete dump was told, and no loss is known that another has to make good. */
  get isSettled(): boolean {
    return this.#isComplete && !this.#stale && !this.#syncing && !this.#cooling;
  }

  /** Compares what is known with a dump and tells the differences, of which there should be none. */
  async audit(): Promise<void> {
    if (!this.isSettled || this.#closed) return; // a dump is due or under way anyway
    await this.#startSync("audit");
  }

  /** Brings a link down; throws NetlinkError with the kernel's reason. */
  async setLinkDown(ifindex: number): Promise<void> {
    using channel = this.#source.openRequest();
    await setLinkDown(channel, ++this.#sequence, ifindex, this.#clock, ANSWER_TIMEOUT_MS);
  }

  /** Resolves when the kernel has answered a request; throws NetlinkError or SystemError when it does not. */
  async probe(): Promise<void> {
    using channel = this.#source.openRequest();
    await probe(channel, ++this.#sequence, this.#clock, ANSWER_TIMEOUT_MS);
  }

  /** Stops taking messages; resolves when a dump that was under way has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#intake[Symbol.dispose]();
    this.#complete.resolve();
    await this.#syncing;
  }

  #onMessage(message: Link, deleted: boolean, registered: boolean): void {
    const known = this.#links.get(message.ifindex);
    if (message.family === AF_BRIDGE) {
      // A bridge speaks of its member: without IFLA_LINKINFO, and its DELLINK only means that the member has left.
      if (!deleted && known) this.#takeIn({ ...message, kind: known.kind, mtu: message.mtu ?? known.mtu }, "event");
      return;
    }
    if (deleted) this.#tellDel(message, "event");
    // What no dump has told yet and was not made just now was there before the group was joined.
    else this.#takeIn(message, registered || this.#isComplete || known ? "event" : "dump");
  }

  /** Takes in what an event says, which wins over a dump that is under way. */
  #takeIn(link: Link, cause: Cause): void {
    this.#touched?.add(link.ifindex);
    this.#tellNew(link, cause);
  }

  #tellNew(link: Link, cause: Cause): void {
    this.#links.set(link.ifindex, link);
    this.#observer.onLink({ kind: "new", link, cause });
  }

  #tellDel(link: Link, cause: Cause): void {
    // Rule 15: with a master it only left its bridge or team. A netdev that ends has been released before.
    if (link.master !== 0 && cause === "event") return;
    if (cause === "event") this.#touched?.add(link.ifindex);
    this.#links.delete(link.ifindex);
    this.#observer.onLink({ kind: "del", link, cause });
  }

  #onLoss(reason: LossReason): void {
    this.resyncs[reason]++;
    if (!this.#stale) log.notice("netlink messages were lost ({reason}); all links will be read again", { reason });
    this.#stale = true;
  }

  /** The queue is empty, so nothing older than a loss can follow: now a dump is newer than all that was told. */
  #onEmpty(): void {
    if (!this.#stale || this.#syncing || this.#cooling || this.#closed) return;
    this.#stale = false;
    void this.#startSync(this.#isComplete ? "resync" : "dump");
  }

  #startSync(cause: DumpCause): Promise<void> {
    this.#syncing ??= this.#sync(cause).finally(() => {
      this.#syncing = undefined;
      if (this.#closed) return;
      if (this.#stale) void this.#coolDown().then(() => this.#intake.drain());
      else this.#backoff.reset();
    });
    return this.#syncing;
  }

  /** Ends with a complete dump, or when messages were lost meanwhile: then the queue must be read before another dump counts. */
  async #sync(cause: DumpCause): Promise<void> {
    for (;;) {
      const dump = await this.#dump();
      if (this.#closed) return;
      await this.#readQueue();
      if (this.#closed) return;
      if (dump) this.#apply(dump, cause);
      this.#touched = undefined;
      if (this.#stale || (dump && !dump.interrupted)) return;
      await this.#coolDown();
      if (this.#closed) return;
    }
  }

  /** What is queued already may be older than a dump that has ended, so it has to be told before. */
  async #readQueue(): Promise<void> {
    this.#intake.drain();
    while (!this.#intake.isEmpty && !this.#closed) {
      await new Promise<void>((resolve) => this.#clock.soon(resolve));
      this.#intake.drain();
    }
  }

  async #coolDown(): Promise<void> {
    this.#cooling = true;
    await new Promise<void>((resolve) => this.#clock.after(this.#backoff.next(), resolve));
    this.#cooling = false;
  }

  async #dump(): Promise<Dump | undefined> {
    this.#touched = new Set();
    try {
      using channel = this.#source.openRequest();
      const dump = await dumpLinks(channel, ++this.#sequence, this.#clock, DUMP_TIMEOUT_MS);
      if (dump.interrupted) {
        this.resyncs.dump_interrupted++;
        log.notice("links changed while they were read (NLM_F_DUMP_INTR); they will be read again");
      }
      return dump;
    } catch (error) {
      this.resyncs.dump_failed++;
      log.warn("reading all links failed ({error}); it will be tried again", { error: String(error) });
      return undefined;
    }
  }

  /** Brings what is known up to the dump, except for links of which an event has spoken since: that is newer or followed by newer. */
  #apply(dump: Dump, cause: DumpCause): void {
    const touched = this.#touched!;
    const drift: Drift = { added: 0, changed: 0, deleted: 0 };
    if (!dump.interrupted && dump.undecoded === 0) {
      const found = new Set(dump.links.map((link) => link.ifindex));
      for (const [ifindex, link] of this.#links) {
        if (found.has(ifindex) || touched.has(ifindex)) continue;
        this.#tellDel(link, cause);
        drift.deleted++;
      }
    }
    for (const link of dump.links) {
      if (touched.has(link.ifindex)) continue;
      const known = this.#links.get(link.ifindex);
      if (!known) drift.added++;
      else if (!sameLink(known, link)) drift.changed++;
      // Told even if it is known: an event that was older than an interrupted dump may have taken its name from it.
      this.#tellNew(link, cause);
    }
    if (cause === "audit") this.#countDrift(drift);
    if (dump.interrupted) return;
    this.#isComplete = true;
    this.#complete.resolve();
    this.#observer.onPublish();
  }

  #countDrift({ added, changed, deleted }: Drift): void {
    if (added + changed + deleted === 0) return;
    this.drift.added += added;
    this.drift.changed += changed;
    this.drift.deleted += deleted;
    log.warn("the audit of links found {added} new, {changed} changed, {deleted} gone that no message told", {
      added,
      changed,
      deleted,
    });
  }
}

function sameLink(a: Link, b: Link): boolean {
  return a.name === b.name && a.flags === b.flags && a.mtu === b.mtu && a.master === b.master && a.kind === b.kind;
}

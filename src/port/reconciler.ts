import { getLog } from "../log/logger.ts";
import { LinkMonitor } from "../rtnetlink/monitor.ts";
import type { LinkSource } from "../rtnetlink/source.ts";
import { type Database, DatabaseLostError } from "../swss/database.ts";
import { type ConnectorFactory, Databases } from "../swss/databases.ts";
import { APPL_DB, CONFIG_DB, type DatabaseName, STATE_DB } from "../swss/schema.ts";
import type { Clock } from "../util/clock.ts";
import { Admission } from "./admission.ts";
import { Audit } from "./audit.ts";
import type { Transition } from "./change.ts";
import { awaitFirstDump, type EoiuCounters } from "./firstdump.ts";
import { isSwitchPort, LinkSync } from "./linksync.ts";
import { OldLinks } from "./oldlinks.ts";
import { pushPortConfig, pushPortInitDone, readConsumed, readPortConfig, readPortNames } from "./portconfig.ts";
import { PortSet } from "./portset.ts";
import { Publisher } from "./publisher.ts";
import type { ReconcilerOptions } from "./reconcileroptions.ts";
import { countStart, decideStart, plainStart, type StartKind } from "./startkind.ts";
import type { PortState } from "./state.ts";

/** What a reconciler is built from. */
export interface ReconcilerParts {
  readonly source: LinkSource;
  readonly openDatabase: ConnectorFactory;
  readonly clock: Clock;
  /** From 0 to 1, for jitter. */
  readonly random: () => number;
}

/** Who wants to know what becomes of the ports. */
export interface ReconcilerObserver {
  /** A database is connected and will be usable when this resolves. */
  onConnected(database: Database): Promise<void>;
  /** A port's row was written or deleted. */
  onTransition(transition: Transition): void;
  /** A port that was up has gone down. */
  onFlap?(name: string): void;
  /** A database answered so many commands, the last `tookMs` after they were sent. */
  onAnswered?(name: DatabaseName, commands: number, tookMs: number): void;
  /** A database was lost or found, or PortInitDone was sent. */
  onChange(): void;
}

/** How long STATE_DB waits for the rows of APPL_DB. */
const ROWS_PATIENCE_MS = 500;

/** Until PortInitDone a port's netdev may still be on its way, as after a warm reboot; but no longer than this after the start. */
const LATE_NETDEVS_MS = 300_000;

const log = getLog("reconciler");

/** Keeps STATE_DB equal to the kernel: puts links, APPL_DB rows, rules and writes together, in the contract's order. */
export class Reconciler {
  readonly eoiu: EoiuCounters = { detected: 0, timeouts: 0, detectedWallMs: 0 };
  readonly publisher: Publisher;
  readonly portSet: PortSet;
  readonly databases: Databases;
  readonly #parts: ReconcilerParts;
  readonly #options: ReconcilerOptions;
  readonly #observer: ReconcilerObserver;
  readonly #admission: Admission;
  #isPort: (name: string) => boolean = isSwitchPort;
  #linkSync: LinkSync | undefined;
  #monitor: LinkMonitor | undefined;
  #audit: Audit | undefined;

  /** Begins to connect to the databases. */
  constructor(parts: ReconcilerParts, options: ReconcilerOptions, observer: ReconcilerObserver) {
    this.#parts = parts;
    this.#options = options;
    this.#observer = observer;
    this.publisher = new Publisher(parts.clock, {
      onAcknowledged: (names) => this.portSet.published(names),
      onTransition: (transition) => observer.onTransition(transition),
      onFlap: (name) => observer.onFlap?.(name),
    });
    this.#admission = new Admission(parts.clock, {
      admit: (name) => this.#linkSync?.admit(name),
      revoke: (name) => this.#linkSync?.revoke(name),
      onTurnEnd: () => this.publisher.flush(),
      ports: () => this.#linkSync?.ports ?? [],
    });
    this.portSet = new PortSet(parts.clock, () => this.#pushPortInitDone());
    const names: DatabaseName[] = this.#isSonic ? [CONFIG_DB, APPL_DB, STATE_DB] : [CONFIG_DB, STATE_DB];
    this.databases = new Databases(names, parts.openDatabase, parts.clock, {
      onConnected: (database) => this.#onConnected(database),
      onUsable: (name, again) => this.#onUsable(name, again),
      onLost: (name) => this.#onLost(name),
      onAnswered: (name, commands, tookMs) => observer.onAnswered?.(name, commands, tookMs),
      onFailed: (database, error) =>
        log.error("{database} is not there: {error}; connecting again", { database, error }),
      onRetry: (error) => log.warn("{error}; it will be tried again", { error: error.message }),
    });
  }

  /** The links, from start() on. */
  get monitor(): LinkMonitor | undefined {
    return this.#monitor;
  }

  /** The audit, once the start is complete. */
  get audit(): Audit | undefined {
    return this.#audit;
  }

  /** What the kernel says of a port, published or not; undefined without a netdev. */
  kernelState(name: string): PortState | undefined {
    return this.#linkSync?.state(name);
  }

  /** Starts as the contract says; resolves when what the kernel had at the start is published and acknowledged. Throws SystemError. */
  async start(): Promise<StartKind> {
    const kind = await this.#decide();
    await this.#startLinks(kind.ignoreOld);
    const pending = await this.#startPorts(kind);
    if (this.#options.once) await this.#parts.source.ended;
    await this.publisher.caughtUp();
    if (pending) this.portSet.arm(pending);
    if (!this.#options.once) this.#startAudit(kind);
    return kind;
  }

  /** Stops taking messages and publishes what is pending, for `timeoutMs` at most; returns the number of ports left. */
  async stop(timeoutMs: number): Promise<number> {
    this.#audit?.[Symbol.dispose]();
    await this.#monitor?.[Symbol.asyncDispose]();
    if (this.publisher.pendingCount > 0) {
      const tooLate = Promise.withResolvers<void>();
      const cancel = this.#parts.clock.after(timeoutMs, tooLate.resolve);
      await Promise.race([this.publisher.caughtUp(), tooLate.promise]);
      cancel();
    }
    const left = this.publisher.pendingCount;
    await this.close();
    return left;
  }

  /** Ends everything at once. */
  async close(): Promise<void> {
    this.#audit?.[Symbol.dispose]();
    this.portSet[Symbol.dispose]();
    await this.#monitor?.[Symbol.asyncDispose]();
    this.#admission.disconnect();
    this.databases[Symbol.dispose]();
  }

  get #isSonic(): boolean {
    return this.#options.mode === "sonic";
  }

  async #decide(): Promise<StartKind> {
    const { mode, once, restart } = this.#options;
    if (mode === "standalone") await this.#choosePorts();
    if (once) return plainStart("once");
    if (mode === "standalone") return plainStart("standalone");
    const facts = { restart, isConsumed: (key: string) => this.#admission.has(key) };
    const kind = await this.databases.persist((get) => decideStart(get, facts));
    await this.databases.persist((get) => countStart(get, kind)); // apart, so that what is tried again counts once
    return kind;
  }

  /** Standalone: the ports are those of CONFIG_DB, or without any the interfaces that match a pattern. */
  async #choosePorts(): Promise<void> {
    const names = await this.databases.persist((get) => readPortNames(get(CONFIG_DB)));
    this.#isPort = names.size > 0 ? (name) => names.has(name) : this.#options.matchesPattern;
  }

  /** Joins the link group and reads all links; whatever is there before orchagent hears of the ports is old. */
  async #startLinks(ignoreOld: boolean): Promise<void> {
    const isAdmitted = (name: string) => !this.#isSonic || this.#admission.has(name);
    const linkSync = new LinkSync({ isPort: (name) => this.#isPort(name), isAdmitted, ignoreOld }, this.publisher);
    this.#linkSync = linkSync;
    const monitor = new LinkMonitor(this.#parts.source, this.#parts.clock, this.#options, {
      onTurnStart: (atMs) => this.publisher.beginTurn(atMs),
      onLink: (event) => linkSync.onLink(event),
      onPublish: () => this.publisher.flush(),
    });
    this.#monitor = monitor;
    log.info("netlink receive buffer: {granted} bytes", { granted: monitor.receiveBufferBytes });
    await this.#awaitFirstDump(monitor);
    linkSync.endStartup();
    log.notice("{links} links, {ports} of them ports, {old} old", {
      links: monitor.links.size,
      ports: linkSync.ports.size,
      old: linkSync.old.size,
    });
  }

  /** A kernel that does not end the first dump in time does not hold up the start: the dump goes on, and tells what it finds. */
  async #awaitFirstDump(monitor: LinkMonitor): Promise<void> {
    const { clock } = this.#parts;
    const dumped = monitor.synchronize();
    if (await awaitFirstDump(dumped, this.#options.eoiuMs, clock, this.eoiu)) return;
    log.warn("the kernel did not tell all links within {ms} ms; going on, they are asked for again", {
      ms: this.#options.eoiuMs,
    });
    void dumped.then(() => this.#oldLinks(monitor).bringDown(this.#linkSync!.old));
  }

  #oldLinks(monitor: LinkMonitor): OldLinks {
    return new OldLinks((ifindex) => monitor.setLinkDown(ifindex));
  }

  /** Hands the ports to orchagent and brings down what an earlier one left behind; returns those that PortInitDone waits for (rules 7, 8). */
  async #startPorts(kind: StartKind): Promise<string[] | undefined> {
    if (kind.name === "once" || kind.name === "standalone") return undefined;
    const awaited = kind.pushPorts
      ? await this.#pushPorts()
      : await this.databases.persist((get) => readPortNames(get(CONFIG_DB)));
    if (kind.ignoreOld) await this.#oldLinks(this.#monitor!).bringDown(this.#linkSync!.old);
    return [...awaited];
  }

  /** Hands the ports to orchagent; returns those that no earlier swss has handed to it (rule 8a). */
  async #pushPorts(): Promise<Iterable<string>> {
    const ports = await this.databases.persist((get) => readPortConfig(get(CONFIG_DB)));
    const consumed = await this.databases.persist((get) => {
      const appl = get(APPL_DB); // while it is away its rows are not known: they are read again when it is back
      return readConsumed(
        appl,
        [...ports.keys()].filter((name) => this.#admission.has(name)),
      );
    });
    // What orchagent takes of the rows that are pushed now does not count as consumed.
    await this.databases.persist((get) => pushPortConfig(get(APPL_DB), ports));
    return ports.keys().filter((name) => !consumed.has(name));
  }

  #startAudit(kind: StartKind): void {
    const { clock, random } = this.#parts;
    const startedMs = clock.now();
    const isComplete = () => !this.#isSonic || this.portSet.done || kind.name === "adopt";
    const subjects = {
      auditLinks: () => this.#monitor!.audit(),
      auditPublished: () => this.publisher.audit(),
      auditRows: () => this.#admission.audit(),
      stateDatabase: () => this.databases.get(STATE_DB),
      mayCollect: () => this.#monitor!.isSettled && (isComplete() || clock.now() - startedMs >= LATE_NETDEVS_MS),
      isLeftover: (name: string) => this.#isLeftover(name),
      removeRow: (name: string) => {
        this.publisher.removeRow(name, "audit");
        this.publisher.flush();
      },
    };
    this.#audit = new Audit(clock, this.#options.auditMs, subjects, random);
    if (kind.name === "adopt") void this.#audit.run();
  }

  /** A name with a dot is a sub-interface, whose row is intfmgrd's (contract section 8). */
  #isLeftover(name: string): boolean {
    if (!this.#isPort(name) || name.includes(".") || this.publisher.isKnown(name)) return false;
    for (const link of this.#monitor!.links.values()) if (link.name === name) return false;
    return true;
  }

  async #onConnected(database: Database): Promise<void> {
    if (database.name === APPL_DB) await this.#admission.connect(database);
    if (database.name === STATE_DB) {
      await this.#rowsKnown();
      await this.publisher.connect(database);
    }
    await this.#observer.onConnected(database);
  }

  /**
   * A Redis that comes back empty has no rows: they are looked at before STATE_DB is repaired, or ports would be written
   * that may not be. An APPL_DB that stays away longer is taken to be as it was last known.
   */
  async #rowsKnown(): Promise<void> {
    if (!this.#isSonic || this.#admission.isConnected) return;
    const over = Promise.withResolvers<void>();
    const cancel = this.#parts.clock.after(ROWS_PATIENCE_MS, over.resolve);
    await Promise.race([over.promise, this.#admission.whenConnected()]);
    cancel();
  }

  #onUsable(name: DatabaseName, again: boolean): void {
    if (again) log.notice("{database} is there again", { database: name });
    if (name === APPL_DB) this.portSet.retry();
    this.#observer.onChange();
  }

  #onLost(name: DatabaseName): void {
    if (name === STATE_DB) this.publisher.disconnect();
    if (name === APPL_DB) this.#admission.disconnect();
    this.#observer.onChange();
  }

  async #pushPortInitDone(): Promise<void> {
    const database = this.databases.get(APPL_DB);
    if (!database) throw new DatabaseLostError(`${APPL_DB}: lost`);
    await pushPortInitDone(database);
    this.#observer.onChange();
  }
}

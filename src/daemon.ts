import { diffConfig, mergeLive } from "./config/reload.ts";
import type { Config } from "./config/schema.ts";
import { getLog } from "./log/logger.ts";
import { Admission } from "./port/admission.ts";
import { isSwitchPort, LinkSync } from "./port/linksync.ts";
import { pushPortConfig, pushPortInitDone, readPortConfig, readSwitchType } from "./port/portconfig.ts";
import { PortSet } from "./port/portset.ts";
import { Publisher } from "./port/publisher.ts";
import type { TurnBudget } from "./rtnetlink/intake.ts";
import { LinkMonitor } from "./rtnetlink/monitor.ts";
import type { LinkSource } from "./rtnetlink/source.ts";
import { type Database, DatabaseLostError } from "./swss/database.ts";
import { type ConnectorFactory, Databases } from "./swss/databases.ts";
import { followLogger, type LoggerSettings } from "./swss/logger.ts";
import { APPL_DB, CONFIG_DB, type DatabaseName, STATE_DB, SWITCH_TYPE_DPU } from "./swss/schema.ts";
import { checkWarmStart } from "./swss/warmstart.ts";
import type { Notifier } from "./systemd/notify.ts";
import { startWatchdog, watchdogInterval } from "./systemd/watchdog.ts";
import type { Clock } from "./util/clock.ts";

/** What a daemon is built from. */
export interface DaemonParts {
  readonly config: Config;
  readonly source: LinkSource;
  readonly openDatabase: ConnectorFactory;
  readonly clock: Clock;
  readonly notifier: Notifier;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Publish what is there and do nothing else: no ports for orchagent, no old interfaces, no warm start. */
  readonly once: boolean;
  /** Is told what LOGGER|portsyncd says. */
  readonly applyLogger: (settings: LoggerSettings) => void;
}

/** Redis did not come within the configured time. */
export class RedisUnavailableError extends Error {
  override readonly name = "RedisUnavailableError";
}

/** How a start differs from the plain one, decided once by what Redis says. */
interface StartKind {
  /** CONFIG_DB's ports are handed to orchagent, and ports that it has already are not waited for (rules 7, 8a). */
  readonly cold: boolean;
  /** Netdevs that are there already are old (rule 8c). */
  readonly ignoreOld: boolean;
}

/** How often the service manager is asked for more time while Redis is not there, and for how much. */
const EXTEND_EVERY_MS = 1000;
const EXTEND_BY_US = 10_000_000;

const log = getLog("daemon");

/** The daemon: builds its parts, starts them in order and stops them in reverse; the only one that knows them all. */
export class Daemon {
  readonly #parts: DaemonParts;
  readonly #budget: TurnBudget;
  readonly #databases: Databases;
  readonly #publisher: Publisher;
  readonly #admission: Admission;
  readonly #portSet: PortSet;
  #config: Config;
  #linkSync: LinkSync | undefined;
  #monitor: LinkMonitor | undefined;
  #watchdog: Disposable | undefined;
  #isPort: (name: string) => boolean = isSwitchPort;

  private constructor(parts: DaemonParts) {
    this.#parts = parts;
    this.#config = parts.config;
    const { max_event_queue, batch_timeout_ms } = parts.config.performance;
    this.#budget = { datagrams: max_event_queue, ms: batch_timeout_ms };
    this.#publisher = new Publisher(parts.clock, { onAcknowledged: (names) => this.#portSet.published(names) });
    this.#admission = new Admission({
      admit: (name) => this.#linkSync?.admit(name),
      revoke: (name) => this.#linkSync?.revoke(name),
      onTurnEnd: () => this.#publisher.flush(),
    });
    this.#portSet = new PortSet(parts.clock, () => this.#pushPortInitDone());
    const names =
      parts.config.mode === "sonic" ? ([CONFIG_DB, APPL_DB, STATE_DB] as const) : ([CONFIG_DB, STATE_DB] as const);
    this.#databases = new Databases(names, parts.openDatabase, parts.clock, {
      onConnected: (database) => this.#onConnected(database),
      onUsable: (name, again) => this.#onUsable(name, again),
      onLost: (name) => this.#onLost(name),
      onFailed: (database, error) =>
        log.error("{database} is not there: {error}; connecting again", { database, error }),
      onRetry: (error) => log.warn("{error}; it will be tried again", { error: error.message }),
    });
  }

  /** Starts the daemon; resolves when the first publish was acknowledged. Throws RedisUnavailableError, SystemError, NetlinkError. */
  static async start(parts: DaemonParts): Promise<Daemon> {
    const daemon = new Daemon(parts);
    try {
      await daemon.#extendTimeout(daemon.#start());
      return daemon;
    } catch (error) {
      await daemon.#close();
      throw error;
    }
  }

  /** Takes over the live keys of a configuration. */
  reload(loaded: Config): void {
    this.#parts.notifier.reloading();
    const { live, restart } = diffConfig(this.#config, loaded);
    this.#config = mergeLive(this.#config, loaded);
    this.#budget.datagrams = this.#config.performance.max_event_queue;
    this.#budget.ms = this.#config.performance.batch_timeout_ms;
    this.#startWatchdog();
    log.notice("configuration read again; changed: {live}", { live: live.join(" ") || "nothing" });
    if (restart.length > 0) log.warn("a restart is needed for {keys}", { keys: restart.join(" ") });
    this.#parts.notifier.ready();
  }

  /** Stops taking messages, publishes what is pending within the configured time, and ends. True if nothing was left. */
  async stop(): Promise<boolean> {
    const { notifier, clock } = this.#parts;
    notifier.stopping();
    this.#status("stopping");
    this.#watchdog?.[Symbol.dispose]();
    await this.#monitor?.[Symbol.asyncDispose]();
    if (this.#publisher.pendingCount > 0) {
      const tooLate = Promise.withResolvers<void>();
      const cancel = clock.after(this.#config.shutdown.timeout_secs * 1000, tooLate.resolve);
      await Promise.race([this.#publisher.caughtUp(), tooLate.promise]);
      cancel();
    }
    const left = this.#publisher.pendingCount;
    if (left > 0) log.warn("stopping with {left} ports that are not published", { left });
    await this.#close();
    return left === 0;
  }

  async #start(): Promise<void> {
    await this.#waitForRedis();
    if (this.#config.mode === "standalone") await this.#choosePorts();
    const kind = await this.#startKind();
    await this.#startLinks(kind.ignoreOld);
    const pending = this.#config.mode === "sonic" && !this.#parts.once ? await this.#startPorts(kind) : undefined;
    if (this.#parts.once) await this.#parts.source.ended;
    await this.#publisher.caughtUp();
    if (pending) this.#portSet.arm(pending);
    this.#startWatchdog();
    this.#parts.notifier.ready();
    this.#status();
  }

  async #waitForRedis(): Promise<void> {
    const { clock } = this.#parts;
    const timeoutMs = this.#config.database.connection_timeout_secs * 1000;
    const tooLate = Promise.withResolvers<never>();
    const cancel = clock.after(timeoutMs, () => {
      const errors = this.#databases.failures.join("; ") || "no answer";
      tooLate.reject(new RedisUnavailableError(`Redis did not come within ${timeoutMs} ms: ${errors}`));
    });
    try {
      await Promise.race([this.#databases.whenUsable(), tooLate.promise]);
    } finally {
      cancel();
    }
  }

  /** Asks the service manager for more time, again and again, as long as `start` takes: what it waits for is Redis. */
  async #extendTimeout(start: Promise<void>): Promise<void> {
    const { clock, notifier } = this.#parts;
    let cancel = () => {};
    const extend = (): void => {
      notifier.extendTimeout(EXTEND_BY_US);
      cancel = clock.after(EXTEND_EVERY_MS, extend);
    };
    cancel = clock.after(EXTEND_EVERY_MS, extend);
    await start.finally(() => cancel());
  }

  /** Standalone: the ports are those of CONFIG_DB, or without any the interfaces that match a pattern. */
  async #choosePorts(): Promise<void> {
    const rows = await this.#databases.persist((get) => readPortConfig(get(CONFIG_DB)));
    const globs = this.#config.standalone.port_patterns.map((pattern) => new Bun.Glob(pattern));
    this.#isPort = rows.size > 0 ? (name) => rows.has(name) : (name) => globs.some((glob) => glob.match(name));
  }

  async #startKind(): Promise<StartKind> {
    if (this.#config.mode === "standalone" || this.#parts.once) return { cold: false, ignoreOld: false };
    const switchType = await this.#databases.persist((get) => readSwitchType(get(CONFIG_DB)));
    const { warm, restoreCount, warning } = await this.#databases.persist((get) => checkWarmStart(get(STATE_DB)));
    if (warning) log.warn("{warning}", { warning });
    if (warm) log.notice("portsyncd doing warm start, restore count {restoreCount}", { restoreCount });
    return { cold: !warm, ignoreOld: !warm && switchType !== SWITCH_TYPE_DPU };
  }

  /** Joins the link group and reads all links; whatever is there before orchagent hears of the ports is old. */
  async #startLinks(ignoreOld: boolean): Promise<void> {
    const isSonic = this.#config.mode === "sonic";
    const isAdmitted = (name: string) => !isSonic || this.#admission.has(name);
    const linkSync = new LinkSync({ isPort: (name) => this.#isPort(name), isAdmitted, ignoreOld }, this.#publisher);
    this.#linkSync = linkSync;
    const { receive_buffer_bytes: receiveBufferBytes } = this.#config.netlink;
    const options = { receiveBufferBytes, budget: this.#budget };
    const { source, clock } = this.#parts;
    const monitor = new LinkMonitor(source, clock, options, {
      onLink: (event) => linkSync.onLink(event),
      onTurnEnd: () => this.#publisher.flush(),
    });
    this.#monitor = monitor;
    const granted = monitor.receiveBufferBytes;
    log.info("netlink receive buffer: {granted} bytes", { granted });
    await monitor.synchronize();
    const old = linkSync.endStartup();
    log.notice("{links} links, {ports} of them ports, {old} old", {
      links: monitor.links.size,
      ports: linkSync.portCount,
      old: old.size,
    });
  }

  /** Hands the ports to orchagent and brings down what an earlier one left behind; returns the ports that PortInitDone waits for (rules 7, 8). */
  async #startPorts({ cold, ignoreOld }: StartKind): Promise<string[]> {
    const ports = await this.#databases.persist((get) => readPortConfig(get(CONFIG_DB)));
    if (cold) await this.#databases.persist((get) => pushPortConfig(get(APPL_DB), ports));
    if (ignoreOld) await this.#bringDownOld();
    const consumed = cold ? this.#admission.withAdminStatus : new Set<string>();
    return [...ports.keys()].filter((name) => !consumed.has(name));
  }

  async #bringDownOld(): Promise<void> {
    for (const [ifindex, port] of this.#linkSync!.endStartup()) {
      try {
        await this.#monitor!.setLinkDown(ifindex);
      } catch (error) {
        log.warn("{port} is old and could not be brought down: {error}", { port, error: String(error) });
      }
    }
  }

  async #onConnected(database: Database): Promise<void> {
    if (database.name === APPL_DB) await this.#admission.connect(database);
    else if (database.name === STATE_DB) await this.#publisher.connect(database);
    else if (this.#config.mode === "sonic") await followLogger(database, this.#parts.applyLogger);
  }

  #onUsable(name: DatabaseName, again: boolean): void {
    if (again) log.notice("{database} is there again", { database: name });
    if (name === APPL_DB) this.#portSet.retry();
    this.#status();
  }

  #onLost(name: DatabaseName): void {
    if (name === STATE_DB) this.#publisher.disconnect();
    this.#status();
  }

  async #pushPortInitDone(): Promise<void> {
    const database = this.#databases.get(APPL_DB);
    if (!database) throw new DatabaseLostError(`${APPL_DB}: lost`);
    await pushPortInitDone(database);
    this.#status();
  }

  #startWatchdog(): void {
    this.#watchdog?.[Symbol.dispose]();
    this.#watchdog = undefined;
    const { enable_watchdog, watchdog_interval_secs, max_stall_seconds } = this.#config.health;
    const intervalMs = watchdogInterval(this.#parts.env, process.pid, watchdog_interval_secs * 1000);
    if (!enable_watchdog || intervalMs === undefined) return;
    this.#watchdog = startWatchdog(this.#parts.clock, {
      intervalMs,
      stallMs: max_stall_seconds * 1000,
      probe: () => this.#monitor!.probe(),
      alive: () => {
        this.#parts.notifier.watchdog();
        this.#status();
      },
      stalled: (reason) => log.error("no sign of life for the watchdog: {reason}", { reason }),
    });
  }

  #status(state = this.#databases?.allUsable ? "running" : "waiting for Redis"): void {
    const ports = this.#publisher.publishedCount;
    const waiting = this.#portSet.pending.size;
    this.#parts.notifier.status(
      `${state}: ${ports} ports published${waiting > 0 ? `, PortInitDone waits for ${waiting}` : ""}`,
    );
  }

  async #close(): Promise<void> {
    this.#watchdog?.[Symbol.dispose]();
    this.#portSet[Symbol.dispose]();
    await this.#monitor?.[Symbol.asyncDispose]();
    this.#databases[Symbol.dispose]();
  }
}

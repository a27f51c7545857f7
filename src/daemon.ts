import { join } from "node:path";

import { diffConfig, mergeLive } from "./config/reload.ts";
import type { Config } from "./config/schema.ts";
import type { Health } from "./health/health.ts";
import { getLog } from "./log/logger.ts";
import type { Transition } from "./port/change.ts";
import { Reconciler } from "./port/reconciler.ts";
import type { TurnBudget } from "./rtnetlink/intake.ts";
import type { LinkSource } from "./rtnetlink/source.ts";
import type { StartKind } from "./store/start.ts";
import type { Store } from "./store/store.ts";
import { type Database, ReplyError } from "./swss/database.ts";
import type { ConnectorFactory } from "./swss/databases.ts";
import { followLogger, type LoggerSettings } from "./swss/logger.ts";
import { CONFIG_DB, STATE_DB } from "./swss/schema.ts";
import type { Notifier } from "./systemd/notify.ts";
import { startWatchdog, watchdogInterval } from "./systemd/watchdog.ts";
import type { Clock } from "./util/clock.ts";
import { IdleWork } from "./util/idlework.ts";
import { healthLimits } from "./watch/healthlimits.ts";
import { openHistory, toHistory } from "./watch/history.ts";
import { MetricsFile } from "./watch/metricsfile.ts";
import { Observations } from "./watch/observations.ts";
import { Watch } from "./watch/watch.ts";

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
  /** True for the kernel's links in a real Redis: only their history is kept. */
  readonly isReal: boolean;
  /** The version of the program. */
  readonly version: string;
  /** How long the first dump may hold up the start, in milliseconds. */
  readonly eoiuMs: number;
  /** Is called when Redis is there and the start begins to take effect. */
  readonly onBegin: () => void;
  /** Is told what LOGGER|portsyncd says. */
  readonly applyLogger: (settings: LoggerSettings) => void;
}

/** Redis did not come within the configured time. */
export class RedisUnavailableError extends Error {
  override readonly name = "RedisUnavailableError";
}

/** How often the service manager is asked for more time while Redis is not there, and for how much. */
const EXTEND_EVERY_MS = 1000;
const EXTEND_BY_US = 10_000_000;

/** After so many changes and so much quiet the memory they took is given back: Bun alone keeps much of it for good. */
const GARBAGE_CHANGES = 10_000;
const QUIET_MS = 5000;

/** How long the end waits for the disk. */
const STORE_CLOSE_MS = 2000;

const log = getLog("daemon");

/** The daemon: builds its parts, starts them in order and stops them in reverse; the only one that knows them all. */
export class Daemon {
  readonly #parts: DaemonParts;
  readonly #budget: TurnBudget;
  readonly #reconciler: Reconciler;
  readonly #store: Store;
  readonly #idleWork: IdleWork;
  readonly #observations: Observations;
  readonly #watch: Watch;
  readonly #startedMs: number;
  #config: Config;
  #metricsFile: MetricsFile | undefined;
  #watchdog: Disposable | undefined;

  private constructor(parts: DaemonParts) {
    this.#parts = parts;
    this.#config = parts.config;
    const { mode, restart, performance, netlink, audit, standalone } = parts.config;
    this.#budget = { datagrams: performance.max_event_queue, ms: performance.batch_timeout_ms };
    const globs = standalone.port_patterns.map((pattern) => new Bun.Glob(pattern));
    const options = {
      mode,
      restart,
      once: parts.once,
      matchesPattern: (name: string) => globs.some((glob) => glob.match(Buffer.from(name, "latin1").toString())),
      receiveBufferBytes: netlink.receive_buffer_bytes,
      budget: this.#budget,
      auditMs: audit.interval_secs * 1000,
      eoiuMs: parts.eoiuMs,
    };
    const { clock, version } = parts;
    this.#startedMs = clock.now();
    const isKept = parts.isReal && !parts.once;
    this.#store = openHistory(parts.config, clock, isKept, () => this.#observations.storeFaults++);
    this.#observations = new Observations(this.#store, performance.max_latency_us, clock.wallNow());
    const collect = () => Bun.gc(true);
    this.#idleWork = new IdleWork(clock, { quietMs: QUIET_MS, leastEvents: GARBAGE_CHANGES, run: collect });
    this.#reconciler = new Reconciler({ ...parts, random: Math.random }, options, {
      onConnected: (database) => this.#onConnected(database),
      onTransition: (transition) => this.#onTransition(transition),
      onFlap: (name) => this.#watch.flap(name),
      onAnswered: (name, commands, tookMs) => this.#observations.answered(name, commands, tookMs),
      onChange: () => this.#status(),
    });
    const watched = { reconciler: this.#reconciler, store: this.#store, observations: this.#observations };
    this.#watch = new Watch({ ...watched, clock, version }, healthLimits(parts.config));
  }

  /** Starts the daemon; resolves when the first publish was acknowledged. Throws RedisUnavailableError, SystemError. */
  static async start(parts: DaemonParts): Promise<Daemon> {
    const daemon = new Daemon(parts);
    try {
      await daemon.#extendTimeout(daemon.#start());
      return daemon;
    } catch (error) {
      daemon.#watch[Symbol.dispose]();
      await daemon.#reconciler.close();
      await daemon.#store.close(STORE_CLOSE_MS);
      throw error;
    }
  }

  /** The metrics in the text format of Prometheus; undefined when the configuration says that nobody is told over HTTP. */
  metrics(): Promise<string> | undefined {
    const { enabled, export_format } = this.#config.metrics;
    return enabled && export_format !== "json" ? this.#watch.metrics.text() : undefined;
  }

  /** What watches it: the silences and the trends, too. */
  get watch(): Watch {
    return this.#watch;
  }

  /** How the daemon is now. */
  health(): Promise<Health> {
    return this.#watch.look();
  }

  /** A configuration could not be taken over. */
  refuseReload(): void {
    this.#observations.reloaded(false, this.#parts.clock.wallNow());
  }

  /** Takes over the live keys of a configuration. */
  reload(loaded: Config): void {
    this.#parts.notifier.reloading();
    const { live, restart } = diffConfig(this.#config, loaded);
    this.#config = mergeLive(this.#config, loaded);
    this.#budget.datagrams = this.#config.performance.max_event_queue;
    this.#budget.ms = this.#config.performance.batch_timeout_ms;
    const { audit } = this.#reconciler;
    if (audit) audit.intervalMs = this.#config.audit.interval_secs * 1000;
    this.#startWatchdog();
    this.#watch.setLimits(healthLimits(this.#config));
    this.#observations.reloaded(true, this.#parts.clock.wallNow());
    log.notice("configuration read again; changed: {live}", { live: live.join(" ") || "nothing" });
    if (restart.length > 0) log.warn("a restart is needed for {keys}", { keys: restart.join(" ") });
    this.#parts.notifier.ready();
  }

  /** Stops taking messages, publishes what is pending within the configured time, and ends. */
  async stop(): Promise<void> {
    this.#parts.notifier.stopping();
    this.#status("stopping");
    this.#watchdog?.[Symbol.dispose]();
    this.#idleWork[Symbol.dispose]();
    this.#metricsFile?.[Symbol.dispose]();
    this.#watch[Symbol.dispose]();
    const left = await this.#reconciler.stop(this.#config.shutdown.timeout_secs * 1000);
    await this.#store.close(STORE_CLOSE_MS);
    if (left > 0) log.warn("stopped with {left} ports that are not published", { left });
  }

  async #start(): Promise<void> {
    const { once, onBegin, notifier } = this.#parts;
    if (!once) this.#watch.start();
    await this.#waitForRedis();
    onBegin();
    const kind = await this.#reconciler.start();
    this.#store.open();
    if (kind.name !== "once") await this.#noteStart(kind.name, kind.restoreCount);
    this.#startWatchdog();
    notifier.ready();
    this.#status();
  }

  async #noteStart(kind: StartKind, restoreCount: number): Promise<void> {
    const { clock, version } = this.#parts;
    const wallMs = clock.wallNow();
    this.#store.recordStart({ wallMs, kind, restoreCount, version });
    this.#observations.started(kind, wallMs);
    this.#observations.initialSync.observe((clock.now() - this.#startedMs) / 1000);
    await this.#watch.look();
    this.#openMetricsFile();
  }

  #openMetricsFile(): void {
    const { metrics, namespace } = this.#config;
    if (!metrics.enabled || metrics.export_format === "prometheus") return;
    const directory = join(metrics.storage_path, namespace);
    const options = { directory, intervalMs: metrics.save_interval_secs * 1000 };
    this.#metricsFile = new MetricsFile(options, this.#parts.clock, () => this.#watch.metrics.data());
  }

  async #waitForRedis(): Promise<void> {
    const { clock } = this.#parts;
    const timeoutMs = this.#config.database.connection_timeout_secs * 1000;
    const tooLate = Promise.withResolvers<never>();
    const cancel = clock.after(timeoutMs, () => {
      const errors = this.#reconciler.databases.failures.join("; ") || "no answer";
      tooLate.reject(new RedisUnavailableError(`Redis did not come within ${timeoutMs} ms: ${errors}`));
    });
    try {
      await Promise.race([this.#reconciler.databases.whenUsable(), tooLate.promise]);
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

  #onTransition(transition: Transition): void {
    const wallMs = this.#parts.clock.wallNow();
    this.#store.record(toHistory(transition, wallMs));
    this.#observations.transition(transition, wallMs);
    this.#idleWork.notice();
  }

  async #onConnected(database: Database): Promise<void> {
    if (database.name === STATE_DB && database.writer !== this.#config.performance.writer) {
      log.notice("STATE_DB is written through {writer}: Bun's own client cannot connect there", {
        writer: database.writer,
      });
    }
    if (database.name === CONFIG_DB && this.#config.mode === "sonic" && !this.#parts.once) {
      await this.#followLogger(database);
    }
  }

  /** A level that cannot be had is no reason to do without CONFIG_DB. */
  async #followLogger(config: Database): Promise<void> {
    try {
      await followLogger(config, this.#parts.applyLogger);
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      log.warn("LOGGER|portsyncd cannot be read or written: {error}", { error: error.message });
    }
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
      probe: () => this.#reconciler.monitor!.probe(),
      alive: () => {
        this.#parts.notifier.watchdog();
        this.#status();
      },
      stalled: (reason) => log.error("no sign of life for the watchdog: {reason}", { reason }),
    });
  }

  #status(state?: string): void {
    const { databases, publisher, portSet } = this.#reconciler;
    const now = state ?? (databases.allUsable ? "running" : "waiting for Redis");
    const waiting = portSet.pending.size > 0 ? `, PortInitDone waits for ${portSet.pending.size}` : "";
    this.#parts.notifier.status(`${now}: ${publisher.publishedCount} ports published${waiting}`);
  }
}

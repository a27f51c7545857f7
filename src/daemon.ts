import { join } from "node:path";

import { reconcilerOptions } from "./config/reconciling.ts";
import { diffConfig, mergeLive } from "./config/reload.ts";
import type { Config } from "./config/schema.ts";
import type { Health } from "./health/health.ts";
import { getLog } from "./log/logger.ts";
import type { Transition } from "./port/change.ts";
import { Reconciler } from "./port/reconciler.ts";
import type { StartKind } from "./port/startkind.ts";
import type { TurnBudget } from "./rtnetlink/intake.ts";
import type { LinkSource } from "./rtnetlink/source.ts";
import type { StartKind as KeptKind } from "./store/start.ts";
import type { Store } from "./store/store.ts";
import { awaitDatabases } from "./swss/arrival.ts";
import { type Database, ReplyError } from "./swss/database.ts";
import type { ConnectorFactory } from "./swss/databases.ts";
import { followLogger, type LoggerSettings } from "./swss/logger.ts";
import { CONFIG_DB, STATE_DB } from "./swss/schema.ts";
import { extendStart } from "./systemd/extension.ts";
import type { Notifier } from "./systemd/notify.ts";
import { startWatchdog, watchdogInterval } from "./systemd/watchdog.ts";
import type { Clock } from "./util/clock.ts";
import { GARBAGE } from "./util/garbage.ts";
import { IdleWork } from "./util/idlework.ts";
import { alertSettings } from "./watch/alertsettings.ts";
import { whyNotServed } from "./watch/exportformat.ts";
import { healthLimits } from "./watch/healthlimits.ts";
import { openHistory, toHistory } from "./watch/history.ts";
import { MetricsFile } from "./watch/metricsfile.ts";
import { Observations } from "./watch/observations.ts";
import { Serving } from "./watch/serving.ts";
import { StatusLine, type StatusLineFacts } from "./watch/statusline.ts";
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
  readonly #statusLine: StatusLine;
  readonly #serving: Serving | undefined;
  readonly #startedMs: number;
  readonly #isKept: boolean;
  /** How the daemon started, once READY=1 was said. */
  #started: StartKind | undefined;
  #closing: Promise<void> | undefined;
  #config: Config;
  #metricsFile: MetricsFile | undefined;
  #watchdog: Disposable | undefined;

  /** Begins to connect to the databases. */
  constructor(parts: DaemonParts) {
    this.#parts = parts;
    this.#config = parts.config;
    const { performance } = parts.config;
    this.#budget = { datagrams: performance.max_event_queue, ms: performance.batch_timeout_ms };
    const { clock, version } = parts;
    this.#startedMs = clock.now();
    this.#isKept = parts.isReal && !parts.once;
    this.#store = openHistory(parts.config, clock, this.#isKept, {
      onFault: () => this.#observations.storeFaults++,
      onLoaded: () => void this.#watch.look(),
    });
    this.#observations = new Observations(this.#store, performance.max_latency_us, clock.wallNow());
    this.#idleWork = new IdleWork(clock, GARBAGE);
    const options = reconcilerOptions(parts.config, { once: parts.once, budget: this.#budget, eoiuMs: parts.eoiuMs });
    this.#reconciler = new Reconciler({ ...parts, random: Math.random }, options, {
      onConnected: (database) => this.#onConnected(database),
      onTransition: (transition) => this.#onTransition(transition),
      onFlap: (name) => this.#watch.flap(name),
      onAnswered: (name, commands, tookMs) => this.#observations.answered(name, commands, tookMs),
      onChange: () => this.#onChange(),
    });
    const watched = { reconciler: this.#reconciler, store: this.#store, observations: this.#observations };
    const alerts = alertSettings(parts.config, this.#isKept);
    const onHealth = () => this.#statusLine.renew();
    this.#watch = new Watch({ ...watched, clock, version, onHealth }, healthLimits(parts.config), alerts);
    this.#statusLine = new StatusLine(parts.notifier, () => this.#statusFacts());
    if (!this.#isKept) return;
    const told = { watch: this.#watch, started: () => this.#started };
    this.#serving = new Serving({ ...watched, ...told, config: parts.config, clock, version }, this.#startedMs);
    this.#watch.health.httpFailure = () => this.#serving!.failure;
    this.#watch.servers = () => this.#serving!.counters;
  }

  /** Makes a daemon and starts it. Throws as begin(). */
  static async start(parts: DaemonParts): Promise<Daemon> {
    const daemon = new Daemon(parts);
    await daemon.begin();
    return daemon;
  }

  /**
   * Starts; resolves when the first publish was acknowledged. Throws RedisUnavailableError, SystemError, and
   * DatabaseLostError when it is closed meanwhile; then all is closed.
   */
  async begin(): Promise<void> {
    try {
      await extendStart(this.#start(), this.#parts.notifier, this.#parts.clock);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Ends at once what has begun, and publishes nothing. */
  close(): Promise<void> {
    this.#watch[Symbol.dispose]();
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The metrics in the text format of Prometheus; undefined when the configuration says that nobody is told over HTTP. */
  metrics(): Promise<string> | undefined {
    return whyNotServed(this.#config.metrics) === "" ? this.#watch.metrics.text() : undefined;
  }

  /** What watches it: the silences and the trends, too. */
  get watch(): Watch {
    return this.#watch;
  }

  /** How the daemon is now. */
  health(): Promise<Health> {
    return this.#watch.look();
  }

  /** A configuration could not be taken over; certificates are read again all the same. */
  refuseReload(): void {
    this.#serving?.reload();
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
    this.#watch.apply(healthLimits(this.#config), alertSettings(this.#config, this.#isKept));
    this.#serving?.reload();
    this.#observations.reloaded(true, this.#parts.clock.wallNow());
    log.notice("configuration read again; changed: {live}", { live: live.join(" ") || "nothing" });
    if (restart.length > 0) log.warn("a restart is needed for {keys}", { keys: restart.join(" ") });
    this.#parts.notifier.ready();
  }

  /** Stops taking messages, publishes what is pending within the configured time, and ends. */
  async stop(): Promise<void> {
    this.#parts.notifier.stopping();
    this.#statusLine.tell("stopping");
    this.#watchdog?.[Symbol.dispose]();
    this.#idleWork[Symbol.dispose]();
    this.#metricsFile?.[Symbol.dispose]();
    this.#watch[Symbol.dispose]();
    const closed = this.#serving?.close();
    const left = await this.#reconciler.stop(this.#config.shutdown.timeout_secs * 1000);
    await closed;
    await this.#store.close(STORE_CLOSE_MS);
    if (left > 0) log.warn("stopped with {left} ports that are not published", { left });
  }

  async #close(): Promise<void> {
    await Promise.all([this.#serving?.close(), this.#reconciler.close()]);
    await this.#store.close(STORE_CLOSE_MS);
  }

  async #start(): Promise<void> {
    const { once, onBegin, notifier, clock } = this.#parts;
    if (!once) this.#watch.start();
    this.#serving?.begin(() => this.#store.open());
    await awaitDatabases(this.#reconciler.databases, this.#config.database.connection_timeout_secs * 1000, clock);
    onBegin();
    const kind = await this.#reconciler.start();
    this.#store.open();
    if (kind.name !== "once") await this.#noteStart(kind.name, kind.restoreCount);
    this.#startWatchdog();
    this.#started = kind;
    notifier.ready();
    this.#statusLine.tell();
    await this.#serving?.open();
  }

  async #noteStart(kind: KeptKind, restoreCount: number): Promise<void> {
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

  #onTransition(transition: Transition): void {
    const wallMs = this.#parts.clock.wallNow();
    this.#store.record(toHistory(transition, wallMs));
    this.#observations.transition(transition, wallMs);
    if (this.#started) this.#idleWork.notice(); // at the end of the start garbage is collected anyway
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
        this.#statusLine.tell();
      },
      stalled: (reason) => log.error("no sign of life for the watchdog: {reason}", { reason }),
    });
  }

  /** A database was lost or found, or PortInitDone was sent: that is told now, and not when somebody looks next. */
  #onChange(): void {
    if (this.#started) this.#watch.health.look(this.#parts.clock.now());
    this.#statusLine.tell();
  }

  #statusFacts(): StatusLineFacts {
    const { databases, publisher, portSet } = this.#reconciler;
    return {
      isConnected: databases.allUsable,
      published: publisher.published.size,
      pending: portSet.pending.size,
      health: this.#started && this.#watch.health.health,
    };
  }
}

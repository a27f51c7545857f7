import type { Health, HealthLimits } from "../health/health.ts";
import type { Readings } from "../metrics/reading.ts";
import { MetricRegistry } from "../metrics/registry.ts";
import type { Reconciler } from "../port/reconciler.ts";
import type { Store } from "../store/store.ts";
import { TIERS } from "../trend/downsample.ts";
import type { Clock } from "../util/clock.ts";
import { decodeName } from "../util/ifname.ts";
import { Alerting } from "./alerting.ts";
import type { AlertSettings } from "./alertsettings.ts";
import { HealthWatch } from "./healthwatch.ts";
import { KernelProbe } from "./kernelprobe.ts";
import { linkReadings } from "./linkreadings.ts";
import { MetricSnapshot } from "./metricsnapshot.ts";
import type { Observations } from "./observations.ts";
import { portReadings, publishReadings, redisReadings } from "./portreadings.ts";
import { alertReadings, deliveryReadings, healthReadings, processReadings } from "./selfreadings.ts";
import { serverReadings, type ServersCounters } from "./serverreadings.ts";
import { Silences } from "./silences.ts";
import { startReadings, storeReadings } from "./statereadings.ts";
import { Trending } from "./trending.ts";
import { TrendSamples } from "./trendsamples.ts";
import { trendThresholds } from "./trendthresholds.ts";

/** Between two beats of the event loop's heart. */
const BEAT_MS = 1000;
/** Beats between two looks at health and alerts. */
const BEATS_A_LOOK = 5;

/** What a watch is built from. */
export interface WatchParts {
  readonly reconciler: Reconciler;
  readonly store: Store;
  readonly observations: Observations;
  readonly clock: Clock;
  readonly version: string;
  /** Somebody has looked at health. */
  readonly onHealth?: () => void;
}

/** Watches the daemon while it runs: reads its metrics for those who ask, and looks at its health and its alert rules. */
export class Watch implements Disposable {
  /** All metrics. */
  readonly metrics: MetricRegistry;
  readonly health: HealthWatch;
  readonly kernel: KernelProbe;
  readonly alerting: Alerting;
  /** The silences of the alerts. */
  readonly silences: Silences;
  /** Where things are going. */
  readonly trending: Trending;
  /** What the servers of the daemon have counted; undefined where there are none. */
  servers: () => ServersCounters | undefined = () => undefined;
  readonly #parts: WatchParts;
  readonly #snapshot: MetricSnapshot;
  #beats = 0;
  #cancel = () => {};
  #disposed = false;

  constructor(parts: WatchParts, limits: HealthLimits, alerts: AlertSettings) {
    this.#parts = parts;
    const { reconciler, store, clock, observations } = parts;
    this.kernel = new KernelProbe(clock, () => reconciler.monitor?.probe());
    this.health = new HealthWatch({ ...parts, kernel: this.kernel }, limits, BEAT_MS, clock.now());
    this.alerting = new Alerting(alerts, store, clock, this.#moment());
    this.silences = new Silences(store, clock, (silences) => this.alerting.setSilences(silences));
    this.trending = this.#openTrending();
    const readings = this.#readings();
    this.metrics = new MetricRegistry(readings, () => new Promise((resolve) => clock.soon(resolve)));
    const own = { portsyncd_initial_sync_duration_seconds: () => observations.initialSync.own };
    const recent = { portsyncd_port_flaps_total: (name: string) => observations.ports.recent(name) };
    this.#snapshot = new MetricSnapshot(readings, own, recent, {
      portsyncd_redis_connected: () => reconciler.databases.failures,
      portsyncd_netlink_connected: () => [this.kernel.failure],
      portsyncd_health_score: () => this.health.health?.reasons.map(({ text }) => text) ?? [],
      portsyncd_port_init_pending_ports: () => Array.from(reconciler.portSet.pending, decodeName),
    });
  }

  /** Looks for the first time, and then again and again; to be called before anything is counted. */
  start(): void {
    void this.look();
    this.#schedule();
    this.trending.start();
  }

  /** Looks now: asks the kernel, and finds out about health and alerts. */
  async look(): Promise<Health> {
    await this.kernel.ask();
    this.#keepTotals();
    const now = this.#moment();
    const health = this.health.look(now.monotonicMs);
    if (!this.#disposed) {
      this.silences.restore();
      this.alerting.tick(now, this.#snapshot);
      this.#parts.observations.ports.looked();
    }
    this.#parts.onHealth?.();
    return health;
  }

  /** A port went down after it had been up. */
  flap(name: string): void {
    this.#parts.observations.ports.flap(name);
    this.trending.flap(name);
  }

  /** Takes over what the configuration says. */
  apply(limits: HealthLimits, alerts: AlertSettings): void {
    this.health.limits = limits;
    this.alerting.apply(alerts);
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#cancel();
    this.#keepTotals();
    this.alerting.keep(this.#moment());
    this.alerting[Symbol.dispose]();
    this.trending[Symbol.dispose]();
  }

  #openTrending(): Trending {
    const { reconciler, store, clock, observations } = this.#parts;
    const healthScore = () => this.health.health?.score;
    const samples = new TrendSamples(reconciler, observations, healthScore, TIERS.hour.stepMs);
    const sources = {
      sample: (nowMs: number) => samples.read(nowMs),
      thresholds: () => trendThresholds(this.alerting.rules),
      portCount: () => reconciler.publisher.desired.size,
    };
    return new Trending(sources, store, clock);
  }

  /** What the reconciler counts of this process goes on over restarts. */
  #keepTotals(): void {
    const { observations, reconciler } = this.#parts;
    const { totals } = observations;
    const { detected, timeouts, detectedWallMs } = reconciler.eoiu;
    totals.raise("portsyncd_eoiu_detected_total", detected);
    totals.raise("portsyncd_eoiu_timeouts_total", timeouts);
    if (detectedWallMs > 0) totals.setTime("portsyncd_last_eoiu_detection_timestamp_seconds", detectedWallMs);
    totals.settle();
    const { publisher } = reconciler;
    if (observations.ports.size > publisher.desired.size) observations.ports.retain((name) => publisher.isKnown(name));
  }

  #schedule(): void {
    const { clock } = this.#parts;
    const dueMs = clock.now() + BEAT_MS;
    this.#cancel = clock.after(BEAT_MS, () => {
      this.#beat(dueMs);
      if (!this.#disposed) this.#schedule();
    });
  }

  #beat(dueMs: number): void {
    const nowMs = this.#parts.clock.now();
    this.#parts.observations.loopDelay.observe(Math.max(0, nowMs - dueMs) / 1000);
    this.health.beat(nowMs);
    this.#beats++;
    if (this.#beats % BEATS_A_LOOK === 0) void this.look();
  }

  #moment() {
    const { clock } = this.#parts;
    return { wallMs: clock.wallNow(), monotonicMs: clock.now() };
  }

  #readings(): Readings {
    const { reconciler, store, observations, version } = this.#parts;
    return {
      ...linkReadings(reconciler, this.kernel, observations),
      ...publishReadings(reconciler),
      ...redisReadings(reconciler, observations),
      ...startReadings(observations),
      ...portReadings(reconciler, observations),
      ...storeReadings(store, observations.totals, observations),
      ...healthReadings(() => this.health.health),
      ...alertReadings(() => this.alerting.statistics),
      ...deliveryReadings(() => this.alerting.deliveries),
      ...serverReadings(() => this.servers()),
      ...processReadings(version, observations),
    };
  }
}

import { LATENCY_WINDOW_SECONDS, LEAST_LATENCIES } from "../alert/daemonrules.ts";
import { HistogramWindow } from "../alert/histogramwindow.ts";
import { assessHealth, type Health, type HealthInput, type HealthLimits, type Outcomes } from "../health/health.ts";
import { Heartbeat } from "../health/heartbeat.ts";
import type { Reconciler } from "../port/reconciler.ts";
import type { Store } from "../store/store.ts";
import { ChangeWindow } from "../util/changewindow.ts";
import { MaxWindow } from "../util/maxwindow.ts";
import type { KernelProbe } from "./kernelprobe.ts";
import { failedMessages } from "./linkreadings.ts";
import type { Observations } from "./observations.ts";
import { portsInSync } from "./portreadings.ts";
import { Since } from "./since.ts";

/** Over which what succeeded and what failed is counted. */
const WINDOW_MS = 300_000;
/** A port is out of sync once each look of so long has found it so: in a burst all are, for a moment. */
const MOMENT_MS = 4000;

/** What health is found out from. */
export interface HealthSources {
  readonly reconciler: Reconciler;
  readonly store: Pick<Store, "status">;
  readonly observations: Observations;
  readonly kernel: KernelProbe;
}

class OutcomeWindow {
  readonly #succeeded = new ChangeWindow(WINDOW_MS, true);
  readonly #failed = new ChangeWindow(WINDOW_MS, true);

  add(nowMs: number, { succeeded, failed }: Outcomes): Outcomes {
    this.#succeeded.add(nowMs, succeeded);
    this.#failed.add(nowMs, failed);
    return { succeeded: this.#succeeded.change ?? 0, failed: this.#failed.change ?? 0 };
  }
}

/** Finds out how the daemon is, whenever it is told to look. */
export class HealthWatch {
  /** What is allowed from the next look on. */
  limits: HealthLimits;
  /** Why the HTTP server or the admin socket is not as configured; "" when both are. */
  httpFailure: () => string = () => "";
  readonly #sources: HealthSources;
  readonly #heartbeat: Heartbeat;
  readonly #redis: Since<boolean>;
  readonly #portInit: Since<boolean>;
  readonly #publishes = new OutcomeWindow();
  readonly #events = new OutcomeWindow();
  readonly #latency = new HistogramWindow(LATENCY_WINDOW_SECONDS * 1000);
  /** By how many ports fewer are in sync than are to be, as a negative number: the best of the last moment counts. */
  readonly #inSync = new MaxWindow(MOMENT_MS);
  #health: Health | undefined;

  /** `beatMs` is the time between two beats; `nowMs` is on a clock that never jumps. */
  constructor(sources: HealthSources, limits: HealthLimits, beatMs: number, nowMs: number) {
    this.#sources = sources;
    this.limits = limits;
    this.#heartbeat = new Heartbeat(beatMs, nowMs);
    this.#redis = new Since(false, nowMs);
    this.#portInit = new Since(false, nowMs);
  }

  /** How the daemon was when somebody looked last; undefined before. */
  get health(): Health | undefined {
    return this.#health;
  }

  /** A beat of the event loop. */
  beat(nowMs: number): void {
    this.#heartbeat.beat(nowMs);
    this.#see(nowMs);
  }

  /** Looks how the daemon is. */
  look(nowMs: number): Health {
    this.#see(nowMs);
    this.#health = assessHealth(this.#input(nowMs), this.limits);
    return this.#health;
  }

  #see(nowMs: number): void {
    const { databases, portSet, publisher } = this.#sources.reconciler;
    this.#inSync.add(nowMs, portsInSync(publisher) - publisher.desired.size);
    this.#redis.see(databases.allUsable, nowMs);
    this.#portInit.see(portSet.pending.size > 0, nowMs);
  }

  #input(nowMs: number): HealthInput {
    const { reconciler, store, observations, kernel } = this.#sources;
    const { portSet, publisher, monitor } = reconciler;
    const { sets, dels, refused, lost } = publisher.counters;
    const counters = monitor?.counters;
    const total = publisher.desired.size;
    this.#latency.add(nowMs, observations.eventLatency.value);
    const isEnough = (this.#latency.count ?? 0) >= LEAST_LATENCIES;
    const latencySeconds = isEnough ? this.#latency.quantile(0.99) : undefined;
    return {
      netlink: { isConnected: kernel.isAnswering, seconds: kernel.seconds },
      redis: { isConnected: this.#redis.value, seconds: this.#redis.seconds(nowMs) },
      stallSeconds: Math.max(this.#heartbeat.stallSeconds(nowMs), kernel.waitingSeconds),
      ports: { inSync: Math.max(0, total + (this.#inSync.max(nowMs) ?? 0)), total },
      publishes: this.#publishes.add(nowMs, { succeeded: sets + dels, failed: refused + lost }),
      events: this.#events.add(nowMs, {
        succeeded: counters ? counters.newLinks + counters.delLinks : 0,
        failed: counters ? failedMessages(counters) : 0,
      }),
      latencyP99Us: latencySeconds === undefined ? undefined : latencySeconds * 1e6,
      portInit: { pending: [...portSet.pending], seconds: this.#portInit.seconds(nowMs) },
      storeFailure: store.status.state === "degraded" ? store.status.reason : "",
      httpFailure: this.httpFailure(),
    };
  }
}

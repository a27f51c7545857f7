import type { Config } from "../config/schema.ts";
import { refusal } from "../http/answer.ts";
import type { AlertFacts, PortFacts, ServerFacts, Sources, StatusFacts } from "../http/sources.ts";
import type { Reconciler } from "../port/reconciler.ts";
import type { StartKind } from "../port/startkind.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../util/clock.ts";
import { whyNotServed } from "./exportformat.ts";
import type { Observations } from "./observations.ts";
import type { Watch } from "./watch.ts";

/** What the daemon's sources are made from. */
export interface SourceParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly version: string;
  readonly reconciler: Reconciler;
  readonly store: Pick<Store, "status" | "history">;
  readonly watch: Watch;
  readonly observations: Observations;
  /** How the daemon started, once READY=1 was said. */
  readonly started: () => StartKind | undefined;
}

/** What the servers say of themselves. */
export interface ServersFacts {
  readonly http: ServerFacts;
  readonly admin: ServerFacts;
}

/** Tells what the running parts of the daemon know, when somebody asks. */
export class DaemonSources implements Sources {
  readonly #parts: SourceParts;
  readonly #servers: () => ServersFacts;
  readonly #startedMs: number;
  readonly #startedWallMs: number;

  /** `startedMs` is when the daemon began, on the clock that never jumps. */
  constructor(parts: SourceParts, servers: () => ServersFacts, startedMs: number) {
    this.#parts = parts;
    this.#servers = servers;
    this.#startedMs = startedMs;
    this.#startedWallMs = parts.clock.wallNow() - (parts.clock.now() - startedMs);
  }

  metrics(): Promise<string> {
    const { config, watch } = this.#parts;
    const reason = whyNotServed(config.metrics);
    if (reason !== "") throw refusal(404, `there are no metrics here: ${reason}`);
    return watch.metrics.text();
  }

  status(): StatusFacts {
    const { config, clock, version, reconciler, store, watch, started } = this.#parts;
    const { databases, portSet, monitor } = reconciler;
    const kind = started();
    const nowMs = clock.now();
    return {
      version,
      mode: config.mode,
      namespace: config.namespace,
      startedWallMs: this.#startedWallMs,
      uptimeSeconds: (nowMs - this.#startedMs) / 1000,
      startKind: kind?.name,
      restoreCount: kind?.restoreCount ?? 0,
      isReady: kind !== undefined,
      health: watch.health.health ?? watch.health.look(nowMs),
      databases: databases.names.map((name) => {
        return { name, isUsable: databases.get(name) !== undefined, failure: databases.failure(name) };
      }),
      netlink: { isConnected: watch.kernel.isAnswering, links: monitor?.links.size ?? 0 },
      portInit: { isDone: portSet.done, pending: [...portSet.pending] },
      store: store.status,
      ...this.#servers(),
    };
  }

  /** A netdev that may not be published, such as a sub-interface, is no port unless PortInitDone waits for it. */
  *ports(): Iterable<PortFacts> {
    const { publisher, portSet } = this.#parts.reconciler;
    const names = new Set([...publisher.desired.keys(), ...publisher.published.keys(), ...portSet.pending]);
    for (const name of names) yield this.#port(name);
  }

  port(name: string): PortFacts | undefined {
    const { publisher, portSet } = this.#parts.reconciler;
    return publisher.isKnown(name) || portSet.pending.has(name) ? this.#port(name) : undefined;
  }

  alerts(): AlertFacts {
    const { alerting, silences } = this.#parts.watch;
    return { alerts: alerting.alerts, rules: alerting.statistics, silences: silences.list };
  }

  trends(): ReturnType<Sources["trends"]> {
    return this.#parts.watch.trending.facts();
  }

  history(query: Parameters<Sources["history"]>[0]): ReturnType<Sources["history"]> {
    return this.#parts.store.history(query);
  }

  #port(name: string): PortFacts {
    const { reconciler, observations } = this.#parts;
    const published = reconciler.publisher.published.get(name);
    return {
      name,
      kernel: reconciler.kernelState(name),
      published: typeof published === "object" ? published : undefined,
      isAwaited: reconciler.portSet.pending.has(name),
      flaps: observations.ports.flaps(name) ?? 0,
      lastChangeWallMs: observations.ports.changedWallMs(name),
    };
  }
}

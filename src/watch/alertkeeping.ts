import type { AlertEngine, Outcome } from "../alert/engine.ts";
import type { SavedAlert } from "../alert/savedalerts.ts";
import type { SavedSample, Snapshot } from "../alert/snapshot.ts";
import { METRIC_NAMES, type MetricName, METRICS } from "../metrics/definitions.ts";
import type { Store } from "../store/store.ts";
import type { Moment } from "../util/moment.ts";
import { parseAlert, parseMoment, parseSample } from "./keptjson.ts";

/** What is needed of the store to keep something over restarts. */
export type KeepsakeStore = Pick<Store, "keepsakes" | "keep">;

/** More alerts are not kept: they would begin anew. Those that receivers know of go first. */
export const MOST_ALERTS = 4096;
/** Samples that are kept; more are not within the longest window of a rule unless something happens each few seconds. */
export const MOST_SAMPLES = 256;
/** While alerts are pending, so often it is noted that they still are: they go on after a short break only. */
const STILL_PENDING_MS = 20_000;

/** Counters that go on over restarts, so that rules can look at windows that do, too. */
const LASTING = METRIC_NAMES.filter((name) => {
  const { type, persisted, labels } = METRICS[name];
  return type === "counter" && persisted && !("port" in labels);
});

/** Keeps the alerts of an engine, and what its windows need, from one process to the next. */
export class AlertKeeping {
  readonly #engine: AlertEngine<MetricName>;
  readonly #store: KeepsakeStore;
  #isRestored = false;
  #keptMs = -Infinity;
  /** Something kept is pending; at first, when what is kept goes by the clock of the former process, it may be. */
  #isPending = true;
  #sampled: SavedSample["values"] = {};
  #lastSample = 0;

  constructor(engine: AlertEngine<MetricName>, store: KeepsakeStore) {
    this.#engine = engine;
    this.#store = store;
  }

  /** Gives the engine what was kept, once that is known; to be called before each look at the metrics. */
  restore(now: Moment): void {
    const alerts = this.#store.keepsakes("alert");
    const samples = this.#store.keepsakes("sample");
    if (this.#isRestored || !alerts || !samples) return;
    this.#isRestored = true;
    this.#lastSample = Math.max(0, ...Array.from(samples.keys(), Number).filter(Number.isSafeInteger));
    const at = parseMoment(this.#store.keepsakes("alerts_at")?.get(""));
    const saved = at && { at, alerts: parseAll(alerts, parseAlert) };
    this.#engine.restore(parseAll(samples, parseSample), saved, now);
  }

  /** Keeps what came of a look at the metrics, as far as it is something new. */
  keep(now: Moment, snapshot: Snapshot<MetricName>, { changes, notifications }: Outcome): void {
    if (!this.#isRestored) return;
    this.#keepSample(now, snapshot);
    const isNew = changes.length > 0 || notifications.length > 0;
    const isDue = this.#isPending && now.monotonicMs - this.#keptMs >= STILL_PENDING_MS;
    if (isNew || isDue) this.keepAlerts(now);
  }

  /** Keeps the alerts as they are now. */
  keepAlerts(now: Moment): void {
    if (!this.#isRestored) return;
    const { alerts } = this.#engine.save(now);
    const kept = alerts.length <= MOST_ALERTS ? alerts : alerts.toSorted(knownFirst).slice(0, MOST_ALERTS);
    const byKey = new Map(kept.map((saved) => [keyOf(saved), JSON.stringify(saved)]));
    for (const key of this.#store.keepsakes("alert")!.keys()) if (!byKey.has(key)) this.#store.keep("alert", key, null);
    for (const [key, value] of byKey) this.#store.keep("alert", key, value);
    this.#store.keep("alerts_at", "", JSON.stringify(now));
    this.#keptMs = now.monotonicMs;
    this.#isPending = kept.some(({ alert }) => alert.state === "pending");
  }

  #keepSample({ wallMs }: Moment, snapshot: Snapshot<MetricName>): void {
    const values: Record<string, number> = {};
    for (const name of LASTING) {
      const value = snapshot.value(name);
      if (value !== undefined) values[name] = value;
    }
    if (Object.entries(values).every(([name, value]) => this.#sampled[name] === value)) return;
    this.#sampled = values;
    this.#store.keep("sample", String(++this.#lastSample), JSON.stringify({ wallMs, values } satisfies SavedSample));
    const keys = [...this.#store.keepsakes("sample")!.keys()];
    const surplus = keys.sort((a, b) => Number(a) - Number(b)).slice(0, -MOST_SAMPLES);
    for (const key of surplus) this.#store.keep("sample", key, null);
  }
}

function parseAll<T>(kept: ReadonlyMap<string, string>, parse: (json: string) => T | undefined): T[] {
  return [...kept.values()].flatMap((json) => parse(json) ?? []);
}

function keyOf({ rule, port }: SavedAlert): string {
  return port === undefined ? rule : `${rule}/${port}`;
}

function knownFirst(a: SavedAlert, b: SavedAlert): number {
  return Number(b.delivery.told === "firing") - Number(a.delivery.told === "firing");
}

import type { Moment } from "../util/moment.ts";
import type { Range, Selector } from "./expression.ts";
import { PortSeries } from "./portseries.ts";
import { ChangeSeries, HistogramSeries, MaxSeries, type PastSample, type Series } from "./series.ts";
import type { SavedSample, Snapshot } from "./snapshot.ts";

/** What is known before the first look. */
const NOTHING: Snapshot<never> = {
  value: () => undefined,
  histogram: () => undefined,
  ports: () => undefined,
  recent: () => 0,
  details: () => [],
};

function keyOf(kind: string, { metric, labels }: Selector<string>, windowSeconds: number): string {
  const pairs = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([kind, metric, windowSeconds, pairs]);
}

/** The metrics as they are now, and of the past what rules ask for: one series for each metric and window. */
export class Samples<M extends string> {
  #series = new Map<string, Series<M>>();
  #asked = new Set<string>();
  #snapshot: Snapshot<M> = NOTHING;
  /** Saved counters, for series that are asked for. */
  #saved: readonly PastSample[] = [];

  /** `saved` is what earlier processes saved; what lies in the future is of a clock that was wrong, and is left out. */
  constructor(saved: readonly SavedSample[], now: Moment) {
    this.restore(saved, now);
  }

  /** Takes what earlier processes saved, as the constructor; a series that has a value already does without. */
  restore(saved: readonly SavedSample[], now: Moment): void {
    this.#saved = saved
      .map(({ wallMs, values }) => ({ atMs: now.monotonicMs - (now.wallMs - wallMs), values }))
      .filter(({ atMs }) => atMs <= now.monotonicMs)
      .sort((a, b) => a.atMs - b.atMs);
    for (const series of this.#series.values()) if (series instanceof ChangeSeries) series.seed(this.#saved);
  }

  /** The metrics as they were when they were looked at last. */
  get snapshot(): Snapshot<M> {
    return this.#snapshot;
  }

  /** How many series are remembered. */
  get size(): number {
    return this.#series.size;
  }

  /** Takes the metrics at `atMs`, which never goes back. */
  add(atMs: number, snapshot: Snapshot<M>): void {
    this.#snapshot = snapshot;
    for (const series of this.#series.values()) series.add(atMs, snapshot);
  }

  /** The changes of a counter or gauge. */
  changes(range: Range<M>, isCounter: boolean): ChangeSeries<M> {
    const windowMs = range.windowSeconds * 1000;
    return this.#ask(keyOf(isCounter ? "counter" : "gauge", range, range.windowSeconds), () => {
      const series = new ChangeSeries(range, windowMs, isCounter);
      series.seed(this.#saved);
      return series;
    });
  }

  /** The changes of a counter or gauge of each port. */
  portChanges({ metric, windowSeconds }: Range<M>, isCounter: boolean): PortSeries<M> {
    const key = keyOf(isCounter ? "port counter" : "port gauge", { metric }, windowSeconds);
    return this.#ask(key, () => new PortSeries(metric, windowSeconds * 1000, isCounter));
  }

  /** The largest of a gauge. */
  largest(range: Range<M>): MaxSeries<M> {
    const key = keyOf("largest", range, range.windowSeconds);
    return this.#ask(key, () => new MaxSeries(range, range.windowSeconds * 1000));
  }

  /** What a histogram observed. */
  observed(range: Range<M>): HistogramSeries<M> {
    const key = keyOf("histogram", range, range.windowSeconds);
    return this.#ask(key, () => new HistogramSeries(range, range.windowSeconds * 1000));
  }

  /** Forgets every series that nobody asked for since the last time. */
  sweep(): void {
    for (const key of this.#series.keys()) if (!this.#asked.has(key)) this.#series.delete(key);
    this.#asked = new Set();
  }

  #ask<S extends Series<M>>(key: string, make: () => S): S {
    this.#asked.add(key);
    // A key begins with the kind of its series.
    const series = (this.#series.get(key) as S | undefined) ?? make();
    this.#series.set(key, series);
    return series;
  }
}

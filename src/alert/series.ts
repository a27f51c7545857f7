import { ChangeWindow } from "../util/changewindow.ts";
import { MaxWindow } from "../util/maxwindow.ts";
import type { Selector } from "./expression.ts";
import { HistogramWindow } from "./histogramwindow.ts";
import type { Snapshot } from "./snapshot.ts";

/** What of a metric is remembered for one window. */
export interface Series<M extends string> {
  /** Takes what the metric is at `atMs`, which never goes back. */
  add(atMs: number, snapshot: Snapshot<M>): void;
}

/** Counters that an earlier process saved, by the clock of this one. */
export interface PastSample {
  readonly atMs: number;
  /** By metric. */
  readonly values: Readonly<Record<string, number>>;
}

/** What is no number is no value. */
export function finite(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

/** How a counter or gauge changed. */
export class ChangeSeries<M extends string> implements Series<M> {
  readonly #selector: Selector<M>;
  readonly #window: ChangeWindow;
  readonly #isCounter: boolean;
  #isThere = false;

  /** `windowMs` is the length in milliseconds. */
  constructor(selector: Selector<M>, windowMs: number, isCounter: boolean) {
    this.#selector = selector;
    this.#isCounter = isCounter;
    this.#window = new ChangeWindow(windowMs, isCounter);
  }

  add(atMs: number, snapshot: Snapshot<M>): void {
    const value = finite(snapshot.value(this.#selector.metric, this.#selector.labels));
    this.#isThere = value !== undefined;
    if (value !== undefined) this.#window.add(atMs, value);
  }

  /** Takes what was saved by earlier processes, in the order of the times, if it is a counter that had no value yet. */
  seed(saved: readonly PastSample[]): void {
    const { metric, labels } = this.#selector;
    if (!this.#isCounter || labels !== undefined || !this.#window.isEmpty) return;
    for (const { atMs, values } of saved) {
      const value = finite(values[metric]);
      if (value !== undefined) this.#window.seed(atMs, value);
    }
  }

  /** By how much it changed within the window; undefined while it has no value, or had only one. */
  get change(): number | undefined {
    return this.#isThere ? this.#window.change : undefined;
  }

  /** The same for each second, on average; undefined with less than a second, too. */
  get perSecond(): number | undefined {
    return this.#isThere ? this.#window.perSecond : undefined;
  }
}

/** The largest of a gauge. */
export class MaxSeries<M extends string> implements Series<M> {
  readonly #selector: Selector<M>;
  readonly #window: MaxWindow;
  #atMs = 0;

  /** `windowMs` is the length in milliseconds. */
  constructor(selector: Selector<M>, windowMs: number) {
    this.#selector = selector;
    this.#window = new MaxWindow(windowMs);
  }

  add(atMs: number, snapshot: Snapshot<M>): void {
    this.#atMs = atMs;
    const value = finite(snapshot.value(this.#selector.metric, this.#selector.labels));
    if (value !== undefined) this.#window.add(atMs, value);
  }

  /** The largest within the window; undefined when it had no value in it. */
  get max(): number | undefined {
    return this.#window.max(this.#atMs);
  }
}

/** What a histogram observed. */
export class HistogramSeries<M extends string> implements Series<M> {
  readonly #selector: Selector<M>;
  readonly #window: HistogramWindow;
  #isThere = false;

  /** `windowMs` is the length in milliseconds. */
  constructor(selector: Selector<M>, windowMs: number) {
    this.#selector = selector;
    this.#window = new HistogramWindow(windowMs);
  }

  add(atMs: number, snapshot: Snapshot<M>): void {
    const value = snapshot.histogram(this.#selector.metric, this.#selector.labels);
    this.#isThere = value !== undefined;
    if (value) this.#window.add(atMs, value);
  }

  /** How many observations there were within the window; undefined when the histogram is not there. */
  get count(): number | undefined {
    return this.#isThere ? this.#window.count : undefined;
  }

  /** The mean of what was observed within the window; undefined when nothing was, or the histogram is not there. */
  get mean(): number | undefined {
    return this.#isThere ? this.#window.mean : undefined;
  }

  /** The value below which the part `q` (0 to 1) of it lies; undefined as for the mean. */
  quantile(q: number): number | undefined {
    return this.#isThere ? this.#window.quantile(q) : undefined;
  }
}

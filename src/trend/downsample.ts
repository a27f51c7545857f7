import type { Point } from "./series.ts";
import type { Subject } from "./subject.ts";

/** How finely a series is kept, and for how long. */
export interface Tier {
  /** What one point stands for, in milliseconds; steps begin at whole multiples of it. */
  readonly stepMs: number;
  /** How many of them are kept. */
  readonly capacity: number;
}

/**
 * One point for each sample and hour, each 5 minutes and day, each 2 hours and month. Each has no more points than are
 * analysed at once, so that nothing is thinned. The first is too short-lived to be worth the wear of a disk.
 */
export const TIERS = {
  hour: { stepMs: 10_000, capacity: 360 },
  day: { stepMs: 5 * 60_000, capacity: 288 },
  month: { stepMs: 2 * 3_600_000, capacity: 360 },
} as const satisfies Record<string, Tier>;

/** The name of a tier, after what it covers. */
export type TierName = keyof typeof TIERS;

/** For how long the points of a tier are kept, in milliseconds. */
export function spanOf({ stepMs, capacity }: Tier): number {
  return stepMs * capacity;
}

/**
 * Makes one point of the samples of a step: of a gauge their mean, at the mean of their times; of a counter its last
 * total, at its time, so that no increase is lost and gaps, restarts of the daemon too, count with their length.
 */
export class Bucket {
  #step: number | undefined;
  #count = 0;
  #sum = 0;
  #sumMs = 0;
  #last: Point | undefined;

  constructor(
    readonly tier: Tier,
    readonly kind: Subject["kind"],
  ) {}

  /** Adds a sample; when it begins a new step, the point of the step before. */
  add(sample: Point): Point | undefined {
    const step = Math.floor(sample.ms / this.tier.stepMs);
    const closed = step === this.#step ? undefined : this.close();
    this.#step = step;
    this.#count++;
    this.#sum += sample.value;
    this.#sumMs += sample.ms - step * this.tier.stepMs;
    this.#last = sample;
    return closed;
  }

  /** The point of the samples so far, which are forgotten; undefined when there are none. */
  close(): Point | undefined {
    if (this.#last === undefined || this.#step === undefined) return undefined;
    const ms = this.#step * this.tier.stepMs + this.#sumMs / this.#count;
    const point = this.kind === "counter" ? this.#last : { ms, value: this.#sum / this.#count };
    this.#step = this.#last = undefined;
    this.#count = this.#sum = this.#sumMs = 0;
    return point;
  }
}

/**
 * The rates between totals, per second, each at the middle of its time; a total that is less than the one before began
 * again at 0.
 */
export function ratesOf(totals: readonly Point[]): Point[] {
  return totals.slice(1).map(({ ms, value }, i) => {
    const before = totals[i]!;
    const increase = value < before.value ? value : value - before.value;
    return { ms: (before.ms + ms) / 2, value: increase / ((ms - before.ms) / 1000) };
  });
}

import type { TrendFacts } from "../http/sources.ts";
import type { Store } from "../store/store.ts";
import { type TierName, TIERS } from "../trend/downsample.ts";
import { rankPorts } from "../trend/flaptrend.ts";
import { reportTrend, type TrendReport } from "../trend/report.ts";
import { type SubjectName, SUBJECTS } from "../trend/subject.ts";
import { type KeptPoint, TieredSeries } from "../trend/tieredseries.ts";
import { startTimeline } from "../trend/timeline.ts";
import { LEAST_POINTS } from "../trend/trend.ts";
import type { Clock } from "../util/clock.ts";
import { UnavailableError } from "../util/unavailable.ts";
import { FlapHistory } from "./flaphistory.ts";
import type { TrendSample } from "./trendsamples.ts";
import type { TrendThresholds } from "./trendthresholds.ts";

const NAMES = Object.keys(SUBJECTS) as SubjectName[];
const TIER_NAMES = Object.keys(TIERS) as TierName[];

/** What is needed of the store. */
export type TrendStore = Pick<Store, "kept" | "history" | "addPoint" | "status">;

/** Where the numbers come from. */
export interface TrendSources {
  /** What is followed, as it is now; `nowMs` is on a clock that never jumps. */
  sample(nowMs: number): TrendSample;
  /** What the series are held against. */
  thresholds(): TrendThresholds;
  /** How many ports there are. */
  portCount(): number;
}

/** Follows the daemon over days, also over restarts, and says where things are going and which ports flap. */
export class Trending implements Disposable {
  readonly #sources: TrendSources;
  readonly #store: TrendStore;
  readonly #clock: Clock;
  readonly #flaps: FlapHistory;
  readonly #series = new Map<SubjectName, TieredSeries>(NAMES.map((name) => [name, new TieredSeries(SUBJECTS[name])]));
  /** The time of all points; undefined until it is known what was before, or that this cannot be known. */
  #timeline: (() => number) | undefined;
  /** The reports, until there is another sample. */
  #reports: Promise<readonly TrendReport[]> | undefined;
  #cancel = () => {};

  constructor(sources: TrendSources, store: TrendStore, clock: Clock) {
    this.#sources = sources;
    this.#store = store;
    this.#clock = clock;
    this.#flaps = new FlapHistory(store, clock);
  }

  /** Begins to take a sample each 10 s. */
  start(): void {
    this.#cancel = this.#clock.after(TIERS.hour.stepMs, () => {
      this.#sample();
      this.start();
    });
  }

  /** A port went down after it had been up. */
  flap(port: string): void {
    this.#flaps.add(port);
  }

  /** Where things are going. Takes one series in a turn, and nothing anew until there is another sample. Rejects with UnavailableError. */
  async facts(): Promise<TrendFacts> {
    const { log } = this.#flaps;
    // Without the flaps of earlier processes it would seem that no port flaps.
    if (!this.#timeline || !log) throw new UnavailableError("what earlier processes saw is not read yet");
    this.#reports ??= this.#report();
    const reports = await this.#reports;
    return { reports, ports: rankPorts(log, this.#timeline(), this.#sources.portCount()) };
  }

  /** Keeps the steps that are not complete, and takes no more samples. */
  [Symbol.dispose](): void {
    this.#cancel();
    for (const [name, series] of this.#series) this.#keep(name, series.flush());
  }

  #sample(): void {
    const sample = this.#sources.sample(this.#clock.now());
    this.#timeline ??= this.#begin();
    if (!this.#timeline) return;
    const ms = this.#timeline();
    for (const [name, series] of this.#series) this.#keep(name, series.add(ms, sample[name]));
    this.#reports = undefined;
  }

  /** As the totals: where the store is disabled, or cannot be read at first, there is only what this process sees. */
  #begin(): (() => number) | undefined {
    const { kept, status } = this.#store;
    if (!kept && status.state === "ok") return undefined;
    for (const { series, tier, values } of kept?.points ?? []) {
      const of = this.#series.get(series as SubjectName);
      if (!of || !(tier in TIERS)) continue; // of another version
      for (let i = 0; i < values.length; i += 2) {
        const [ms, value] = [values[i]!, values[i + 1]!];
        if (Number.isFinite(ms)) of.restore({ tier: tier as TierName, ms, value });
      }
    }
    const lastMs = Math.max(...Array.from(this.#series.values(), (series) => series.lastMs ?? -Infinity));
    const timeline = startTimeline(this.#clock, lastMs === -Infinity ? undefined : lastMs);
    void this.#flaps.restore(timeline());
    return timeline;
  }

  #keep(series: SubjectName, points: readonly KeptPoint[]): void {
    for (const { tier, ms, value } of points)
      this.#store.addPoint({ series, tier, ms, value, most: TIERS[tier].capacity });
  }

  /** What there is too little of to tell anything is told of the shortest tier only. */
  async #report(): Promise<readonly TrendReport[]> {
    const reports: TrendReport[] = [];
    for (const name of NAMES)
      for (const tier of TIER_NAMES) {
        const points = this.#series.get(name)!.points(tier);
        if (tier !== "hour" && points.length < LEAST_POINTS) continue;
        await new Promise<void>((resolve) => this.#clock.soon(resolve));
        reports.push(reportTrend(name, tier, points, this.#sources.thresholds()[name]));
      }
    return reports;
  }
}

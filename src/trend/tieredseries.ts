import { Bucket, ratesOf, spanOf, type TierName, TIERS } from "./downsample.ts";
import { type Point, Series } from "./series.ts";
import type { Subject } from "./subject.ts";

const TIER_NAMES = Object.keys(TIERS) as TierName[];

/** A point that is to be kept over restarts; of a counter the value is its total. */
export interface KeptPoint extends Point {
  readonly tier: TierName;
}

/** A series in all tiers: what is analysed, and what is kept over restarts. About 30 KB. */
export class TieredSeries {
  readonly #kind: Subject["kind"];
  readonly #tiers = new Map<TierName, { readonly series: Series; readonly bucket: Bucket | undefined }>();

  constructor({ kind }: Pick<Subject, "kind">) {
    this.#kind = kind;
    for (const name of TIER_NAMES) {
      const bucket = name === "hour" ? undefined : new Bucket(TIERS[name], kind);
      this.#tiers.set(name, { series: new Series(TIERS[name].capacity), bucket });
    }
  }

  /**
   * Adds a sample, of a counter its total; the points of coarser tiers that are complete with it are to be kept. What
   * is no number, as a latency when nothing happened, and what is not later than the last is passed over.
   */
  add(ms: number, value: number): KeptPoint[] {
    if (!this.#tiers.get("hour")!.series.push(ms, value)) return [];
    return this.#close(({ bucket }) => bucket?.add({ ms, value }));
  }

  /** The points of the steps that are not complete yet, to be kept before the process ends. */
  flush(): KeptPoint[] {
    return this.#close(({ bucket }) => bucket?.close());
  }

  /** Takes in what was kept, in the order of the times, before anything is added; false for what does not fit in. */
  restore({ tier, ms, value }: KeptPoint): boolean {
    return this.#tiers.get(tier)!.series.push(ms, value);
  }

  /** The time of the newest point of all; undefined without any. */
  get lastMs(): number | undefined {
    const times = [...this.#tiers.values()].flatMap(({ series }) => series.last?.ms ?? []);
    return times.length === 0 ? undefined : Math.max(...times);
  }

  /** What a tier has to analyse: of a gauge its values, of a counter its rates per second, not older than its span. */
  points(tier: TierName): Point[] {
    const { series } = this.#tiers.get(tier)!;
    const points = series.points((series.last?.ms ?? 0) - spanOf(TIERS[tier]));
    return this.#kind === "counter" ? ratesOf(points) : points;
  }

  #close(take: (tier: { readonly bucket: Bucket | undefined }) => Point | undefined): KeptPoint[] {
    return TIER_NAMES.flatMap((name) => {
      const tier = this.#tiers.get(name)!;
      const point = take(tier);
      return point && tier.series.push(point.ms, point.value) ? [{ tier: name, ...point }] : [];
    });
  }
}

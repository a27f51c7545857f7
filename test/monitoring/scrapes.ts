import { parseExposition, seriesOf } from "../metrics/exposition.ts";

/** What was shown when. */
interface Scrape {
  readonly seconds: number;
  /** undefined when it could not be shown. */
  readonly text: string | undefined;
}

/** A line through points, at the least squares of its distances. */
function fitLine(points: readonly (readonly [x: number, y: number])[]): { slope: number; at: (x: number) => number } {
  const mean = (of: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [mx, my] = [mean(([x]) => x), mean(([, y]) => y)];
  const slope = mean(([x, y]) => (x - mx) * (y - my)) / mean(([x]) => (x - mx) ** 2);
  return { slope, at: (x) => my + slope * (x - mx) };
}

/**
 * Serves the metrics of a daemon to Prometheus, and remembers what it showed: what queries must return is worked out from
 * that. Where a daemon has a server of its own, this asks it.
 */
export class Scrapes implements AsyncDisposable {
  readonly #server: Bun.Server<undefined>;
  readonly #scrapes: Scrape[] = [];
  #isFrozen = false;
  readonly #series = new Map<Scrape, ReadonlyMap<string, number>>();

  /** `read` is undefined while there is no daemon. */
  constructor(read: () => Promise<string | undefined>) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async () => {
        const seconds = Date.now() / 1000;
        const text = await read().catch(() => undefined);
        if (!this.#isFrozen) this.#scrapes.push({ seconds, text });
        if (text === undefined) return new Response("no daemon", { status: 503 });
        return new Response(text, { headers: { "Content-Type": "text/plain; version=0.0.4" } });
      },
    });
  }

  get port(): number {
    return this.#server.port!;
  }

  get count(): number {
    return this.#scrapes.length;
  }

  /** When it was scraped last, in seconds since 1970. */
  get lastSeconds(): number {
    return this.#scrapes.at(-1)!.seconds;
  }

  /** Goes on to serve, but remembers nothing more. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** What a series was last. */
  last(name: string): number | undefined {
    return this.#parse(this.#scrapes.at(-1)!).get(name);
  }

  /** The series of a metric that ever were, as in `name{label="value"}`. */
  names(metric: string): string[] {
    const all = this.#scrapes.flatMap((scrape) => [...this.#parse(scrape).keys()]);
    return [...new Set(all)].filter((name) => name === metric || name.startsWith(`${metric}{`));
  }

  /** What was added to a counter between the scrapes; it begins anew at 0 where it falls. */
  added(name: string): number {
    const values = this.points(name).map(([, value]) => value);
    return values.slice(1).reduce((sum, value, i) => sum + (value < values[i]! ? value : value - values[i]!), 0);
  }

  /**
   * The same over the last `window` seconds before `end` as increase() has it: stretched to the ends of the window, by half
   * the usual distance of scrapes where no scrape is near, and not to before the counter was 0.
   */
  stretched(name: string, window: number, end: number): number {
    const points = this.points(name).filter(([seconds]) => seconds > end - window && seconds <= end);
    const [first, last] = [points[0]!, points.at(-1)!];
    const covered = last[0] - first[0];
    const distance = covered / (points.length - 1);
    const added = this.added(name);
    const sinceZero = added > 0 ? (covered * first[1]) / added : Infinity;
    const beyond = (seconds: number) => (seconds < 1.1 * distance ? seconds : distance / 2);
    const before = beyond(Math.min(first[0] - (end - window), sinceZero));
    return (added * (covered + before + beyond(end - last[0]))) / covered;
  }

  /** A series over time. */
  points(name: string): (readonly [seconds: number, value: number])[] {
    return this.#scrapes.flatMap((scrape) => {
      const value = this.#parse(scrape).get(name);
      return value === undefined ? [] : [[scrape.seconds, value] as const];
    });
  }

  /** What a series was at each multiple of `every` seconds until `end`, while it was shown. */
  each(name: string, every: number, end: number): number[] {
    const values: number[] = [];
    const first = Math.ceil(this.#scrapes[0]!.seconds / every) * every;
    for (let seconds = first; seconds <= end; seconds += every) {
      const scrape = this.#scrapes.findLast((each) => each.seconds <= seconds)!;
      const value = this.#parse(scrape).get(name);
      if (value !== undefined) values.push(value);
    }
    return values;
  }

  /** The line through a series. */
  line(name: string): ReturnType<typeof fitLine> {
    return fitLine(this.points(name));
  }

  /** The value below which the part `q` lies, and so many more, of what a histogram observed in a window. */
  quantile(q: number, histogram: string, window: number, end: number, more = 0): number {
    const buckets = this.names(`${histogram}_bucket`)
      .map((name) => ({ bound: numberIn(name), count: Math.round(this.stretched(name, window, end)) }))
      .sort((a, b) => a.bound - b.bound);
    const all = buckets.at(-1)!.count;
    if (all === 0) return Number.NaN;
    const rank = Math.min(all, Math.max(0, q * all + more));
    const at = buckets.findIndex(({ count }) => count >= rank);
    const [bucket, below] = [buckets[at]!, buckets[at - 1] ?? { bound: 0, count: 0 }];
    if (bucket.bound === Infinity) return below.bound;
    return below.bound + ((bucket.bound - below.bound) * (rank - below.count)) / (bucket.count - below.count);
  }

  #parse(scrape: Scrape): ReadonlyMap<string, number> {
    const known = this.#series.get(scrape);
    if (known) return known;
    const series = scrape.text === undefined ? new Map<string, number>() : seriesOf(parseExposition(scrape.text));
    this.#series.set(scrape, series);
    return series;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}

function numberIn(bucket: string): number {
  return Number(/le="([^"]+)"/.exec(bucket)![1]!.replace("+Inf", "Infinity"));
}

import { join } from "node:path";

import { openDatabases } from "../../src/cli/databases.ts";
import { type Config, DEFAULT_CONFIG } from "../../src/config/schema.ts";
import { Daemon } from "../../src/daemon.ts";
import type { PortMetricName } from "../../src/metrics/definitions.ts";
import type { LinkSource } from "../../src/rtnetlink/source.ts";
import { Notifier } from "../../src/systemd/notify.ts";
import { systemClock } from "../../src/util/clock.ts";
import { waitUntil } from "../support/deadline.ts";
import type { Switch } from "../support/switch.ts";
import { parseExposition, seriesName, seriesOf } from "./exposition.ts";

/** How a daemon under watch is started; the rest is the default configuration, with hardly ever an audit. */
export interface WatchedOptions {
  readonly config?: { readonly [Table in keyof Config]?: Partial<Config[Table]> };
  readonly eoiuMs?: number;
}

/** Series by their names, as in `name{label="value"}`. */
export type Series = ReadonlyMap<string, number>;

/** The names of metrics of which a daemon under watch has shown another value than 0. */
export const shown = new Set<string>();

const HARDLY_EVER_SECONDS = 86_400;

/** The daemon in the test's own process, on a real kernel and a real Redis, and what it shows of itself. */
export class WatchedDaemon implements AsyncDisposable {
  readonly #daemon: Daemon;
  #isStopped = false;

  private constructor(
    daemon: Daemon,
    readonly config: Config,
  ) {
    this.#daemon = daemon;
  }

  /** Starts it; returns when its first publish was acknowledged. */
  static async start(box: Switch, source: LinkSource, options: WatchedOptions = {}): Promise<WatchedDaemon> {
    const config = configFor(box, options.config ?? {});
    const daemon = await Daemon.start({
      config,
      source,
      openDatabase: openDatabases(config),
      clock: systemClock,
      notifier: new Notifier(undefined),
      env: {},
      once: false,
      eoiuMs: options.eoiuMs ?? 10_000,
      onBegin: () => {},
      isReal: true,
      version: "1.2.3",
      applyLogger: () => {},
    });
    return new WatchedDaemon(daemon, config);
  }

  get daemon(): Daemon {
    return this.#daemon;
  }

  /** What it shows now. */
  async text(): Promise<string> {
    return (await this.#daemon.metrics())!;
  }

  /** All series that it shows now. */
  async series(): Promise<Series> {
    const families = parseExposition(await this.text());
    for (const [name, { series }] of families) if ([...series.values()].some((value) => value !== 0)) shown.add(name);
    return seriesOf(families);
  }

  /** Waits until a series has a value; returns all series then. */
  async until(name: string, value: number, seconds = 10): Promise<Series> {
    let last: Series = new Map();
    const has = async () => (last = await this.series()).get(name) === value && last;
    return waitUntil(`${name} ${value}`, has, { seconds, seen: () => last.get(name) });
  }

  /** Waits until the totals of earlier processes are known. */
  async untilKnown(): Promise<Series> {
    let last: Series = new Map();
    const has = async () => (last = await this.series()).has("portsyncd_cold_starts_total") && last;
    return waitUntil("totals", has);
  }

  /** Ends it as SIGTERM does. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#daemon.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isStopped) await this.stop();
  }
}

function configFor(box: Switch, changes: NonNullable<WatchedOptions["config"]>): Config {
  const tables = Object.entries(DEFAULT_CONFIG).map(([name, table]) => {
    const change = changes[name as keyof Config];
    return [name, typeof table === "object" ? { ...table, ...(change as object) } : (change ?? table)];
  });
  const config = Object.fromEntries(tables) as Config;
  return {
    ...config,
    database: { ...config.database, sonic_db_config: box.db.configPath },
    performance: { ...config.performance, max_latency_us: 60_000_000, ...changes.performance }, // the machine may be busy
    audit: { interval_secs: HARDLY_EVER_SECONDS, ...changes.audit },
    shutdown: { timeout_secs: 0.5 }, // a test may leave Redis dead
    store: { ...config.store, directory: join(box.directory, "store"), ...changes.store },
    http: { ...config.http, listen: [], admin_socket: "", ...changes.http },
  };
}

/** What does not follow from what happens alone: times, sizes, and what the clock looks at. */
const OF_THE_CLOCK =
  /^(portsyncd_(event_loop|gc|alert|health|memory|store_|backup|.*_timestamp)|process_)|_seconds_(bucket|sum)\b/;

/** What happened between two looks: each counter, and count of a histogram, that is not what it was, with the difference. */
export function happened(before: Series, after: Series): Record<string, number> {
  const counted = [...after.keys()].filter((name) => /_(total|count)(\{|$)/.test(name) && !OF_THE_CLOCK.test(name));
  const differences = counted.map((name) => [name, after.get(name)! - (before.get(name) ?? 0)] as const);
  return Object.fromEntries(differences.filter(([, difference]) => difference !== 0));
}

/** What a series of each port shows. */
export function ofPorts(series: Series, name: PortMetricName, ports: readonly string[]): (number | undefined)[] {
  return ports.map((port) => series.get(seriesName(name, { port })));
}

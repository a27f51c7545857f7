import { join } from "node:path";

import { DEFAULT_CONFIG } from "../src/config/schema.ts";
import { portNames } from "../test/support/links.ts";
import { Contender } from "./contender.ts";
import { Pace } from "./paced.ts";
import type { Row } from "./report.ts";
import type { ScrapeTimes } from "./scraper.ts";
import { latencies } from "./statistics.ts";

/** Link events a second, so that it is seen what scrapers do to them. */
const EVENTS_A_SECOND = 100;
/** What is not measured: the first questions, for which the daemon reads its program. */
const WARM_SECONDS = 1;

/** Scrapers, and how long each pauses after an answer. */
interface Load {
  readonly scrapers: number;
  readonly pauseMs: number;
}

/** Measures what scrapers of the real daemon are answered over HTTP, and what links have of it. */
export async function scrapeServed(ports: number, scrapers: readonly number[], seconds: number): Promise<Row[]> {
  const config = { http: { listen: DEFAULT_CONFIG.http.listen } };
  await using contender = await Contender.portsyncd(portNames(ports), { config });
  const loads = scrapers.map((count) => ({ scrapers: count, pauseMs: 0 }));
  const rows: Row[] = [];
  await ask(contender, { scrapers: 1, pauseMs: 0 }, WARM_SECONDS);
  // One that pauses is what a Prometheus is; those without a pause are what must do no harm.
  for (const load of [{ scrapers: 0, pauseMs: 0 }, { scrapers: 1, pauseMs: 200 }, ...loads])
    rows.push(await measure(contender, load, seconds));
  return rows;
}

async function measure(contender: Contender, load: Load, seconds: number): Promise<Row> {
  using recorder = await contender.box.db.record("STATE_DB", "PORT_TABLE|*");
  const pace = new Pace(contender);
  recorder.on((event) => pace.see(event));
  const startCpuMs = contender.cpuMs;
  const asking = load.scrapers > 0 ? ask(contender, load, seconds) : undefined;
  await pace.run(EVENTS_A_SECOND, seconds);
  const times = await asking;
  const cpuMs = contender.cpuMs - startCpuMs;
  await pace.settle();
  contender.expectNoRefusal();
  const scraping = times && {
    scrapes: times.answers,
    "scrape p50 ms": times.medianMs,
    "scrape p99 ms": times.p99Ms,
    KiB: Math.round(times.bytes / 1024),
  };
  return {
    ports: contender.ports.length,
    scrapers: load.scrapers,
    "pause ms": load.pauseMs,
    ...scraping,
    "CPU %": (100 * cpuMs) / (seconds * 1000),
    ...Object.fromEntries(
      Object.entries(latencies(pace.latencies.map(({ ms }) => ms))).map(([name, us]) => [`event ${name}`, us]),
    ),
    "never seen": pace.missing,
    "ports wrong": (await contender.wrong()).length,
  };
}

async function ask(contender: Contender, { scrapers, pauseMs }: Load, seconds: number): Promise<ScrapeTimes> {
  const program = [process.execPath, "--no-env-file", join(import.meta.dir, "scraper.ts")];
  const words = ["http://127.0.0.1:9101/metrics", scrapers, pauseMs, seconds].map(String);
  const output = await contender.box.namespace.run([...program, ...words], { seconds: seconds + 30 });
  return JSON.parse(output) as ScrapeTimes;
}

import { parseArgs } from "node:util";

import { percentile } from "../test/faults/percentiles.ts";
import { median } from "./statistics.ts";

// Scrapers of a bench, in a process of their own: `bun bench/scraper.ts URL COUNT PAUSE_MS SECONDS`. Each asks, pauses and
// asks again; what came of it is printed as JSON.

/** What scrapers were answered. */
export interface ScrapeTimes {
  readonly answers: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly mostMs: number;
  /** Of the last answer, as text. */
  readonly bytes: number;
}

const { positionals } = parseArgs({ allowPositionals: true });
const [url, count, pauseMs, seconds] = positionals;
const endMs = performance.now() + Number(seconds) * 1000;
const times: number[] = [];
let bytes = 0;

async function scrape(): Promise<void> {
  while (performance.now() < endMs) {
    const startMs = performance.now();
    const response = await fetch(url!);
    bytes = (await response.text()).length;
    if (response.status !== 200) throw new Error(`${url}: ${response.status}`);
    times.push(performance.now() - startMs);
    if (Number(pauseMs) > 0) await Bun.sleep(Number(pauseMs));
  }
}

await Promise.all(Array.from({ length: Number(count) }, scrape));
const p99Ms = percentile(times, 0.99);
const found: ScrapeTimes = { answers: times.length, medianMs: median(times), p99Ms, mostMs: Math.max(...times), bytes };
console.log(JSON.stringify(found));

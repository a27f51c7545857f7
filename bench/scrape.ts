import { DirtyPorts } from "../src/port/dirtyports.ts";
import { LastingTotals } from "../src/watch/lastingtotals.ts";
import { Observations } from "../src/watch/observations.ts";
import { PortRecords } from "../src/watch/portrecords.ts";
import { CountingStore } from "../test/watch/countingstore.ts";
import { WatchBench } from "../test/watch/watchbench.ts";
import { enterBench } from "./contender.ts";
import { benchOptions, report, type Row } from "./report.ts";
import { scrapeServed } from "./servedscrape.ts";
import { median } from "./statistics.ts";
import { WHICH_DAEMON } from "./subject.ts";

const USAGE = `bun bench/scrape.ts [--ports N,...] [--runs N] [--served N] [--scrapers N,...] [--seconds N] [--json FILE]

Measures what it costs to write all metrics of so many ports, and how long that keeps others from their turn; what is
added to each event so that there is something to write; and, on the real daemon with --served ports whose links
change 100 times a second, how long scrapers wait for their answers over HTTP, and links for STATE_DB meanwhile.
${WHICH_DAEMON}`;

const LOOPS = 1_000_000;
const ROUNDS = 9;
const PORTS = 256;

async function main(): Promise<void> {
  const { numbers, json } = benchOptions(USAGE, {
    ports: "256,1024,10000,100000",
    runs: "30",
    served: "1024",
    scrapers: "1,10,100",
    seconds: "10",
  });
  enterBench();
  const scrapes: Row[] = [];
  for (const ports of numbers.ports) scrapes.push(await scrape(ports, numbers.runs[0]!));
  const served = await scrapeServed(numbers.served[0]!, numbers.scrapers, numbers.seconds[0]!);
  await report("scrape", { "scrape, the sources": scrapes, "observe, the sources": observations(), served }, json);
}

async function scrape(ports: number, runs: number): Promise<Row> {
  await using bench = await WatchBench.open(...Array.from({ length: ports }, (_, i) => `eth${i}`));
  const times: number[] = [];
  let bytes = 0;
  for (let i = 0; i < runs; i++) {
    // The pauses that a scrape makes are turns of the clock, which is turned at once: what is left is its own work.
    const turning = setInterval(() => bench.clock.turn(), 0);
    const startMs = performance.now();
    bytes = (await bench.watch.metrics.text()).length;
    times.push(performance.now() - startMs);
    clearInterval(turning);
  }
  return { ports, runs, "median ms": median(times), "most ms": Math.max(...times), KiB: Math.round(bytes / 1024) };
}

/** The least time that one of many calls took: what else runs on the machine only adds to it. */
function nanoseconds(call: (i: number) => void): number {
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const startMs = performance.now();
    for (let i = 0; i < LOOPS; i++) call(i);
    least = Math.min(least, ((performance.now() - startMs) * 1e6) / LOOPS);
  }
  return least;
}

function observations(): Row[] {
  const names = Array.from({ length: PORTS }, (_, i) => `Ethernet${i * 4}`);
  const store = new CountingStore().load();
  const observed = new Observations(store, 10_000, 0);
  const state = { admin: true, oper: true, mtu: 9100 };
  const plain = new Map<string, string>();
  const dirty = new DirtyPorts();
  const records = new PortRecords(new LastingTotals(store));
  const transitions = names.map((name, i) => {
    return { name, before: state, after: state, cause: "event", latencyMs: 0.1 + i / 100 } as const;
  });
  const row = (what: string, call: (i: number) => void): Row => ({ what, "least ns": Math.round(nanoseconds(call)) });
  return [
    row("a look at the clock", () => void performance.now()),
    row("count a latency in its bucket", (i) => void observed.eventLatency.observe((i % 1000) / 1e6)),
    row("note an acknowledged change", (i) => observed.transition(transitions[i % PORTS]!, i)),
    row("note an answer of Redis", (i) => observed.answered("STATE_DB", 1, (i % 1000) / 1e3)),
    row("note a flap", (i) => records.flap(names[i % PORTS]!)),
    row("mark a port dirty, as a map without times", (i) => {
      plain.set(names[i % PORTS]!, "event");
      if (i % PORTS === 0) plain.clear();
    }),
    row("mark a port dirty, with the time", (i) => {
      dirty.mark(names[i % PORTS]!, "event");
      if (i % PORTS === 0) dirty.take();
    }),
  ];
}

await main();
process.exit();

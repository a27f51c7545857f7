import { portNames } from "../test/support/links.ts";
import { TempDir } from "../test/support/tempdir.ts";
import { Contender, enterBench } from "./contender.ts";
import { largestHeap, LOG_COLLECTIONS, parseCollections } from "./gclog.ts";
import { Pace } from "./paced.ts";
import { benchOptions, report, type Row } from "./report.ts";
import { latencies, median } from "./statistics.ts";
import { NODE_REDIS, WHICH_DAEMON } from "./subject.ts";
import { compileYardstick } from "./yardstick.ts";

const USAGE = `bun bench/steady.ts [--ports N] [--rates N,...] [--seconds N] [--window N] [--baseline N] [--json FILE]

Changes MTUs of real links at a steady pace of so many a second, for --seconds at each rate, and takes for each change
the time from the request until STATE_DB has it; percentiles, CPU and garbage collections for each --window seconds.
Before and after, for --baseline seconds each, the same for a program that does what the C++ portsyncd does for each
message ("serial"), for the least that a program on Bun can do ("bare": receive, decode, write), and for the daemon
with its other writer ("node-redis"); the relation is to the median of "serial". What is due in a millisecond goes out
at once; "bench late" is how late this bench itself was, which may be part of the longest latencies. The collections
are those that JavaScriptCore logs (BUN_JSC_logGC) of the thread of the events, not of the history's; where it logs
none, nothing is known but the longest latency.
${WHICH_DAEMON}`;

/** The state of a program at the end of a window. */
interface Snapshot {
  readonly atMs: number;
  readonly cpuMs: number;
  readonly lines: number;
  readonly lateMs: number;
}

/** What is asked for. */
interface Plan {
  readonly rate: number;
  readonly seconds: number;
  readonly windowSeconds: number;
}

async function main(): Promise<void> {
  const defaults = { ports: "256", rates: "1000,5000", seconds: "60", window: "10", baseline: "10" };
  const { numbers, json } = benchOptions(USAGE, defaults);
  enterBench();
  await using owned = new AsyncDisposableStack();
  const yardstick = await compileYardstick(owned.use(new TempDir()));
  const names = portNames(numbers.ports[0]!);
  const daemon = owned.use(await Contender.portsyncd(names, { env: LOG_COLLECTIONS }));
  const others = [
    ...(yardstick ? [owned.use(await Contender.serial(names, yardstick))] : []),
    owned.use(await Contender.bare(names)),
    owned.use(await Contender.portsyncd(names, { config: NODE_REDIS, env: LOG_COLLECTIONS }, "node-redis")),
  ];
  const [seconds, windowSeconds, baseline] = [numbers.seconds[0]!, numbers.window[0]!, numbers.baseline[0]!];
  const rows: Row[] = [];
  for (const rate of numbers.rates) {
    const aside = { rate, seconds: baseline, windowSeconds: baseline };
    const bracket = async (): Promise<Row[]> => {
      const found: Row[] = [];
      for (const other of others) found.push(...(await run(other, aside)));
      return found;
    };
    const before = await bracket();
    const measured = await run(daemon, { rate, seconds, windowSeconds });
    const after = await bracket();
    const base = [...before, ...after].filter(({ program }) => program === "serial");
    const relation = (row: Row, name: string) => Number(row[name]) / median(base.map((each) => Number(each[name])));
    const relate = (row: Row): Row => ({
      ...row,
      "p50 to serial": relation(row, "p50 us"),
      "CPU to serial": relation(row, "CPU us/event"),
    });
    rows.push(...[...before, ...measured, ...after].map((row) => (base.length > 0 ? relate(row) : row)));
  }
  await report("steady", { "paced MTU changes": rows }, json);
}

/** Runs a plan to its end and returns a row for each window. */
async function run(contender: Contender, { rate, seconds, windowSeconds }: Plan): Promise<Row[]> {
  const recorder = await contender.box.db.record("STATE_DB", "PORT_TABLE|*");
  const pace = new Pace(contender);
  recorder.on((event) => pace.see(event));
  const snapshots: Snapshot[] = [];
  const windows = Math.ceil(seconds / windowSeconds);
  const snap = (atMs: number) => {
    const { cpuMs, running } = contender;
    snapshots.push({ atMs, cpuMs, lines: running.lines.length, lateMs: pace.latestMs });
    pace.latestMs = 0;
  };
  await pace.run(rate, seconds, (nowMs) => {
    recorder.clear();
    const dueMs = snapshots.length * windowSeconds * 1000;
    if (snapshots.length < windows && nowMs - (snapshots[0]?.atMs ?? nowMs) >= dueMs) snap(nowMs);
  });
  await pace.settle();
  snap(performance.now());
  contender.expectNoRefusal();
  const wrong = (await contender.wrong()).length;
  recorder[Symbol.dispose]();
  const end = { "never seen": pace.missing, "ports wrong": wrong };
  return snapshots.slice(1).map((snapshot, i) => {
    const about = { rate, program: contender.name, window: i + 1 };
    return Object.assign(about, describe(contender, pace, snapshots[i]!, snapshot), end);
  });
}

function describe(contender: Contender, pace: Pace, start: Snapshot, end: Snapshot): Record<string, number> {
  const within = pace.latencies.filter(({ atMs }) => atMs > start.atMs && atMs <= end.atMs).map(({ ms }) => ms);
  const cpuMs = end.cpuMs - start.cpuMs;
  const lines = contender.running.lines.slice(start.lines, end.lines);
  const measured = {
    events: within.length,
    ...latencies(within),
    "CPU s": cpuMs / 1000,
    "CPU us/event": (cpuMs * 1000) / Math.max(1, within.length),
    "bench late ms": end.lateMs,
  };
  const heap = largestHeap(parseCollections(contender.running.lines));
  if (heap === undefined) return measured;
  const { pausesMs, heapsKib } = parseCollections(lines).get(heap) ?? { pausesMs: [], heapsKib: [] };
  const pausedMs = pausesMs.reduce((sum, ms) => sum + ms, 0);
  const pauses = { "paused ms": pausedMs, "longest pause ms": Math.max(0, ...pausesMs) };
  return { ...measured, collections: heapsKib.length, ...pauses };
}

await main();
process.exit();

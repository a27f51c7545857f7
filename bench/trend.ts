import { TRANSITIONS_OF_A_PAGE } from "../src/store/historypage.ts";
import { TIERS } from "../src/trend/downsample.ts";
import { FLAP_WINDOW_MS, FlapLog, MOST_EPISODES } from "../src/trend/flaplog.ts";
import { rankPorts } from "../src/trend/flaptrend.ts";
import { SUBJECTS } from "../src/trend/subject.ts";
import { TieredSeries } from "../src/trend/tieredseries.ts";
import { analyse } from "../src/trend/trend.ts";
import { Asked, limitsIn, transitionAt, transitionsFrom } from "../test/store/requests.ts";
import { TempDir } from "../test/support/tempdir.ts";
import { every, Noise } from "../test/trend/noise.ts";
import { benchOptions, report, type Row } from "./report.ts";
import { median } from "./statistics.ts";

const USAGE = `bun bench/trend.ts [--points N,...] [--ports N,...] [--runs N] [--json FILE]

Measures what it costs to analyse a series of white noise, with a season and without, to take a sample, to note a
flap, to take in what was kept, to look for a port in the history, and to rank ports when one in twenty flaps now and
then, and when all flap as often as is remembered.`;

async function main(): Promise<void> {
  const { numbers, json } = benchOptions(USAGE, { points: "30,288,360,10000", ports: "256,1000,10000", runs: "30" });
  const runs = numbers.runs[0]!;
  const rows: Row[] = [];
  for (const points of numbers.points) {
    rows.push(measure(`analyse ${points} points of noise`, runs, (noise) => analysis(noise.white(points))));
    rows.push(measure(`analyse ${points} points with a season`, runs, (noise) => analysis(seasonal(noise, points))));
  }
  rows.push(measure("take 1000 samples", runs, samples));
  rows.push(measure("note 1000 flaps of 100 ports, the event path", runs, flaps));
  rows.push(measure("restore all points of all series", runs, restored));
  await using directory = new TempDir();
  rows.push(measurePage(directory.file("store"), runs));
  for (const ports of numbers.ports) {
    rows.push(measure(`rank ${ports} ports, 1 in 20 flaps`, runs, (noise) => ranking(noise, ports, ports / 20, 4)));
    rows.push(measure(`rank ${ports} ports, all flap`, runs, (noise) => ranking(noise, ports, ports, MOST_EPISODES)));
  }
  await report("trend", { trend: rows }, json, { measured: "the sources" });
}

/** The time that something takes which is prepared anew for each run. */
function measure(what: string, runs: number, prepare: (noise: Noise) => () => unknown): Row {
  const noise = new Noise(1);
  const times = Array.from({ length: runs }, () => {
    const run = prepare(noise);
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return { what, runs, "median ms": Math.round(median(times) * 100) / 100, "most ms": Math.max(...times) };
}

function analysis(values: readonly number[]): () => unknown {
  const points = every(10_000, values);
  return () => analyse(points, { threshold: { value: 10, worse: "above" } });
}

function seasonal(noise: Noise, points: number): number[] {
  return noise.white(points).map((value, i) => value + 3 * Math.sin(i / 2));
}

function samples(noise: Noise): () => unknown {
  const series = new TieredSeries({ kind: "gauge" });
  const points = every(10_000, noise.white(1000));
  return () => points.map(({ ms, value }) => series.add(ms, value));
}

function flaps(): () => unknown {
  const log = new FlapLog(0);
  const ports = Array.from({ length: 100 }, (_, i) => `Ethernet${i * 4}`);
  return () => {
    for (let i = 0; i < 1000; i++) log.add(ports[i % 100]!, i * 1000);
  };
}

/** What a start takes in from the store: every tier of every series that is kept, full. */
function restored(noise: Noise): () => unknown {
  const all = Object.values(SUBJECTS).map((subject) => new TieredSeries(subject));
  const tiers = (["day", "month"] as const).map((tier) => {
    const { capacity, stepMs } = TIERS[tier];
    return { tier, points: every(stepMs, noise.white(capacity)) };
  });
  return () => {
    for (const series of all)
      for (const { tier, points } of tiers) for (const { ms, value } of points) series.restore({ tier, ms, value });
  };
}

/** How long what is to be saved waits for a page of the history that holds nothing of what is looked for: in the thread of the store. */
function measurePage(directory: string, runs: number): Row {
  using asked = new Asked(limitsIn(directory));
  asked.save([{ ...transitionAt(0), port: "rare" }]);
  for (let i = 0; i < 10; i++) asked.save(transitionsFrom(i * 10_000, 10_000));
  return measure(
    `look for a port in ${TRANSITIONS_OF_A_PAGE} rows of the history`,
    runs,
    () => () => asked.read({ port: "rare" }),
  );
}

function ranking(noise: Noise, ports: number, flapping: number, episodes: number): () => unknown {
  const log = new FlapLog(0);
  for (let i = 0; i < flapping; i++)
    for (const ms of noise.events(episodes / FLAP_WINDOW_MS, FLAP_WINDOW_MS)) log.add(`Ethernet${i * 4}`, ms);
  return () => rankPorts(log, FLAP_WINDOW_MS, ports);
}

await main();

import { FLAP_WINDOW_MS, FlapLog, MOST_EPISODES } from "../src/trend/flaplog.ts";
import { rankPorts } from "../src/trend/flaptrend.ts";
import { TieredSeries } from "../src/trend/tieredseries.ts";
import { analyse } from "../src/trend/trend.ts";
import { every, Noise } from "../test/trend/noise.ts";
import { benchOptions, report, type Row } from "./report.ts";
import { median } from "./statistics.ts";

const USAGE = `bun bench/trend.ts [--points N,...] [--ports N,...] [--runs N] [--json FILE]

Measures what it costs to analyse a series of white noise, with a season and without, to take a sample, and to rank ports
when one in twenty flaps now and then, and when all flap as often as is remembered.`;

async function main(): Promise<void> {
  const { numbers, json } = benchOptions(USAGE, { points: "30,288,360,10000", ports: "256,1000,10000", runs: "30" });
  const runs = numbers.runs[0]!;
  const rows: Row[] = [];
  for (const points of numbers.points) {
    rows.push(measure(`analyse ${points} points of noise`, runs, (noise) => analysis(noise.white(points))));
    rows.push(measure(`analyse ${points} points with a season`, runs, (noise) => analysis(seasonal(noise, points))));
  }
  rows.push(measure("take 1000 samples", runs, samples));
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

function ranking(noise: Noise, ports: number, flapping: number, episodes: number): () => unknown {
  const log = new FlapLog(0);
  for (let i = 0; i < flapping; i++)
    for (const ms of noise.events(episodes / FLAP_WINDOW_MS, FLAP_WINDOW_MS)) log.add(`Ethernet${i * 4}`, ms);
  return () => rankPorts(log, FLAP_WINDOW_MS, ports);
}

await main();

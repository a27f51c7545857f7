import { enterBench } from "./contender.ts";
import { growth } from "./growth.ts";
import { MEASURES, MixedRun } from "./mixed.ts";
import { benchOptions, report } from "./report.ts";
import { WHICH_DAEMON } from "./subject.ts";

const USAGE = `bun bench/soak.ts [--seconds N] [--ports N] [--every N] [--seed N] [--json FILE]

Lets the daemon run for --seconds while its links go up and down, change MTU, name and ifindex, vanish and come back, and measures
every --every seconds what it holds. The growth per hour is the slope of Theil and Sen with its interval of 95 %, the first
sixth of the run left out, when the rest is 10 minutes or more; a slope whose interval holds 0 is not distinguishable from
none. The heap is what JavaScriptCore logs after its last collection. ${WHICH_DAEMON}`;

async function main(): Promise<void> {
  const { numbers, json } = benchOptions(USAGE, { seconds: "1800", ports: "64", every: "5", seed: "1" });
  enterBench();
  await using soak = await MixedRun.open(numbers.ports[0]!, numbers.seed[0]!);
  await soak.run(numbers.seconds[0]!, numbers.every[0]!);
  const measures = MEASURES.filter((measure) => soak.series(measure).length > 0);
  const { atSeconds, events } = soak.footprints.at(-1)!;
  const tables = {
    run: [{ seconds: atSeconds, notifications: events, ports: soak.ports.length, seed: numbers.seed[0]! }],
    growth: measures.map((measure) => growth(measure, soak.series(measure))),
  };
  await report("soak", tables, json, { raw: soak.footprints });
}

await main();
process.exit();

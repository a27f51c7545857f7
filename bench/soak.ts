import { enterBench } from "./contender.ts";
import { growth } from "./growth.ts";
import { MEASURES, MixedRun } from "./mixed.ts";
import { benchOptions, report } from "./report.ts";
import { UNWATCHED, WHICH_DAEMON } from "./subject.ts";

const USAGE = `bun bench/soak.ts [--seconds N] [--ports N] [--every N] [--seed N] [--json FILE]

Lets the daemon, and beside it one without a history ("unwatched"), run for --seconds while their links go up and
down, change MTU, name and ifindex, vanish and come back, and measures every --every seconds what they hold. The
growth per hour is the slope of Theil and Sen with its interval of 95 %, the first sixth of the run left out, when the
rest is 10 minutes or more; a slope whose interval holds 0 is not distinguishable from none. The heap is what
JavaScriptCore logs after the last collection, of the history's thread, too.
${WHICH_DAEMON}`;

async function main(): Promise<void> {
  const { numbers, json } = benchOptions(USAGE, { seconds: "1800", ports: "64", every: "5", seed: "1" });
  enterBench();
  const [ports, seed] = [numbers.ports[0]!, numbers.seed[0]!];
  await using watched = await MixedRun.open(ports, seed);
  await using unwatched = await MixedRun.open(ports, seed, UNWATCHED);
  const runs = { portsyncd: watched, unwatched };
  await Promise.all(Object.values(runs).map((run) => run.run(numbers.seconds[0]!, numbers.every[0]!)));
  const described = Object.entries(runs).map(([daemon, { footprints }]) => {
    const { atSeconds, events } = footprints.at(-1)!;
    return { daemon, seconds: atSeconds, notifications: events, ports, seed };
  });
  const growths = Object.entries(runs).flatMap(([daemon, run]) => {
    const measures = MEASURES.filter((measure) => run.series(measure).length > 0);
    return measures.map((measure) => Object.assign({ daemon }, growth(measure, run.series(measure))));
  });
  const raw = Object.fromEntries(Object.entries(runs).map(([daemon, { footprints }]) => [daemon, footprints]));
  await report("soak", { run: described, growth: growths }, json, { raw });
}

await main();
process.exit();

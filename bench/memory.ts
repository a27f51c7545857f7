import { readFileSync } from "node:fs";

import { DIES_WITH_US, spawnChild } from "../test/support/child.ts";
import { portNames } from "../test/support/links.ts";
import { TempDir } from "../test/support/tempdir.ts";
import { Contender, enterBench } from "./contender.ts";
import { growth } from "./growth.ts";
import { type Footprint, MEASURES, MixedRun } from "./mixed.ts";
import { benchOptions, report, type Row } from "./report.ts";
import { WHICH_DAEMON } from "./subject.ts";
import { compileYardstick } from "./yardstick.ts";

const USAGE = `bun bench/memory.ts [--ports N] [--changes N,...] [--seconds N] [--seed N] [--json FILE]

What the daemon holds after its start, after so many --changes of MTUs as fast as the kernel takes them, after
--seconds of mixed changes (up, down, mtu, rename, delete, create), and at rest again; and how it grew over the mixed
part, per hour when that took long enough to tell. Beside it, an idle Bun and a program that does what the C++
portsyncd does for each message ("serial").
${WHICH_DAEMON}`;

/** After 5 s without changes garbage is collected, and some seconds later the threads that helped have given up their memory. */
const REST_MS = 15_000;

async function main(): Promise<void> {
  const { numbers, json } = benchOptions(USAGE, { ports: "256", changes: "10000,100000", seconds: "60", seed: "1" });
  enterBench();
  await using run = await MixedRun.open(numbers.ports[0]!, numbers.seed[0]!);
  const rows = [describe("after the start", await run.measure())];
  for (const changes of numbers.changes) {
    await run.flood(changes);
    rows.push(describe(`after ${changes} more changes`, await run.measure()));
  }
  const seconds = numbers.seconds[0]!;
  const before = run.footprints.length;
  await run.run(seconds, Math.max(0.1, Math.min(1, seconds / 60)));
  const mixed = run.footprints.slice(before);
  rows.push(describe(`after ${seconds} s of mixed changes`, mixed.at(-1)!));
  await Bun.sleep(REST_MS);
  rows.push(describe("at rest again", await run.measure()));
  rows.push(...(await baselines(numbers.ports[0]!)));
  const measures = MEASURES.filter((measure) => run.series(measure).length > 0);
  const growths = measures.map((measure) => growth(measure, run.series(measure, mixed)));
  await report("memory", { footprint: rows, "growth over the mixed changes": growths }, json, { raw: run.footprints });
}

function describe(when: string, footprint: Footprint): Row {
  const known = Object.entries(footprint).filter((entry): entry is [string, number] => entry[1] !== undefined);
  return { when, ...Object.fromEntries(known.filter(([name]) => name !== "atSeconds")) };
}

/** What is there without the daemon: a Bun that does nothing, and the least that its work takes. */
async function baselines(ports: number): Promise<Row[]> {
  await using owned = new AsyncDisposableStack();
  const idle = spawnChild([
    ...DIES_WITH_US,
    process.execPath,
    "--no-env-file",
    "-e",
    "console.log(); setInterval(() => {}, 1e9)",
  ]);
  owned.defer(() => idle.kill("SIGKILL"));
  for await (const _ of idle.stdout) break;
  const rows = [{ when: "an idle Bun", ...residentMemory(idle.pid) }];
  const yardstick = await compileYardstick(owned.use(new TempDir()));
  if (yardstick) {
    const serial = owned.use(await Contender.serial(portNames(ports), yardstick));
    rows.push({ when: "serial", ...residentMemory(serial.running.pid) });
  }
  return rows;
}

function residentMemory(pid: number) {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const mib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)![1]) / 1024;
  return { "RSS MiB": mib("VmRSS"), "anonymous MiB": mib("RssAnon") };
}

await main();
process.exit();

import { join } from "node:path";

import { waitUntil } from "../test/support/deadline.ts";
import { encodeSetMtu } from "../test/support/linkmessage.ts";
import { portNames } from "../test/support/links.ts";
import { LinkSocket } from "../test/support/linksocket.ts";
import { Switch } from "../test/support/switch.ts";
import { addPorts, enterBench, prepareWarmStart } from "./contender.ts";
import { encodePort } from "./encodedkernel.ts";
import { processCpuMs } from "./libc.ts";
import type { PartsAnswer } from "./parts.ts";
import { ended, Program } from "./program.ts";
import { RedisTap } from "./redistap.ts";
import { benchOptions, report, type Row } from "./report.ts";
import { type Measured, median, medians } from "./statistics.ts";
import { measuredDaemon, WHICH_DAEMON } from "./subject.ts";

const USAGE = `bun bench/scale.ts [--kernel N,...] [--messages N,...] [--events N] [--rounds N] [--runs N] [--json FILE]

What ports cost, real links of the kernel (--kernel) and more than fit there, told by encoded messages (--messages).
Starts the daemon warm, on links or on a recording (--source replay), --runs times: first sync is from exec to the
last row, RSS then and 15 s later. Then the daemon's parts from the sources, all sizes side by side: --rounds times
each size has --events single changes, each written and acknowledged before the next, and an audit. CPU to smallest is
that of the same round at the smallest size of the same source.
${WHICH_DAEMON}`;

const SECONDS = 300;
/** After the first sync, until garbage was collected and memory given back. */
const REST_MS = 15_000;
const FIRST_MTU = 1600;
const MTUS = 7000;

/** A number of ports, with the daemon's parts running on them. */
interface Size {
  readonly source: "kernel" | "messages";
  readonly ports: number;
  readonly started: Record<string, number>;
  readonly rounds: Measured[];
  readonly parts: Program;
  /** Makes single changes; returns the CPU time they took the parts, in milliseconds. */
  readonly change: (events: number) => Promise<number>;
}

async function main(): Promise<void> {
  const defaults = {
    kernel: "1024,2048,4096",
    messages: "256,1000,10000,100000",
    events: "1000",
    rounds: "5",
    runs: "3",
  };
  const { numbers, json } = benchOptions(USAGE, defaults);
  enterBench();
  await using owned = new AsyncDisposableStack();
  const sizes: Size[] = [];
  for (const ports of numbers.kernel) sizes.push(await openSize(owned, "kernel", ports, numbers.runs[0]!));
  for (const ports of numbers.messages) sizes.push(await openSize(owned, "messages", ports, numbers.runs[0]!));
  for (let round = -1; round < numbers.rounds[0]!; round++) {
    for (const size of sizes) {
      const measured = await runRound(size, numbers.events[0]!);
      if (round >= 0) size.rounds.push(measured); // the first is for the compilers
    }
  }
  await report("scale", { "medians of the runs and of the rounds": sizes.map((size) => describe(size, sizes)) }, json);
}

async function openSize(
  owned: AsyncDisposableStack,
  source: Size["source"],
  ports: number,
  runs: number,
): Promise<Size> {
  const box = owned.use(await Switch.open());
  const names = portNames(ports);
  await prepareWarmStart(box, names);
  const recording = join(box.directory, "recording");
  if (source === "kernel") await addPorts(box, names);
  else await Bun.write(recording, Buffer.concat(names.map((name, i) => encodePort(name, i + 1))));
  const args = source === "kernel" ? [] : ["--source", `replay:${recording}`];
  const starts: Measured[] = [];
  for (let run = 0; run < runs; run++) starts.push(await start(box, ports, args));
  const words = [join(import.meta.dir, "parts.ts"), box.db.configPath, source === "kernel" ? source : `${ports}`];
  const parts = owned.use(new Program(box.namespace, [process.execPath, "--no-env-file", ...words]));
  await parts.hear("{", 0, SECONDS);
  const change = source === "kernel" ? changeLinks(owned, box, names, parts) : askToChange(parts);
  return { source, ports, started: medians(starts), rounds: [], parts, change };
}

/** Starts the daemon warm and ends it again. */
async function start(box: Switch, ports: number, args: readonly string[]): Promise<Measured> {
  const recorder = await box.db.record("STATE_DB", "PORT_TABLE|*");
  const daemon = await box.start({ binary: measuredDaemon().binary, args });
  const seen = new Set<string>();
  let lastMs = 0;
  recorder.on(({ key, event, atMs }) => {
    if (event === "hset" && seen.size < ports && seen.add(key).size === ports) lastMs = atMs;
  });
  const hopeless = () => ended(daemon);
  await waitUntil(`HSET of all ${ports} ports`, () => lastMs > 0, { seconds: SECONDS, everyMs: 10, hopeless });
  const { cpuSeconds, rssKib } = daemon.usage();
  recorder[Symbol.dispose]();
  await Bun.sleep(REST_MS);
  const rest = daemon.usage();
  await daemon.stop(SECONDS);
  return {
    "first sync ms": lastMs - daemon.startedMs,
    "first sync CPU ms": cpuSeconds * 1000,
    "RSS MiB": rssKib / 1024,
    "at rest MiB": rest.rssKib / 1024,
    "of it anonymous": rest.anonymousKib / 1024,
  };
}

/** Changes real links, from here, one after the other; each is visible in STATE_DB before the next. */
function changeLinks(
  owned: AsyncDisposableStack,
  box: Switch,
  names: readonly string[],
  parts: Program,
): Size["change"] {
  const requests = owned.use(new LinkSocket(box.namespace));
  const tap = owned.use(new RedisTap(box.db.server("STATE_DB").socketPath));
  tap.follow(box.db.databases.STATE_DB.id, "PORT_TABLE|*");
  const links = requests.dump();
  let told = 0;
  return async (events) => {
    const cpuMs = processCpuMs(parts.pid);
    for (let i = 0; i < events; i++) {
      const name = names[told++ % names.length]!;
      requests.send(encodeSetMtu(links.get(name)!.ifindex, FIRST_MTU + (told % MTUS)));
      tap.untilChanged(`PORT_TABLE|${name}`);
    }
    return processCpuMs(parts.pid) - cpuMs;
  };
}

function askToChange(parts: Program): Size["change"] {
  return async (events) => (await ask(parts, `change ${events}`)).cpuMs;
}

async function ask(parts: Program, line: string): Promise<PartsAnswer> {
  return JSON.parse(await parts.ask(line, "{", SECONDS)) as PartsAnswer;
}

async function runRound({ parts, change }: Size, events: number): Promise<Measured> {
  const cpuMs = await change(events);
  const audit = await ask(parts, "audit");
  return { "CPU us/event": (cpuMs * 1000) / events, "audit ms": audit.ms, "audit CPU ms": audit.cpuMs };
}

function describe(size: Size, sizes: readonly Size[]): Row {
  const { source, ports, started, rounds } = size;
  const smallest = sizes.find((other) => other.source === source)!;
  const ratios = rounds.map((round, i) => round["CPU us/event"]! / smallest.rounds[i]!["CPU us/event"]!);
  return { source, ports, ...started, ...medians(rounds), "CPU to smallest": median(ratios) };
}

await main();
process.exit();

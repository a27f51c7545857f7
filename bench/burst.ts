import type { KeyspaceRecorder } from "../test/support/keyspace.ts";
import { portNames } from "../test/support/links.ts";
import { LinkWatch } from "../test/support/linksocket.ts";
import { TempDir } from "../test/support/tempdir.ts";
import { Contender, enterBench } from "./contender.ts";
import { hsetsPerSecond } from "./redislimit.ts";
import { benchOptions, report, type Row } from "./report.ts";
import { type Measured, medians } from "./statistics.ts";
import { WHICH_DAEMON } from "./subject.ts";
import { compileYardstick } from "./yardstick.ts";

const USAGE = `bun bench/burst.ts [--ports N,...] [--events N,...] [--rounds N] [--json FILE]

Changes MTUs of real links as fast as the kernel takes it, and measures how long STATE_DB is behind after the last
change. In each round the daemon takes turns with itself without a history ("unwatched"), with a program that does
what the C++ portsyncd does for each message ("serial"), the least that a program on Bun can do ("bare"), one that
only receives ("recv"), and redis-benchmark's HSETs of four fields in a pipeline; the order is turned round with each
round, so an even number is best. The numbers are medians of the rounds; how long it took is that of the rounds in
which STATE_DB became right, and the relation that of those in which "serial" lost nothing.
${WHICH_DAEMON}`;

/** Redis is quiet for so long: the program has said all it has to say. */
const QUIET_MS = 300;
const GIVE_UP_MS = 60_000;

/** A program, and what Redis tells of its writes; a program that writes none has no recorder. */
interface Runner {
  readonly contender: Contender;
  readonly recorder: KeyspaceRecorder | undefined;
}

async function main(): Promise<void> {
  const { numbers, json } = benchOptions(USAGE, { ports: "256,1024", events: "1000,5000,20000,100000", rounds: "4" });
  enterBench();
  await using directory = new TempDir();
  const yardstick = await compileYardstick(directory);
  const rows: Row[] = [];
  for (const ports of numbers.ports) {
    await using owned = new AsyncDisposableStack();
    const names = portNames(ports);
    const runners = [await follow(owned.use(await Contender.portsyncd(names)))];
    runners.push(await follow(owned.use(await Contender.unwatched(names))));
    runners.push(await follow(owned.use(await Contender.bare(names))));
    if (yardstick) {
      runners.push(await follow(owned.use(await Contender.serial(names, yardstick))));
      runners.push({ contender: owned.use(await Contender.recv(names, yardstick)), recorder: undefined });
    }
    for (const runner of runners) await burst(runner, numbers.events[0]!); // for the compilers
    const notifications = notificationsPerChange(runners[0]!.contender);
    for (const events of numbers.events) {
      for (const row of await compare(runners, events, numbers.rounds[0]!)) {
        rows.push(Object.assign(row, { "notifications/change": notifications }));
      }
    }
  }
  await report("burst", { "bursts of MTU changes": rows }, json);
}

async function follow(contender: Contender): Promise<Runner> {
  return { contender, recorder: await contender.box.db.record("STATE_DB", "PORT_TABLE|*") };
}

function notificationsPerChange(contender: Contender): number {
  let heard = 0;
  using watch = new LinkWatch(() => heard++, contender.box.namespace);
  const [ifindex] = contender.ifindexes();
  contender.requests.send(contender.setMtu([ifindex!], contender.nextMtu()));
  watch.poll();
  return heard;
}

async function compare(runners: readonly Runner[], events: number, rounds: number): Promise<Row[]> {
  const measured = runners.map((): Measured[] => []);
  const limits: Measured[] = [];
  const { box, ports } = runners.at(-1)!.contender; // one that others are not compared with: what follows this is slower
  for (let round = 0; round < rounds; round++) {
    // Now forwards, now backwards: who comes first finds another machine than who comes next.
    const turns = [...runners.keys()].sort((a, b) => (round % 2 === 0 ? a - b : b - a));
    for (const i of turns) measured[i]!.push(await burst(runners[i]!, events));
    limits.push({ "applied/s": await hsetsPerSecond(box.db.server("STATE_DB").socketPath, ports.length) });
  }
  const about = { ports: ports.length, events };
  const named = (name: string) => measured[runners.findIndex(({ contender }) => contender.name === name)] ?? [];
  return [
    ...runners.map(({ contender }, i) => ({
      ...about,
      program: contender.name,
      ...summary(measured[i]!),
      ...(contender.name === "portsyncd" ? relation(measured[i]!, named("serial"), named("unwatched")) : {}),
    })),
    { ...about, program: "redis-benchmark", ...medians(limits) },
  ];
}

function summary(runs: readonly Measured[]): Record<string, number> {
  const wrong = runs.flatMap((run) => run["ports wrong"] ?? []);
  if (wrong.length === 0) return medians(runs);
  const right = { "rounds right": wrong.filter((ports) => ports === 0).length, "ports wrong": Math.max(...wrong) };
  return { ...medians(runs), ...right };
}

/** How the daemon's numbers relate to those of the same round that they are compared with. */
function relation(
  daemon: readonly Measured[],
  serial: readonly Measured[],
  unwatched: readonly Measured[],
): Record<string, number> {
  const whole = daemon.flatMap((run, i) => (serial[i]?.["overruns"] === 0 ? [[run, serial[i]] as const] : []));
  const names = ["CPU us/event", "behind ms", "applied/s"];
  const ratios = whole.map(([ours, theirs]) =>
    Object.fromEntries(names.map((name) => [`${name} to serial`, quotient(ours[name], theirs[name])])),
  );
  const cpu = "CPU us/event";
  const watching = daemon.map((run, i) => ({ [`${cpu} to unwatched`]: quotient(run[cpu], unwatched[i]?.[cpu]) }));
  return { ...medians(ratios), ...medians(watching) };
}

function quotient(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || !b ? undefined : a / b;
}

/** Sends the changes in rounds over all ports, a round in one datagram; returns when the first was sent, and the last. */
async function send(contender: Contender, events: number): Promise<[startMs: number, endMs: number]> {
  const ifindexes = contender.ifindexes();
  const startMs = performance.now();
  let endMs = startMs;
  for (let sent = 0; sent < events; sent += ifindexes.length) {
    contender.requests.send(contender.setMtu(ifindexes.slice(0, events - sent), contender.nextMtu()));
    endMs = performance.now();
    // What Redis reports meanwhile is stamped between the rounds.
    await new Promise(setImmediate);
  }
  return [startMs, endMs];
}

async function burst({ contender, recorder }: Runner, events: number): Promise<Measured> {
  await recorder?.sync();
  recorder?.clear();
  const [cpuMs, overruns] = [contender.cpuMs, contender.overruns];
  const [startMs, endMs] = await send(contender, events);
  const wrong = await untilRight(contender, recorder, endMs);
  contender.expectNoRefusal();
  const told = {
    "events/s": events / ((endMs - startMs) / 1000),
    overruns: contender.overruns - overruns,
    "CPU us/event": ((contender.cpuMs - cpuMs) * 1000) / events,
    "RSS MiB": contender.rssKib / 1024,
  };
  if (!recorder) return told;
  const written = { ...told, "ports wrong": wrong, writes: recorder.events.length };
  if (wrong > 0) return written;
  const lastMs = Math.max(endMs, recorder.events.at(-1)?.atMs ?? 0);
  return { ...written, "behind ms": lastMs - endMs, "applied/s": events / ((lastMs - startMs) / 1000) };
}

/** Waits until Redis is quiet and STATE_DB is right, or until it stays wrong; returns how many ports are. */
async function untilRight(
  contender: Contender,
  recorder: KeyspaceRecorder | undefined,
  endMs: number,
): Promise<number> {
  for (;;) {
    await Bun.sleep(QUIET_MS / 10);
    const quietMs = performance.now() - Math.max(endMs, recorder?.events.at(-1)?.atMs ?? 0);
    if (quietMs < QUIET_MS) continue;
    if (!recorder) return 0;
    const wrong = (await contender.wrong()).length;
    if (wrong === 0 || quietMs > 10 * QUIET_MS || performance.now() - endMs > GIVE_UP_MS) return wrong;
  }
}

await main();
process.exit();

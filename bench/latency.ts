import { portNames } from "../test/support/links.ts";
import { TempDir } from "../test/support/tempdir.ts";
import { Contender, enterBench } from "./contender.ts";
import { monotonicMs } from "./libc.ts";
import type { Program } from "./program.ts";
import { RedisTap } from "./redistap.ts";
import { benchOptions, report, type Row } from "./report.ts";
import { type Stamp, STAMPS } from "./stamped.ts";
import { latencies, median } from "./statistics.ts";
import { WHICH_DAEMON } from "./subject.ts";
import { compileYardstick } from "./yardstick.ts";

const USAGE = `bun bench/latency.ts [--ports N] [--events N] [--rounds N] [--json FILE]

Changes the MTU of one real link after the other, each when the program is at rest, and takes the time from the
request to the keyspace event of the write, as a subscriber has it that is blocked in poll(2). In each round the
daemon takes turns with a program that does what the C++ portsyncd does for each message ("serial"), with the least
that a program on Bun can do ("bare": receive, decode, write), with the daemon's parts from the sources, whose seams
are stamped, and with what nobody can do without: the change where nobody listens, and an HSET of this bench. The time
after the kernel's notification is p50 less that of the change alone: the notification comes at the end of the change,
and what it wakes often runs before the one who asked.
${WHICH_DAEMON}`;

/** How long a program may come to rest between two changes. */
const REST_MS = 2;
const FLOOR_KEY = "PORT_TABLE|floor";

/** The times of one change, on monotonicMs(). */
interface Sample {
  /** Before the request. */
  readonly askedMs: number;
  /** A subscriber of STATE_DB has the event; of the change alone, after the request. */
  readonly visibleMs: number;
}

/** What is measured of one program. */
interface Subject {
  readonly name: string;
  readonly samples: Sample[];
  /** Medians of the rounds, in milliseconds. */
  readonly roundsMs: number[];
  cpuMs: number;
  readonly contender: Contender | undefined;
  readonly change: (i: number) => Sample;
}

const ALONE = "change alone";

function elapsed({ askedMs, visibleMs }: Sample): number {
  return visibleMs - askedMs;
}

function subject(name: string, contender: Contender | undefined, change: (i: number) => Sample): Subject {
  return { name, samples: [], roundsMs: [], cpuMs: 0, contender, change };
}

function openSubject(contender: Contender, tap: RedisTap): Subject {
  const { db } = contender.box;
  tap.follow(db.databases.STATE_DB.id, "PORT_TABLE|*");
  const ifindexes = contender.ifindexes();
  const change = (i: number): Sample => {
    const port = i % ifindexes.length;
    const request = contender.setMtu([ifindexes[port]!], contender.nextMtu());
    tap.drain();
    const askedMs = monotonicMs();
    contender.requests.send(request);
    return { askedMs, visibleMs: tap.untilChanged(`PORT_TABLE|${contender.ports[port]!}`) };
  };
  return subject(contender.name, contender, change);
}

/** The request in a namespace where nobody has joined the group. */
function openAlone(nobody: Contender): Subject {
  const ifindexes = nobody.ifindexes();
  return subject(ALONE, undefined, (i) => {
    const request = nobody.setMtu([ifindexes[i % ifindexes.length]!], nobody.nextMtu());
    const askedMs = monotonicMs();
    nobody.requests.send(request);
    return { askedMs, visibleMs: monotonicMs() };
  });
}

/** This bench's own HSET of the same row, over a connection of its own: what no program can do without. */
function openFloor(nobody: Contender, writer: RedisTap, tap: RedisTap): Subject {
  const { id } = nobody.box.db.databases.STATE_DB;
  writer.send("SELECT", `${id}`);
  writer.next();
  tap.follow(id, FLOOR_KEY);
  const change = (i: number): Sample => {
    tap.drain();
    const askedMs = monotonicMs();
    const fields = ["state", "ok", "netdev_oper_status", "up", "admin_status", "up", "mtu", `${i}`];
    writer.send("HSET", FLOOR_KEY, ...fields);
    const visibleMs = tap.untilChanged(FLOOR_KEY);
    writer.next();
    return { askedMs, visibleMs };
  };
  return subject("HSET alone", undefined, change);
}

async function runRound(subject: Subject, events: number): Promise<void> {
  const samples: Sample[] = [];
  const before = subject.contender?.cpuMs ?? 0;
  for (let i = 0; i < events; i++) {
    await Bun.sleep(REST_MS);
    samples.push(subject.change(subject.samples.length + i));
  }
  subject.cpuMs += (subject.contender?.cpuMs ?? 0) - before;
  subject.roundsMs.push(median(samples.map(elapsed)));
  subject.samples.push(...samples);
  subject.contender?.expectNoRefusal();
  const wrong = await subject.contender?.wrong();
  if (wrong?.length) throw new Error(`${subject.name} has ${wrong.length} ports wrong: ${wrong[0]}`);
}

function describe(subject: Subject, serial: Subject | undefined, aloneUs: number): Row {
  const times = latencies(subject.samples.map(elapsed));
  const row = { program: subject.name, events: subject.samples.length, ...times };
  if (!subject.contender) return row;
  const ratios = subject.roundsMs.map((ms, i) => ms / (serial?.roundsMs[i] ?? Number.NaN));
  return {
    ...row,
    "p50 us after the notification": times["p50 us"]! - aloneUs,
    "CPU us/event": (subject.cpuMs * 1000) / subject.samples.length,
    ...(serial ? { "p50 to serial": median(ratios) } : {}),
  };
}

/** Where the time goes in the daemon's parts: for each change the flush that it caused. */
function describeStages(samples: readonly Sample[], stamps: readonly Stamp[]): Row[] {
  const found = samples.flatMap((sample) => {
    const stamp = stamps.find(({ wokenMs, writtenMs }) => wokenMs >= sample.askedMs && writtenMs <= sample.visibleMs);
    return stamp ? [{ ...sample, ...stamp }] : [];
  });
  const stages = {
    "change and wake-up: request to the bell's callback": found.map((at) => at.wokenMs - at.askedMs),
    "receive: to the first datagram": found.map((at) => at.receivedMs - at.wokenMs),
    "decode: to the commands, rules included": found.map((at) => at.writtenMs - at.receivedMs),
    "write: to a subscriber's event": found.map((at) => at.visibleMs - at.writtenMs),
    "acknowledge: from the commands to Redis' answer": found.map((at) => at.acknowledgedMs - at.writtenMs),
  };
  return Object.entries(stages).map(([stage, ms]) => Object.assign({ stage, events: ms.length }, latencies(ms)));
}

async function main(): Promise<void> {
  const { numbers, json } = benchOptions(USAGE, { ports: "256", events: "2000", rounds: "10" });
  enterBench();
  await using owned = new AsyncDisposableStack();
  const yardstick = await compileYardstick(owned.use(new TempDir()));
  const names = portNames(numbers.ports[0]!);
  const tap = ({ box }: Contender) => owned.use(new RedisTap(box.db.server("STATE_DB").socketPath));
  const daemon = owned.use(await Contender.portsyncd(names));
  const stamped = owned.use(await Contender.stamped(names));
  const serial = yardstick ? owned.use(await Contender.serial(names, yardstick)) : undefined;
  const bare = owned.use(await Contender.bare(names));
  const contenders = [daemon, ...(serial ? [serial] : []), bare, stamped];
  const subjects = contenders.map((contender) => openSubject(contender, tap(contender)));
  const nobody = owned.use(await Contender.nobody(names));
  subjects.push(openAlone(nobody), openFloor(nobody, tap(nobody), tap(nobody)));
  const [events, rounds] = [numbers.events[0]!, numbers.rounds[0]!];
  const each = Math.ceil(events / rounds);
  // The first round is for the compilers.
  for (const subject of subjects) await runRound({ ...subject, samples: [], roundsMs: [] }, each);
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) await runRound(subject, each);
  }
  const program = stamped.running as Program;
  await program.stop();
  const stamps = JSON.parse((await program.hear(STAMPS)).slice(STAMPS.length)) as Stamp[];
  const named = (name: string) => subjects.find((subject) => subject.name === name);
  const aloneUs = latencies(named(ALONE)!.samples.map(elapsed))["p50 us"]!;
  const tables = {
    "from the request to a subscriber of STATE_DB": subjects.map((subject) =>
      describe(subject, named("serial"), aloneUs),
    ),
    "stages of the daemon's parts": describeStages(named("stamped")!.samples, stamps),
  };
  await report("latency", tables, json);
}

await main();
process.exit();

import type { Daemon } from "../test/support/daemon.ts";
import type { KeyspaceRecorder } from "../test/support/keyspace.ts";
import { encodeSetMtu, type LinkNotice } from "../test/support/linkmessage.ts";
import { portNames } from "../test/support/links.ts";
import { LinkSocket, LinkWatch } from "../test/support/linksocket.ts";
import { Namespace } from "../test/support/namespace.ts";
import { rowDifferences } from "../test/support/portrow.ts";
import { enterPrivateNetwork } from "../test/support/privatenetwork.ts";
import { canUseRedis } from "../test/support/redis.ts";
import { all } from "../test/support/requirement.ts";
import { Switch } from "../test/support/switch.ts";
import { benchOptions, report, type Row } from "./report.ts";

const USAGE = `bun bench/burst.ts [--ports N] [--events N,...] [--json FILE]

Changes MTUs of real links as fast as the kernel takes it, and measures how long STATE_DB is behind after the last change.
Runs the sources, or what PORTSYNCD_BINARY names.`;

/** Redis is quiet for so long: the daemon has said all it has to say. */
const QUIET_MS = 300;
const GIVE_UP_MS = 60_000;
const FIRST_MTU = 1280;
const MTUS = 7000;

/** What a burst is made in. */
interface Bench {
  readonly ports: readonly string[];
  readonly box: Switch;
  readonly daemon: Daemon;
  readonly requests: LinkSocket;
  readonly recorder: KeyspaceRecorder;
}

async function main(): Promise<void> {
  const { numbers, json } = benchOptions(USAGE, { ports: "256", events: "1000,5000,20000,100000" });
  const able = all(canUseRedis(), enterPrivateNetwork());
  if (!able.ok) throw new Error(able.reason);
  const ports = portNames(numbers.ports[0]!);
  await using box = await Switch.open({ namespace: Namespace.current });
  await box.configure(ports);
  const orchagent = await box.orchagent();
  const daemon = await box.start();
  await orchagent.waitFor("PortConfigDone", 20);
  await box.links.add(ports, { up: true, carrier: true });
  await orchagent.waitFor("PortInitDone", 60);
  await box.expectStateEqualsKernel(ports, { seconds: 30 });
  const recorder = await box.db.record("STATE_DB", "PORT_TABLE|*");
  using requests = new LinkSocket();
  const bench = { ports, box, daemon, requests, recorder };
  const notifications = notificationsPerChange(bench);
  await box.expectStateEqualsKernel(ports);
  const rows: Row[] = [];
  for (const events of numbers.events)
    rows.push({ ...(await burst(bench, events)), "notifications/change": notifications });
  await daemon.stop();
  await report("burst", rows, json);
}

function notificationsPerChange({ requests, ports }: Bench): number {
  const heard: LinkNotice[] = [];
  using watch = new LinkWatch((notice) => heard.push(notice));
  const { ifindex, mtu } = requests.dump().get(ports[0]!)!;
  requests.send(encodeSetMtu(ifindex, mtu + 1));
  watch.poll();
  return heard.length;
}

/** Sends the changes in rounds over all ports, a round in one datagram; returns when the first was sent, and the last. */
async function send({ requests, ports }: Bench, events: number): Promise<[startMs: number, endMs: number]> {
  const links = requests.dump();
  const ifindexes = ports.map((port) => links.get(port)!.ifindex);
  const lastMtu = links.get(ports[0]!)!.mtu;
  const startMs = performance.now();
  let endMs = startMs;
  for (let sent = 0, round = 1; sent < events; sent += ports.length, round++) {
    const mtu = FIRST_MTU + ((lastMtu - FIRST_MTU + round) % MTUS);
    const changed = ifindexes.slice(0, events - sent);
    requests.send(Buffer.concat(changed.map((ifindex) => encodeSetMtu(ifindex, mtu))));
    endMs = performance.now();
    // What Redis reports meanwhile is stamped between the rounds.
    await new Promise(setImmediate);
  }
  return [startMs, endMs];
}

async function burst(bench: Bench, events: number): Promise<Row> {
  const { box, daemon, requests, recorder, ports } = bench;
  await recorder.sync();
  recorder.clear();
  const [before, linesBefore] = [daemon.usage(), daemon.lines.length];
  const [startMs, endMs] = await send(bench, events);
  const wrong = await untilRight(bench, endMs);
  const refused = requests.refusals();
  if (refused.length > 0) throw new Error(`the kernel refused ${refused.length} changes (errno ${refused[0]})`);
  const lastMs = recorder.events.at(-1)?.atMs ?? endMs;
  await box.expectStateEqualsKernel(ports, { seconds: 1 }).catch(() => {});
  return {
    events,
    "events/s": Math.round(events / ((endMs - startMs) / 1000)),
    "behind ms": Math.max(0, lastMs - endMs),
    "ports wrong": wrong.length,
    overruns: daemon.lines.slice(linesBefore).filter((line) => /netlink messages were lost/.test(line)).length,
    writes: recorder.events.length,
    "daemon CPU ms": Math.round((daemon.usage().cpuSeconds - before.cpuSeconds) * 1000),
    "RSS MiB": daemon.usage().rssKib / 1024,
  };
}

/** Waits until Redis is quiet and STATE_DB is right, or until it stays wrong; returns what is wrong. */
async function untilRight({ box, requests, recorder, ports }: Bench, endMs: number): Promise<string[]> {
  for (;;) {
    await Bun.sleep(QUIET_MS / 10);
    const quietMs = performance.now() - Math.max(endMs, recorder.events.at(-1)?.atMs ?? 0);
    if (quietMs < QUIET_MS) continue;
    const wrong = rowDifferences(ports, await box.db.state.hashes("PORT_TABLE|*"), requests.dump());
    if (wrong.length === 0 || quietMs > 10 * QUIET_MS || performance.now() - endMs > GIVE_UP_MS) return wrong;
  }
}

await main();
process.exit();

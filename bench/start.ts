import { daemonCommand, freshBinary } from "../test/support/daemon.ts";
import type { KeyspaceRecorder } from "../test/support/keyspace.ts";
import { portNames } from "../test/support/links.ts";
import { Namespace } from "../test/support/namespace.ts";
import { enterPrivateNetwork } from "../test/support/privatenetwork.ts";
import { canUseRedis } from "../test/support/redis.ts";
import { all } from "../test/support/requirement.ts";
import { Switch } from "../test/support/switch.ts";
import { benchOptions, median, report, type Row } from "./report.ts";

const USAGE = `bun bench/start.ts [--ports N] [--runs N] [--json FILE]

Starts the compiled daemon again and again in a clean network: cold, where the links are made when it has pushed
PortConfigDone, and warm, where they are there. Measures dist/portsyncd, or what PORTSYNCD_BINARY names; without either,
or when the sources are newer, the sources.`;

const SECONDS = 60;
const ENABLE_KEY = "WARM_RESTART_ENABLE_TABLE|swss";

async function main(): Promise<void> {
  const { numbers, json } = benchOptions(USAGE, { ports: "256", runs: "5" });
  const able = all(canUseRedis(), enterPrivateNetwork());
  if (!able.ok) throw new Error(able.reason);
  const ports = portNames(numbers.ports[0]!);
  const binary = process.env["PORTSYNCD_BINARY"] ?? freshBinary();
  console.log(`measuring ${daemonCommand(binary).join(" ")}`);
  const rows: Row[] = [];
  for (const [start, measure] of [
    ["cold", cold],
    ["warm", warm],
  ] as const) {
    const runs: Measured[] = [];
    for (let i = 0; i < numbers.runs[0]!; i++) runs.push(await measure(ports, binary));
    rows.push({ start, ports: ports.length, runs: runs.length, ...medians(runs) });
  }
  await report("start", rows, json);
}

/** The numbers of one start, by name. */
type Measured = Readonly<Record<string, number>>;

function medians(runs: readonly Measured[]): Row {
  return Object.fromEntries(Object.keys(runs[0]!).map((name) => [name, median(runs.map((run) => run[name]!))]));
}

/** When the last port was written first, on performance.now(). */
async function lastPort(recorder: KeyspaceRecorder, ports: number): Promise<number> {
  const seen = new Set<string>();
  const last = await recorder.waitFor(
    `HSET of all ${ports} ports`,
    ({ key, event }) => event === "hset" && seen.add(key).size === ports,
    { seconds: SECONDS },
  );
  return last.atMs;
}

async function cold(ports: readonly string[], binary: string | undefined): Promise<Measured> {
  await using box = await Switch.open({ namespace: Namespace.current });
  await box.configure(ports);
  const state = await box.db.record("STATE_DB", "PORT_TABLE|*");
  const appl = await box.db.record("APPL_DB", "_PORT_TABLE:PortConfigDone");
  const daemon = await box.start({ binary });
  const done = await appl.waitFor("PortConfigDone", ({ event }) => event === "hset", { seconds: SECONDS });
  const all = lastPort(state, ports.length);
  await box.pop();
  const makeMs = performance.now();
  await box.links.add(ports);
  const madeMs = performance.now();
  const lastMs = await all;
  const { rssKib, anonymousKib } = daemon.usage();
  await daemon.stop();
  await remove(box, ports);
  return {
    "PortConfigDone ms": done.atMs - daemon.startedMs,
    "last port ms": lastMs - daemon.startedMs,
    "of that making links ms": madeMs - makeMs,
    "behind last link ms": Math.max(0, lastMs - madeMs),
    "RSS MiB": rssKib / 1024,
    "anonymous MiB": anonymousKib / 1024,
  };
}

async function warm(ports: readonly string[], binary: string | undefined): Promise<Measured> {
  await using box = await Switch.open({ namespace: Namespace.current });
  await box.configure(ports);
  await box.links.add(ports);
  await Promise.all(ports.map((port) => box.db.appl.hset(`PORT_TABLE:${port}`, { admin_status: "up", mtu: "9100" })));
  await box.db.appl.hset("PORT_TABLE:PortConfigDone", { count: `${ports.length}` });
  await box.db.state.hset(ENABLE_KEY, { enable: "true" });
  await box.db.state.hset("WARM_RESTART_TABLE|portsyncd", { restore_count: "0" });
  const state = await box.db.record("STATE_DB", "PORT_TABLE|*");
  const all = lastPort(state, ports.length);
  const daemon = await box.start({ binary });
  const lastMs = await all;
  const { rssKib, anonymousKib } = daemon.usage();
  await daemon.stop();
  await remove(box, ports);
  return {
    "last port ms": lastMs - daemon.startedMs,
    "RSS MiB": rssKib / 1024,
    "anonymous MiB": anonymousKib / 1024,
  };
}

/** Leaves the network as clean as it was; a group goes much faster than a link at a time. */
async function remove(box: Switch, ports: readonly string[]): Promise<void> {
  await box.links.batch([...ports.map((port) => `link set dev ${port} group 1`), "link delete group 1"]);
}

await main();
process.exit();

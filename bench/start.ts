import { join } from "node:path";

import { DEFAULT_CONFIG } from "../src/config/schema.ts";
import type { DaemonConfig } from "../test/support/daemon.ts";
import type { KeyspaceRecorder } from "../test/support/keyspace.ts";
import { portNames } from "../test/support/links.ts";
import { Namespace } from "../test/support/namespace.ts";
import { Switch } from "../test/support/switch.ts";
import { enterBench, prepareWarmStart } from "./contender.ts";
import { benchOptions, report, type Row } from "./report.ts";
import { type Measured, medians } from "./statistics.ts";
import { measuredDaemon, WHICH_DAEMON } from "./subject.ts";

const USAGE = `bun bench/start.ts [--ports N] [--runs N] [--json FILE]

Starts the daemon again and again in a clean network: cold, where the links are made when it has pushed PortConfigDone,
and warm, where they are there. ${WHICH_DAEMON}`;

const SECONDS = 60;

async function main(): Promise<void> {
  const { numbers, json } = benchOptions(USAGE, { ports: "256", runs: "5" });
  enterBench();
  const ports = portNames(numbers.ports[0]!);
  const { binary } = measuredDaemon();
  const rows: Row[] = [];
  for (const [start, measure] of [
    ["cold", cold],
    ["warm", warm],
  ] as const) {
    const runs: Measured[] = [];
    for (let i = 0; i < numbers.runs[0]!; i++) runs.push(await measure(ports, binary));
    rows.push({ start, ports: ports.length, runs: runs.length, ...medians(runs) });
  }
  await report("start", { "medians of the runs": rows }, json);
}

/** The servers of an empty configuration: what they cost is part of what is measured. */
function withServers({ directory }: Switch): DaemonConfig {
  return { http: { listen: DEFAULT_CONFIG.http.listen, admin_socket: join(directory, "admin.sock") } };
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
  const daemon = await box.start({ binary, config: withServers(box) });
  const done = await appl.waitFor("PortConfigDone", ({ event }) => event === "hset", { seconds: SECONDS });
  const all = lastPort(state, ports.length);
  while ((await box.pop()).length > 0); // orchagent takes 1,024 rows at once
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
  await box.links.add(ports);
  await prepareWarmStart(box, ports);
  const state = await box.db.record("STATE_DB", "PORT_TABLE|*");
  const all = lastPort(state, ports.length);
  const daemon = await box.start({ binary, config: withServers(box) });
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

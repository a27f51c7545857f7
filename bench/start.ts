import { join } from "node:path";

import { DEFAULT_CONFIG } from "../src/config/schema.ts";
import type { DaemonConfig } from "../test/support/daemon.ts";
import { waitUntil } from "../test/support/deadline.ts";
import type { KeyspaceRecorder } from "../test/support/keyspace.ts";
import { portNames } from "../test/support/links.ts";
import { LinkWatch } from "../test/support/linksocket.ts";
import { Namespace } from "../test/support/namespace.ts";
import { Switch } from "../test/support/switch.ts";
import { enterBench, prepareWarmStart } from "./contender.ts";
import { benchOptions, report, type Row } from "./report.ts";
import { type Measured, medians } from "./statistics.ts";
import { measuredDaemon, WHICH_DAEMON } from "./subject.ts";

const USAGE = `bun bench/start.ts [--ports N] [--runs N] [--json FILE]

Starts the daemon again and again in a clean network: cold, where the links are made when it has pushed
PortConfigDone, warm, where they are there, and cold where an earlier start has left them ("old"): how long it takes
from PortConfigDone until all are down, beside one sh(1) and one ip(8) for each, as the C++ portsyncd does it.
${WHICH_DAEMON}`;

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
    ["old", old],
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

/** How long it takes to bring down what an earlier start has left up. */
async function old(ports: readonly string[], binary: string | undefined): Promise<Measured> {
  await using box = await Switch.open({ namespace: Namespace.current });
  await box.links.add(ports, { up: true });
  await box.configure(ports);
  const appl = await box.db.record("APPL_DB", "_PORT_TABLE:PortConfigDone");
  const left = new Set(ports);
  let lastMs = 0;
  using _watch = new LinkWatch((notice, atMs) => {
    if (notice.admin === "down" && left.delete(notice.ifname)) lastMs = atMs;
  });
  const daemon = await box.start({ binary, config: withServers(box) });
  const done = await appl.waitFor("PortConfigDone", ({ event }) => event === "hset", { seconds: SECONDS });
  await waitUntil("all ports down", () => left.size === 0, { seconds: SECONDS });
  await daemon.stop();
  await box.links.up(...ports);
  const forkMs = performance.now();
  for (const port of ports) Bun.spawnSync(["sh", "-c", `ip link set ${port} down`]);
  const byIpMs = performance.now() - forkMs;
  await remove(box, ports);
  return { "all down ms": lastMs - done.atMs, "by ip(8) ms": byIpMs, "to ip(8)": (lastMs - done.atMs) / byIpMs };
}

/** Leaves the network as clean as it was; a group goes much faster than a link at a time. */
async function remove(box: Switch, ports: readonly string[]): Promise<void> {
  await box.links.batch([...ports.map((port) => `link set dev ${port} group 1`), "link delete group 1"]);
}

await main();
process.exit();

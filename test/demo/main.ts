import { freshBinary } from "../support/daemon.ts";
import { waitUntil } from "../support/deadline.ts";
import { portNames } from "../support/links.ts";
import { LinkSocket, LinkWatch } from "../support/linksocket.ts";
import { Namespace } from "../support/namespace.ts";
import { enterPrivateNetwork } from "../support/privatenetwork.ts";
import { canUseRedis } from "../support/redis.ts";
import { all } from "../support/requirement.ts";
import { Switch } from "../support/switch.ts";
import { Driver } from "./driver.ts";
import { Observer } from "./observer.ts";
import { type DemoOptions, parseDemoOptions, USAGE } from "./options.ts";
import { Screen } from "./screen.ts";
import { simulate } from "./simulation.ts";
import { formatHead, formatTable, type Summary } from "./table.ts";

const STEP_MS = 150;
const SETTLE_SECONDS = 5;
const EX_USAGE = 64;
/** What setTimeout can still count. */
const FOREVER_SECONDS = 2_000_000;

/** Everything of a running demo. */
interface Demo {
  readonly options: DemoOptions;
  readonly ports: readonly string[];
  readonly box: Switch;
  readonly driver: Driver;
  readonly observer: Observer;
}

async function main(): Promise<number> {
  const options = parseDemoOptions(process.argv.slice(2));
  if (options === "help") {
    console.log(USAGE);
    return 0;
  }
  if (options instanceof Error) {
    console.error(`${options.message}\nTry: npm start -- --help`);
    return EX_USAGE;
  }
  const able = all(canUseRedis(), enterPrivateNetwork());
  const ended = endOf(options);
  if (able.ok) return onKernel(options, ended);
  console.log(
    `No real links and Redis here (${able.reason}): the daemon runs with simulated links and keeps states in memory.`,
  );
  return simulate(options, ended);
}

/** Resolves when it is time to end: a signal, or the seconds are over. A second signal ends at once. */
function endOf(options: DemoOptions): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let asked = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (asked) process.exit(130);
      asked = true;
      resolve();
    });
  }
  if (options.seconds !== undefined) setTimeout(resolve, options.seconds * 1000).unref();
  return promise;
}

async function onKernel(options: DemoOptions, ended: Promise<void>): Promise<number> {
  await using box = await Switch.open({ namespace: Namespace.current });
  const ports = portNames(options.ports);
  const observer = new Observer(ports);
  using watch = new LinkWatch((notice, atMs) => observer.seeLink(notice, atMs));
  const recorder = await box.db.record("STATE_DB", "PORT_TABLE|*");
  recorder.on(({ key, atMs }) => {
    // What the kernel said before this write counts as heard before it.
    watch.poll();
    recorder.clear();
    void box.db.state.hgetall(key).then(
      (row) => observer.seeRow(key.slice("PORT_TABLE|".length), row, atMs),
      () => {},
    );
  });
  await box.configure(ports);
  const orchagent = await box.orchagent();
  const daemon = await box.start({ binary: process.env["PORTSYNCD_BINARY"] ?? freshBinary() });
  using requests = new LinkSocket();
  const driver = new Driver(ports, box.links, requests, options.seed, () => watch.poll());
  const died = daemon.exited(FOREVER_SECONDS).then((code) => {
    throw new Error(`the daemon ended with ${code}; its last lines:\n${daemon.lines.slice(-10).join("\n")}`);
  });
  const start = async () => {
    await orchagent.waitFor("PortConfigDone", 20);
    await driver.create();
    await orchagent.waitFor("PortInitDone", 20);
    return true;
  };
  const run = async () => {
    if (await Promise.race([start(), ended.then(() => false)]))
      return drive({ options, ports, box, driver, observer }, ended);
    console.log("failed: ended before the ports were made");
    return 1;
  };
  const code = await Promise.race([run(), died]);
  died.catch(() => {});
  await daemon.stop();
  return code;
}

async function drive(demo: Demo, ended: Promise<void>): Promise<number> {
  const startedMs = performance.now();
  const { driver, observer, ports } = demo;
  const over = new AbortController();
  void ended.then(() => over.abort());
  const summary = (): Summary => {
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    return {
      title: `portsyncd: kernel links and STATE_DB, ${ports.length} ports, seed ${demo.options.seed}, ${seconds} s`,
      events: observer.events,
      wrong: observer.wrong().length,
      p50Ms: observer.latencyMs(0.5),
      p99Ms: observer.latencyMs(0.99),
    };
  };
  {
    using _screen = new Screen((room) => formatTable(observer.view(), summary(), room));
    while (!over.signal.aborted) {
      await driver.step();
      await Promise.race([Bun.sleep(STEP_MS), ended]);
    }
    await driver.restoreAll();
  }
  const differences = await settled(demo);
  console.log(formatHead(summary()).join("\n"));
  console.log(differences.join("\n") || `ok: STATE_DB equals the kernel for all ${ports.length} ports`);
  if (differences.length > 0) console.log(`failed: ${differences.length} of ${ports.length} ports differ`);
  return differences.length === 0 ? 0 : 1;
}

/** What still differs when the ports had time to become equal, read anew from ip(8) and Redis. */
async function settled({ box, ports }: Demo): Promise<string[]> {
  let last: string[] = [];
  const equal = async () => {
    last = await box.differences(ports);
    return last.length === 0;
  };
  await waitUntil("equality", equal, { seconds: SETTLE_SECONDS, everyMs: 50 }).catch(() => {});
  return last;
}

process.exitCode = await main().catch((error: Error) => {
  console.error(`failed: ${error.message}`);
  return 1;
});
process.exit();

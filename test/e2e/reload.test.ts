import { expect } from "bun:test";

import { stringify } from "smol-toml";

import type { Daemon, DaemonConfig } from "../support/daemon.ts";
import { canUseNamespaces } from "../support/namespace.ts";
import { canUseRedis } from "../support/redis.ts";
import { all } from "../support/requirement.ts";
import { Switch } from "../support/switch.ts";
import { testWith } from "../support/testwith.ts";
import { builtBinary } from "./binary.ts";

const able = all(canUseNamespaces(), canUseRedis());
type Tables = Readonly<Record<string, DaemonConfig>>;

/** The configuration with which a test's daemon runs; `changes` go over it, a table at a time. */
function configOf(box: Switch, changes: DaemonConfig = {}): DaemonConfig {
  const { database, ...others } = changes as Tables;
  const usual = { sonic_db_config: box.db.configPath };
  return { mode: "standalone", log: { level: "info" }, ...others, database: { ...usual, ...database } } as DaemonConfig;
}

async function openBox(): Promise<Switch> {
  const box = await Switch.open();
  await box.links.add(["Ethernet0"], { up: true, carrier: true });
  return box;
}

async function startIn(box: Switch, config: DaemonConfig, args: readonly string[] = []): Promise<Daemon> {
  return box.start({ binary: await builtBinary(), config: configOf(box, config), args });
}

/** Changes the file and sends SIGHUP. */
async function reload(box: Switch, daemon: Daemon, text: DaemonConfig | string): Promise<void> {
  await Bun.write(`${box.directory}/portsyncd.conf`, typeof text === "string" ? text : stringify(configOf(box, text)));
  daemon.signal("SIGHUP");
}

testWith(able, "SIGHUP changes live keys in the running daemon and names them", async () => {
  await using box = await openBox();
  const daemon = await startIn(box, {});
  await daemon.waitForLog(/1 of them ports/);
  await box.expectStateEqualsKernel(["Ethernet0"]);
  expect(daemon.lines.join("\n")).not.toMatch(/DEBUG/);
  const performance = { max_event_queue: 7, batch_timeout_ms: 5 };
  await reload(box, daemon, { log: { level: "debug" }, performance });
  await daemon.waitForLog(
    /changed: performance\.max_event_queue performance\.batch_timeout_ms log\.level$|changed: .*"performance/,
  );
  await box.links.mtu(1400, "Ethernet0");
  await daemon.waitForLog(/DEBUG .*Ethernet0/);
  await box.expectStateEqualsKernel(["Ethernet0"]);
});

testWith(able, "SIGHUP changes the format of the log", async () => {
  await using box = await openBox();
  const daemon = await startIn(box, {});
  await daemon.waitForLog(/1 of them ports/);
  await reload(box, daemon, { log: { level: "info", format: "json" } });
  const line = JSON.parse(await daemon.waitForLog(/configuration read again/)) as { properties: object };
  expect(line.properties).toEqual({ live: "log.format" });
});

testWith(able, "SIGHUP without a change says so", async () => {
  await using box = await openBox();
  const daemon = await startIn(box, {});
  await daemon.waitForLog(/1 of them ports/);
  daemon.signal("SIGHUP");
  await daemon.waitForLog(/configuration read again; changed: "?nothing/);
});

testWith(
  able,
  "SIGHUP with a wrong file keeps the old configuration and tells every issue with its place",
  async () => {
    await using box = await openBox();
    const daemon = await startIn(box, { log: { level: "debug" } });
    await daemon.waitForLog(/1 of them ports/);
    await reload(box, daemon, 'mode = "standalone"\n[log]\nlevel = "loud"\n[performance]\nmax_event_queue = 0\n');
    await daemon.waitForLog(/portsyncd\.conf:3:1: log\.level: the string .*loud.* is not allowed/);
    await daemon.waitForLog(/portsyncd\.conf:5:1: performance\.max_event_queue: 0 is not allowed/);
    await daemon.waitForLog(/kept as it was: 2 issues/);
    const seen = daemon.lines.length;
    await box.links.mtu(1400, "Ethernet0");
    await box.expectStateEqualsKernel(["Ethernet0"]);
    expect(daemon.lines.slice(seen).join("\n")).toMatch(/DEBUG .*Ethernet0/);
    await reload(box, daemon, { log: { level: "info" } });
    await daemon.waitForLog(/configuration read again; changed: "?log\.level/);
  },
);

testWith(able, "SIGHUP keeps the old configuration when the file is gone", async () => {
  await using box = await openBox();
  const daemon = await startIn(box, {});
  await daemon.waitForLog(/1 of them ports/);
  await Bun.file(`${box.directory}/portsyncd.conf`).delete();
  daemon.signal("SIGHUP");
  await daemon.waitForLog(/portsyncd\.conf: does not exist/);
  await daemon.waitForLog(/kept as it was/);
  expect(await daemon.stop()).toBe(0);
});

testWith(able, "SIGHUP names the keys that need a restart and does not apply them", async () => {
  await using box = await openBox();
  const daemon = await startIn(box, {});
  await daemon.waitForLog(/1 of them ports/);
  const changes = { mode: "sonic", database: { redis_port: 7777 }, standalone: { port_patterns: ["none*"] } };
  await reload(box, daemon, changes);
  // The directory of the store and the servers were the tests' own, and are none of what is written here.
  await daemon.waitForLog(
    /a restart is needed for "?mode database\.redis_port store\.directory http\.listen http\.admin_socket standalone\.port_patterns/,
  );
  await box.links.add(["Ethernet4"], { up: true });
  await box.expectStateEqualsKernel(["Ethernet0", "Ethernet4"]);
  // They are still not applied, so they are named again.
  const seen = daemon.lines.length;
  await reload(box, daemon, { ...changes, log: { level: "notice" } });
  await daemon.waitForLog(/changed: "?log\.level/);
  await daemon.stop();
  expect(daemon.lines.slice(seen).join("\n")).toMatch(/a restart is needed for "?mode database\.redis_port/);
});

testWith(able, "SIGHUP leaves the command line above the file", async () => {
  await using box = await openBox();
  const daemon = await startIn(box, {}, ["--log-level", "debug"]);
  await daemon.waitForLog(/1 of them ports/);
  await reload(box, daemon, { log: { level: "error" }, shutdown: { timeout_secs: 1 } });
  await daemon.waitForLog(/configuration read again; changed: "?shutdown\.timeout_secs"?$/);
  await box.links.mtu(1400, "Ethernet0");
  await daemon.waitForLog(/DEBUG .*1400|DEBUG .*Ethernet0/);
});

testWith(able, "SIGHUP while Redis is awaited neither ends the daemon nor is forgotten", async () => {
  await using box = await openBox();
  await box.db.server("STATE_DB").kill();
  const daemon = await startIn(box, { database: { connection_timeout_secs: 60 } });
  await daemon.waitForLog(/is not there/);
  await reload(box, daemon, { log: { level: "debug" }, database: { connection_timeout_secs: 60 } });
  await box.db.server("STATE_DB").start();
  await daemon.waitForLog(/configuration read again; changed: "?log\.level/);
  expect(await daemon.stop()).toBe(0);
});

testWith(able, "SIGHUP while Redis is awaited in vain does not change how that ends", async () => {
  await using box = await openBox();
  await box.db.server("STATE_DB").kill();
  const daemon = await startIn(box, { database: { connection_timeout_secs: 1 } });
  await daemon.waitForLog(/is not there/);
  daemon.signal("SIGHUP");
  expect(await daemon.exited()).toBe(69);
  expect(daemon.lines.join("\n")).not.toMatch(/^ +at /m);
});

/** Writes LOGGER|portsyncd and waits until the daemon has read it: it complains of the output. */
async function setLogger(box: Switch, daemon: Daemon, level: string, mark: string): Promise<void> {
  await box.db.config.hset("LOGGER|portsyncd", { LOGLEVEL: level, LOGOUTPUT: mark });
  await daemon.waitForLog(new RegExp(`LOGOUTPUT is "?${mark}`));
}

testWith(able, "SIGHUP that sets log.level takes it from LOGGER|portsyncd", async () => {
  await using box = await Switch.open();
  const unset = { mode: "sonic", log: {} };
  const daemon = await startIn(box, unset);
  await daemon.waitForLog(/links, .* of them ports/);
  await reload(box, daemon, { mode: "sonic", log: { level: "debug" } });
  await daemon.waitForLog(/changed: "?log\.level/);
  await setLogger(box, daemon, "ERROR", "FIRST");
  await box.links.add(["Ethernet0"]);
  await daemon.waitForLog(/DEBUG .*Ethernet0/, 3);
});

testWith(able, "SIGHUP that removes log.level gives it back to LOGGER|portsyncd", async () => {
  await using box = await Switch.open();
  await box.db.config.hset("LOGGER|portsyncd", { LOGLEVEL: "DEBUG", LOGOUTPUT: "SYSLOG" });
  const daemon = await startIn(box, { mode: "sonic", log: { level: "notice" } });
  await daemon.waitForLog(/links, .* of them ports/);
  await reload(box, daemon, { mode: "sonic", log: {} });
  await daemon.waitForLog(/changed: "?log\.level/);
  await box.links.add(["Ethernet0"]);
  await daemon.waitForLog(/DEBUG .*Ethernet0/, 3);
});

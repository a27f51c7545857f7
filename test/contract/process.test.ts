import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";

import { Daemon, freshBinary } from "../support/daemon.ts";
import { waitUntil } from "../support/deadline.ts";
import { all } from "../support/requirement.ts";
import { DATABASES, formatDatabaseConfig } from "../support/sonicdb.ts";
import type { Switch } from "../support/switch.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { JSON_LOG, startCold, startRunning } from "./coldstart.ts";
import { Marker } from "./marker.ts";
import { able, expectRow, shareSwitch } from "./sharedswitch.ts";

const shared = shareSwitch();
const binary = freshBinary();
const built = binary ? ({ ok: true } as const) : ({ ok: false, reason: "dist/portsyncd is not built" } as const);
const UP = { state: "ok", netdev_oper_status: "up", admin_status: "up", mtu: "1500" };

testWith(all(able, built), "portsyncd is the name of the compiled binary's process (rule 52)", async () => {
  const box = shared();
  await using daemon = await startCold(box, { binary });
  expect(readFileSync(`/proc/${daemon.pid}/comm`, "utf8")).toBe("portsyncd\n");
  await box.db.appl.hset("PORT_TABLE:Ethernet0", { lanes: "0" });
  await box.links.add(["Ethernet0"], { up: true, carrier: true });
  await expectRow(box, "Ethernet0", UP);
});

/** The daemon with this database_config.json, or without the file when it is undefined; its exit code and what it printed. */
async function end(config: string, seconds: number): Promise<{ code: number; output: string }> {
  await using dir = new TempDir();
  const databaseConfig = dir.file("database_config.json");
  await Bun.write(databaseConfig, config);
  await using daemon = await Daemon.start({
    directory: dir.path,
    databaseConfig,
    config: { database: { connection_timeout_secs: seconds } },
    args: JSON_LOG,
  });
  const code = await daemon.exited();
  return { code, output: daemon.lines.join("\n").replaceAll(dir.path, "DIR") };
}

test("RedisUnavailableError ends the daemon with 69 when Redis does not come (rule 25)", async () => {
  const { code, output } = await end(
    formatDatabaseConfig(DATABASES, () => "/nonexistent/redis.sock"),
    0.2,
  );
  expect(code).toBe(69);
  expect(output).toMatch(/portsyncd: Redis did not come within 200 ms: .*ENOENT/);
});

const good = JSON.parse(formatDatabaseConfig(DATABASES, () => "/nonexistent")) as {
  readonly INSTANCES: object;
  readonly DATABASES: Readonly<Record<string, object>>;
};

for (const [what, config, message] of [
  ["is no JSON", "{", /database_config\.json: .*JSON/],
  ["has no DATABASES", JSON.stringify({ INSTANCES: good.INSTANCES }), /DATABASES\.\w+ is missing/],
  [
    "has a separator that nobody knows",
    JSON.stringify({
      ...good,
      DATABASES: { ...good.DATABASES, STATE_DB: { instance: "redis", id: 6, separator: "/" } },
    }),
    /database_config\.json: DATABASES\.STATE_DB\.separator is "\/"; ":" and "\|" are allowed/,
  ],
] as const) {
  test(`DatabaseConfigError ends the daemon with 78 when database_config.json ${what} (rules 25, 46)`, async () => {
    const { code, output } = await end(config, 5);
    expect(code).toBe(78);
    expect(output).toMatch(message);
  });
}

/** A daemon that has a change to publish and a STATE_DB that does not answer. */
async function startPending(box: Switch): Promise<Daemon> {
  const daemon = await startRunning(box, ["Ethernet0"], { args: ["--log-level", "info"] });
  const marker = await Marker.open(box);
  await box.links.add(["Ethernet0"]);
  await marker.pass();
  await box.db.server("STATE_DB").freeze();
  await box.links.up("Ethernet0");
  await box.links.carrier(true, "Ethernet0");
  await box.links.add(["Ethernet4"]);
  await daemon.waitForLog(/Ethernet4 is not in APPL_DB yet/);
  return daemon;
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  testWith(able, `Daemon exits 0 after ${signal}, with what was pending published (rule 24 made better)`, async () => {
    const box = shared();
    await using daemon = await startPending(box);
    try {
      daemon.signal(signal);
      await daemon.waitForLog(new RegExp(`${signal}: stopping`));
    } finally {
      box.db.server("STATE_DB").thaw();
    }
    expect(await daemon.exited()).toBe(0);
    expect(await box.db.state.hgetall("PORT_TABLE|Ethernet0")).toEqual(UP);
  });
}

for (const [signal, code] of [
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const) {
  testWith(able, `Daemon ends at once with ${code} at a second ${signal}`, async () => {
    const box = shared();
    await using daemon = await startPending(box);
    try {
      daemon.signal("SIGTERM");
      await daemon.waitForLog(/SIGTERM: stopping/);
      expect(daemon.exitCode).toBeUndefined();
      daemon.signal(signal);
      expect(await daemon.exited()).toBe(code);
    } finally {
      box.db.server("STATE_DB").thaw();
    }
  });
}

testWith(able, "Daemon leaves its rows when it ends (rule 24)", async () => {
  const box = shared();
  await using daemon = await startRunning(box, ["Ethernet0"]);
  await box.links.add(["Ethernet0"], { up: true, carrier: true });
  await expectRow(box, "Ethernet0", UP);
  expect(await daemon.stop()).toBe(0);
  await box.links.delete("Ethernet0");
  expect(await box.db.state.hgetall("PORT_TABLE|Ethernet0")).toEqual(UP);
});

testWith(able, "Daemon outlives the loss of Redis and works again when it is back (rules 24, 26, 27)", async () => {
  const box = shared();
  await using daemon = await startRunning(box, ["Ethernet0"]);
  await box.links.add(["Ethernet0"], { up: true, carrier: true });
  await expectRow(box, "Ethernet0", UP);
  await box.db.server("STATE_DB").kill();
  await daemon.waitForLog(/STATE_DB is not there/);
  await box.links.mtu(9100, "Ethernet0");
  await box.db.server("STATE_DB").start();
  await box.db.connect();
  await box.db.appl.hset("PORT_TABLE:Ethernet0", { lanes: "0" });
  await expectRow(box, "Ethernet0", { ...UP, mtu: "9100" });
  await waitUntil("both databases", () => daemon.lines.filter((line) => line.includes("is there again")).length >= 3);
  expect(daemon.exitCode).toBeUndefined();
});

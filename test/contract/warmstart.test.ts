import { expect } from "bun:test";

import { waitUntil } from "../support/deadline.ts";
import type { Switch } from "../support/switch.ts";
import { testWith } from "../support/testwith.ts";
import { start } from "./coldstart.ts";
import { Marker } from "./marker.ts";
import { able, expectRow, shareSwitch } from "./sharedswitch.ts";

const shared = shareSwitch();
const COUNT = "WARM_RESTART_TABLE|portsyncd";
const ENABLE = "WARM_RESTART_ENABLE_TABLE";
const DONE = "_PORT_TABLE:PortInitDone";
const UP = { state: "ok", netdev_oper_status: "up", admin_status: "up", mtu: "1500" };
const DOWN = { state: "ok", netdev_oper_status: "down", admin_status: "down", mtu: "1500" };

/** What a warm reboot leaves: APPL_DB as it was, netdevs of ports, and the wish for a warm start. */
async function leaveWarm(box: Switch, ports: readonly string[], netdevs = ports): Promise<void> {
  await box.configure(ports);
  for (const port of ports) await box.db.appl.hset(`PORT_TABLE:${port}`, { admin_status: "up", lanes: "1" });
  await box.db.appl.hset("PORT_TABLE:PortConfigDone", { count: "67" });
  await box.db.appl.hset("PORT_TABLE:PortInitDone", { lanes: "0" });
  await box.links.add(netdevs, { up: true, carrier: true });
  await box.db.state.hset(`${ENABLE}|swss`, { enable: "true" });
  await box.db.state.hset(COUNT, { restore_count: "3" });
}

async function expectCount(box: Switch, count: string): Promise<void> {
  await waitUntil(`restore_count ${count}`, async () => (await box.db.state.hget(COUNT, "restore_count")) === count);
}

testWith(
  able,
  "Daemon starts warm: ports as they are, nothing pushed but PortInitDone, restore_count + 1 (rules 5, 22, 42, 43)",
  async () => {
    const box = shared();
    await leaveWarm(box, ["Ethernet0", "Ethernet4"]);
    using recorder = await box.db.record("APPL_DB", "*", ["PORT_TABLE_CHANNEL@0"]);
    await using daemon = await start(box);
    await daemon.waitForLog(/portsyncd doing warm start, restore count 4/);
    await expectRow(box, "Ethernet0", UP);
    await expectRow(box, "Ethernet4", UP);
    await recorder.waitFor("PortInitDone", ({ key }) => key === DONE);
    await (await Marker.open(box)).pass();
    await recorder.sync();
    const heard = new Set(recorder.events.map(({ key, event }) => `${event} ${key}`));
    heard.delete("hset PORT_TABLE:Ethernet9999"); // the marker
    expect([...heard].sort()).toEqual(["G PORT_TABLE_CHANNEL@0", `hset ${DONE}`, "sadd PORT_TABLE_KEY_SET"]);
    expect(await box.db.appl.hgetall("PORT_TABLE:PortConfigDone")).toEqual({ count: "67" });
    expect(await box.db.state.hgetall(COUNT)).toEqual({ restore_count: "4" });
    const links = await box.links.table();
    expect([links.get("Ethernet0")!.admin, links.get("Ethernet4")!.admin]).toEqual(["up", "up"]);
  },
);

testWith(
  able,
  "Publisher writes all four fields after a start, whether the reboot left them or not (rule 44)",
  async () => {
    const box = shared();
    await leaveWarm(box, ["Ethernet0", "Ethernet4"]);
    await box.db.state.hset("PORT_TABLE|Ethernet0", { host_tx_ready: "true" });
    await box.db.state.hset("PORT_TABLE|Ethernet4", { host_tx_ready: "true", ...UP });
    using recorder = await box.db.record("STATE_DB", "PORT_TABLE|*");
    await using _ = await start(box);
    await expectRow(box, "Ethernet0", { host_tx_ready: "true", ...UP });
    await recorder.waitFor("HSET of Ethernet4", ({ key }) => key === "PORT_TABLE|Ethernet4");
    await (await Marker.open(box)).pass();
    await recorder.sync();
    for (const port of ["Ethernet0", "Ethernet4"]) expect(recorder.of(`PORT_TABLE|${port}`)).toEqual(["hset"]);
    expect(await box.db.state.hgetall("PORT_TABLE|Ethernet4")).toEqual({ host_tx_ready: "true", ...UP });
  },
);

testWith(
  able,
  "PortSet waits in a warm start for every port of CONFIG_DB, admin_status or not (rules 8a, 22, 23)",
  async () => {
    const box = shared();
    await leaveWarm(box, ["Ethernet0", "Ethernet4"], ["Ethernet0"]);
    await using _ = await start(box);
    await expectRow(box, "Ethernet0", UP);
    await (await Marker.open(box)).pass();
    expect(await box.db.appl.exists(DONE)).toBe(false);
    await box.links.add(["Ethernet4"]);
    await waitUntil("PortInitDone", () => box.db.appl.exists(DONE));
    await expectRow(box, "Ethernet4", DOWN);
  },
);

/** STATE_DB before a start, and the restore_count and kind of start that follow. */
const STARTS: readonly [string, Record<string, Record<string, string>>, string, "warm" | "cold"][] = [
  ["nothing is enabled", { [COUNT]: { restore_count: "3" } }, "0", "cold"],
  ["system is enabled", { [`${ENABLE}|system`]: { enable: "true" }, [COUNT]: { restore_count: "0" } }, "1", "warm"],
  ["swss is enabled", { [`${ENABLE}|swss`]: { enable: "true" }, [COUNT]: { restore_count: "9" } }, "10", "warm"],
  ["true@x is enabled", { [`${ENABLE}|swss`]: { enable: "true@x" }, [COUNT]: { restore_count: "1" } }, "2", "warm"],
  ["True in capitals is", { [`${ENABLE}|swss`]: { enable: "True" }, [COUNT]: { restore_count: "1" } }, "0", "cold"],
  [
    "another daemon is enabled",
    { [`${ENABLE}|bgp`]: { enable: "true" }, [COUNT]: { restore_count: "1" } },
    "0",
    "cold",
  ],
  ["there is no restore_count", { [`${ENABLE}|swss`]: { enable: "true" } }, "0", "cold"],
  [
    "restore_count is no number",
    { [`${ENABLE}|swss`]: { enable: "true" }, [COUNT]: { restore_count: "abc" } },
    "0",
    "cold",
  ],
  [
    "restore_count begins with a number",
    { [`${ENABLE}|swss`]: { enable: "true" }, [COUNT]: { restore_count: "12abc" } },
    "13",
    "warm",
  ],
];

for (const [when, rows, count, kind] of STARTS) {
  testWith(able, `checkWarmStart starts ${kind} with restore_count ${count} when ${when} (rule 42)`, async () => {
    const box = shared();
    for (const [key, fields] of Object.entries(rows)) await box.db.state.hset(key, fields);
    await box.links.add(["Ethernet0"], { up: true });
    await using daemon = await start(box);
    await daemon.waitForLog(/"PortInitDone"/);
    await expectCount(box, count);
    expect(await box.db.appl.exists("_PORT_TABLE:PortConfigDone")).toBe(kind === "cold");
    expect((await box.links.table()).get("Ethernet0")!.admin).toBe(kind === "cold" ? "down" : "up");
    expect(await box.db.state.hgetall(COUNT)).toEqual({ restore_count: count });
  });
}

testWith(able, "checkWarmStart warns when it falls back to a cold start (rule 42)", async () => {
  const box = shared();
  await box.db.state.hset(`${ENABLE}|swss`, { enable: "true" });
  await using daemon = await start(box);
  const line = await daemon.waitForLog(/restore_count/);
  expect(JSON.parse(line)).toMatchObject({ level: "warn" });
});

testWith(able, "checkWarmStart leaves an old state field of WARM_RESTART_TABLE alone (section 9)", async () => {
  const box = shared();
  await box.db.state.hset(COUNT, { restore_count: "3", state: "reconciled" });
  await using daemon = await start(box);
  await daemon.waitForLog(/"PortInitDone"/);
  expect(await box.db.state.hgetall(COUNT)).toEqual({ restore_count: "0", state: "reconciled" });
});

testWith(
  able,
  "checkWarmStart with an enable key of the wrong type does not hold up the start (section 9)",
  async () => {
    const box = shared();
    await box.db.state.call("SET", `${ENABLE}|system`, "no hash");
    await using daemon = await start(box);
    await daemon.waitForLog(/"PortInitDone"/, 2);
    expect(await box.db.state.hgetall(COUNT)).toEqual({ restore_count: "0" });
  },
);

import { expect } from "bun:test";

import { waitUntil } from "../support/deadline.ts";
import { KeyspaceRecorder } from "../support/keyspace.ts";
import type { Switch } from "../support/switch.ts";
import { testWith } from "../support/testwith.ts";
import { startCold, startRunning } from "./coldstart.ts";
import { Marker } from "./marker.ts";
import { able, shareSwitch } from "./sharedswitch.ts";

const shared = shareSwitch();
const DONE = "_PORT_TABLE:PortInitDone";
const CHANNEL = "PORT_TABLE_CHANNEL@0";

/** Follows STATE_DB and PortInitDone in one order, which is Redis' own. */
function recordInit(box: Switch): Promise<KeyspaceRecorder> {
  const keys = { 0: "_PORT_TABLE:Port*Done", 6: "PORT_TABLE|*" };
  return KeyspaceRecorder.open(box.db.server("STATE_DB").socketPath, { keys, channels: [CHANNEL] });
}

function isPushed(box: Switch): Promise<boolean> {
  return box.db.appl.exists(DONE);
}

testWith(
  able,
  "PortSet sends PortInitDone once, lanes 0, after the HSET of every port (rules 19, 21, 33)",
  async () => {
    const box = shared();
    const ports = Array.from({ length: 24 }, (_, i) => `Ethernet${i}`);
    await using _ = await startRunning(box, ports);
    using recorder = await recordInit(box);
    await box.links.add(ports);
    await recorder.waitFor("PortInitDone", ({ key }) => key === DONE);
    const order = recorder.events.filter(({ db }) => db !== null).map(({ key }) => key);
    const before = new Set(order.slice(0, order.indexOf(DONE)));
    expect([...before].sort()).toEqual(ports.map((port) => `PORT_TABLE|${port}`).sort());
    expect(await box.db.appl.entries(DONE)).toEqual([["lanes", "0"]]);
    await box.links.mtu(1400, ...ports);
    await box.expectStateEqualsKernel(ports);
    await recorder.sync();
    expect(recorder.of(DONE)).toEqual(["hset"]);
    expect(recorder.of(CHANNEL)).toEqual(["G"]);
  },
);

testWith(able, "PortSet needs no further netlink message for PortInitDone (rule 21 made better)", async () => {
  const box = shared();
  await box.configure(["Ethernet0", "Ethernet4"], { admin_status: undefined });
  await using _ = await startCold(box);
  await box.links.add(["Ethernet0", "Ethernet4"], { up: true, carrier: true });
  const marker = await Marker.open(box);
  await marker.pass();
  expect(await isPushed(box)).toBe(false);
  await box.pop(); // from here on the kernel says nothing
  await waitUntil("PortInitDone", () => isPushed(box));
  await box.expectStateEqualsKernel(["Ethernet0", "Ethernet4"]);
});

testWith(able, "PortSet counts a port that was published and is gone again (rule 23)", async () => {
  const box = shared();
  await using _ = await startRunning(box, ["Ethernet0", "Ethernet4"]);
  const marker = await Marker.open(box);
  await box.links.add(["Ethernet0"]);
  await box.expectStateEqualsKernel(["Ethernet0"]);
  await box.links.delete("Ethernet0");
  await marker.pass();
  expect(await isPushed(box)).toBe(false);
  await box.links.add(["Ethernet4"]);
  await waitUntil("PortInitDone", () => isPushed(box));
  expect(await box.db.state.exists("PORT_TABLE|Ethernet0")).toBe(false);
});

testWith(able, "PortSet sends PortInitDone once a process, also when ports come back (rule 21)", async () => {
  const box = shared();
  await using _ = await startRunning(box, ["Ethernet0"]);
  await box.links.add(["Ethernet0"]);
  await waitUntil("PortInitDone", () => isPushed(box));
  await box.pop();
  using recorder = await recordInit(box);
  const marker = await Marker.open(box);
  await box.links.delete("Ethernet0");
  await box.links.add(["Ethernet0"]);
  await marker.pass();
  await recorder.sync();
  expect(recorder.of(DONE)).toEqual([]);
  expect(recorder.of("PORT_TABLE|Ethernet0")).toContain("hset");
});

testWith(
  able,
  "PortSet waits for ports that can never be published: not a port's name, no netdev, gone from CONFIG_DB (rule 23)",
  async () => {
    const box = shared();
    await box.configure(["Foo0", "Ethernet4"]);
    await using _ = await startRunning(box, ["Ethernet0"]);
    const marker = await Marker.open(box);
    await box.db.config.del("PORT|Ethernet4");
    await box.links.add(["Ethernet0", "Foo0"]);
    await marker.pass();
    expect(await box.db.state.keys("PORT_TABLE|*")).toEqual(["PORT_TABLE|Ethernet0", Marker.key]);
    expect(await isPushed(box)).toBe(false);
  },
);

testWith(
  able,
  "PortSet does not wait for ports whose APPL_DB row has an admin_status, even an empty one (rule 8a, section 9)",
  async () => {
    const box = shared();
    await box.configure(["Ethernet0", "Ethernet4", "Ethernet8"]);
    await box.db.appl.hset("PORT_TABLE:Ethernet0", { admin_status: "up" });
    await box.db.appl.hset("PORT_TABLE:Ethernet4", { admin_status: "" });
    await box.db.appl.hset("PORT_TABLE:Ethernet8", { lanes: "8" });
    await using _ = await startCold(box);
    const marker = await Marker.open(box);
    await marker.pass();
    expect(await isPushed(box)).toBe(false);
    await box.links.add(["Ethernet8"]);
    await waitUntil("PortInitDone", () => isPushed(box));
    expect(await box.db.state.keys("PORT_TABLE|*")).toEqual(["PORT_TABLE|Ethernet8", Marker.key]);
  },
);

testWith(
  able,
  "PortSet is done at once when every row has an admin_status: a restart of portsyncd alone (rule 8a)",
  async () => {
    const box = shared();
    await box.configure(["Ethernet0", "Ethernet4"]);
    for (const port of ["Ethernet0", "Ethernet4"])
      await box.db.appl.hset(`PORT_TABLE:${port}`, { admin_status: "down" });
    await using _ = await startCold(box);
    await waitUntil("PortInitDone", () => isPushed(box));
    expect(await box.db.state.keys("PORT_TABLE|*")).toEqual([]);
  },
);

testWith(
  able,
  "PortSet waits for a port whose APPL_DB row is of the wrong type, and the others do not wait for it (rule 8a, section 9)",
  async () => {
    const box = shared();
    await box.configure(["Ethernet0", "Ethernet4"]);
    await box.db.appl.call("SET", "PORT_TABLE:Ethernet0", "no hash");
    await box.db.appl.hset("PORT_TABLE:Ethernet4", { admin_status: "up" });
    await using daemon = await startCold(box);
    await daemon.waitForLog(/PORT_TABLE:Ethernet0 is skipped: .*WRONGTYPE/);
    const marker = await Marker.open(box);
    await box.links.add(["Ethernet0", "Ethernet4"]);
    await box.expectStateEqualsKernel(["Ethernet4"]);
    await marker.pass();
    expect(await isPushed(box)).toBe(false);
    expect(await box.db.state.exists("PORT_TABLE|Ethernet0")).toBe(false);
    await box.db.appl.del("PORT_TABLE:Ethernet0");
    await box.db.appl.hset("PORT_TABLE:Ethernet0", { lanes: "0" });
    await waitUntil("PortInitDone", () => isPushed(box));
  },
);

testWith(
  able,
  "Daemon brings up a switch whose orchagent makes a netdev of each row it pops (rules 7, 18, 21, 38)",
  async () => {
    const box = shared();
    const ports = Array.from({ length: 16 }, (_, i) => `Ethernet${i * 4}`);
    await box.configure(ports); // with admin_status, as on a switch
    const made: Promise<void>[] = [];
    await using orchagent = await box.orchagent((name) => {
      if (name.startsWith("Ethernet")) made.push(box.links.add([name], { up: true, carrier: true }));
    });
    await using _ = await startCold(box);
    await orchagent.waitFor("PortInitDone");
    await Promise.all(made);
    expect(made).toHaveLength(16);
    await box.expectStateEqualsKernel(ports);
    expect(orchagent.popped.filter((name) => name.startsWith("Port")).sort()).toEqual([
      "PortConfigDone",
      "PortInitDone",
    ]);
  },
);

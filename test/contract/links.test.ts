import { expect } from "bun:test";

import { Namespace } from "../support/namespace.ts";
import { testWith } from "../support/testwith.ts";
import { startRunning } from "./coldstart.ts";
import { CommandTrace } from "./commandtrace.ts";
import { Marker } from "./marker.ts";
import { able, expectRow, shareSwitch } from "./sharedswitch.ts";

const shared = shareSwitch();

function row(admin: string, oper: string, mtu = 1500): Record<string, string> {
  return { state: "ok", netdev_oper_status: oper, admin_status: admin, mtu: `${mtu}` };
}

testWith(able, "LinkSync publishes IFF_UP, IFF_RUNNING and the MTU (rules 12, 19)", async () => {
  const box = shared();
  await using _ = await startRunning(box, ["Ethernet0"]);
  await box.links.add(["Ethernet0"]);
  await expectRow(box, "Ethernet0", row("down", "down"));
  await box.links.up("Ethernet0");
  await expectRow(box, "Ethernet0", row("up", "down"));
  await box.links.carrier(true, "Ethernet0");
  await expectRow(box, "Ethernet0", row("up", "up"));
  await box.links.mtu(9100, "Ethernet0");
  await expectRow(box, "Ethernet0", row("up", "up", 9100));
  await box.links.carrier(false, "Ethernet0");
  await expectRow(box, "Ethernet0", row("up", "down", 9100));
  await box.links.carrier(true, "Ethernet0");
  await expectRow(box, "Ethernet0", row("up", "up", 9100));
  await box.links.down("Ethernet0");
  await expectRow(box, "Ethernet0", row("down", "down", 9100));
});

testWith(able, "LinkSync takes IFF_RUNNING for oper, not IFF_LOWER_UP (rule 12)", async () => {
  const box = shared();
  await using _ = await startRunning(box, ["Ethernet0"]);
  await box.links.add(["Ethernet0"]);
  await box.links.batch(["link set Ethernet0 mode dormant"]);
  await box.links.up("Ethernet0");
  await box.links.carrier(true, "Ethernet0");
  await box.links.mtu(1600, "Ethernet0");
  await expectRow(box, "Ethernet0", row("up", "down", 1600));
  const { flags } = (await box.links.table()).get("Ethernet0")!;
  expect(flags).toContain("LOWER_UP");
  await box.links.batch(["link set Ethernet0 state up"]);
  await expectRow(box, "Ethernet0", row("up", "up", 1600));
});

testWith(
  able,
  "Publisher writes one HSET with the four fields in order, and nothing when nothing changed (rules 19, 32)",
  async () => {
    const box = shared();
    await using _ = await startRunning(box, ["Ethernet0"]);
    const marker = await Marker.open(box);
    using trace = await CommandTrace.open(box.db.server("STATE_DB").socketPath);
    using recorder = await box.db.record("STATE_DB", "PORT_TABLE|Ethernet0");
    await box.links.add(["Ethernet0"]);
    await marker.pass();
    // Announced by the kernel, but no change of what is published.
    await box.links.batch([
      "link set Ethernet0 alias uplink",
      "link set Ethernet0 txqueuelen 500",
      "link set Ethernet0 address 02:00:00:00:00:01",
      "link set Ethernet0 promisc on",
    ]);
    await marker.pass();
    await box.links.mtu(9100, "Ethernet0");
    await marker.pass();
    await trace.sync(box.db.state);
    await recorder.sync();
    const key = "PORT_TABLE|Ethernet0";
    const written = (mtu: string) => [
      key,
      "state",
      "ok",
      "netdev_oper_status",
      "down",
      "admin_status",
      "down",
      "mtu",
      mtu,
    ];
    expect(trace.of("HSET", key)).toEqual([written("1500"), written("9100")]);
    expect(recorder.of(key)).toEqual(["hset", "hset"]);
  },
);

testWith(
  able,
  "LinkSync takes Ethernet* and PortChannel* for ports, up to 15 bytes, and nothing else (rule 11)",
  async () => {
    const box = shared();
    const ports = ["EthernetFoo", "Ethernet1234567", "Ethernet", "PortChannel1", "PortChannel0001"];
    const others = ["ethernet0", "eth0", "portchannel3", "xEthernet0", "Etherne"];
    await using _ = await startRunning(box, [...ports, ...others]);
    const marker = await Marker.open(box);
    for (const name of [...ports, ...others]) await box.links.batch([`link add ${name} type ifb`]);
    await marker.pass();
    await box.expectStateEqualsKernel(ports);
    const keys = [...ports, "Ethernet9999"].map((port) => `PORT_TABLE|${port}`).sort();
    expect(await box.db.state.keys("PORT_TABLE|*")).toEqual(keys);
    await box.links.delete(...ports, ...others);
    await marker.pass();
    expect(await box.db.state.keys("PORT_TABLE|*")).toEqual([Marker.key]);
  },
);

testWith(
  able,
  "Publisher leaves other writers' fields alone until the netdev goes, then deletes the whole row (rules 17, 19)",
  async () => {
    const box = shared();
    await using _ = await startRunning(box, ["Ethernet0"]);
    await box.db.state.hset("PORT_TABLE|Ethernet0", { speed: "100000" });
    await box.links.add(["Ethernet0"]);
    await expectRow(box, "Ethernet0", { speed: "100000", ...row("down", "down") });
    await box.db.state.hset("PORT_TABLE|Ethernet0", { host_tx_ready: "true" });
    await box.links.up("Ethernet0");
    await expectRow(box, "Ethernet0", { speed: "100000", host_tx_ready: "true", ...row("up", "down") });
    using recorder = await box.db.record("STATE_DB", "PORT_TABLE|Ethernet0");
    await box.links.delete("Ethernet0");
    await expectRow(box, "Ethernet0", undefined);
    await recorder.sync();
    const events = recorder.of("PORT_TABLE|Ethernet0"); // a netdev that ends may go down first
    expect(events.indexOf("del")).toBe(events.length - 1);
  },
);

testWith(able, "Publisher keeps the DEL of a port that is made anew in the same turn (rules 16, 17)", async () => {
  const box = shared();
  await using daemon = await startRunning(box, ["Ethernet0"]);
  await box.links.add(["Ethernet0"], { up: true, carrier: true });
  await expectRow(box, "Ethernet0", row("up", "up"));
  await box.db.state.hset("PORT_TABLE|Ethernet0", { host_tx_ready: "true" });
  using recorder = await box.db.record("STATE_DB", "PORT_TABLE|Ethernet0");
  await daemon.freeze();
  await box.links.delete("Ethernet0");
  await box.links.add(["Ethernet0"], { up: true, carrier: true });
  daemon.thaw();
  await expectRow(box, "Ethernet0", row("up", "up"));
  await recorder.sync();
  const events = recorder.of("PORT_TABLE|Ethernet0");
  expect(events.filter((event) => event === "del")).toEqual(["del"]);
  expect(events.at(-1)).toBe("hset");
});

testWith(able, "Publisher never deletes what it never published (rule 17 made better)", async () => {
  const box = shared();
  await using _ = await startRunning(box, ["Ethernet0"]);
  const marker = await Marker.open(box);
  const foreign = { "PORT_TABLE|Ethernet0.10": { state: "ok" }, "PORT_TABLE|Ethernet4": { host_tx_ready: "true" } };
  for (const [key, fields] of Object.entries(foreign)) await box.db.state.hset(key, fields);
  await box.links.add(["Ethernet4", "sub"]); // Ethernet4 has no row in APPL_DB
  await box.links.rename("sub", "Ethernet0.10");
  await marker.pass();
  await box.links.delete("Ethernet4", "Ethernet0.10");
  await marker.pass();
  for (const [key, fields] of Object.entries(foreign)) expect(await box.db.state.hgetall(key)).toEqual(fields);
});

testWith(able, "LinkSync moves the row of a renamed port (rule 20 made better)", async () => {
  const box = shared();
  await using _ = await startRunning(box, ["Ethernet0", "Ethernet4"]);
  await box.links.add(["Ethernet0"]);
  await expectRow(box, "Ethernet0", row("down", "down"));
  await box.links.rename("Ethernet0", "Ethernet4");
  await expectRow(box, "Ethernet4", row("down", "down"));
  await expectRow(box, "Ethernet0", undefined);
  await box.links.rename("Ethernet4", "spare");
  await expectRow(box, "Ethernet4", undefined);
  await box.links.rename("spare", "Ethernet0");
  await expectRow(box, "Ethernet0", row("down", "down"));
});

testWith(able, "LinkSync lets two ports swap their names (rule 20 made better)", async () => {
  const box = shared();
  await using _ = await startRunning(box, ["Ethernet0", "Ethernet4"]);
  await box.links.add(["Ethernet0", "Ethernet4"]);
  await box.links.mtu(9100, "Ethernet4");
  await expectRow(box, "Ethernet4", row("down", "down", 9100));
  await box.links.rename("Ethernet0", "spare");
  await box.links.rename("Ethernet4", "Ethernet0");
  await box.links.rename("spare", "Ethernet4");
  await expectRow(box, "Ethernet0", row("down", "down", 9100));
  await expectRow(box, "Ethernet4", row("down", "down"));
});

testWith(
  able,
  "LinkSync keeps the row of a name that another netdev has taken over (rule 17 made better)",
  async () => {
    const box = shared();
    await using _ = await startRunning(box, ["Ethernet0"]);
    const marker = await Marker.open(box);
    await box.links.add(["Ethernet0"]);
    await expectRow(box, "Ethernet0", row("down", "down"));
    await box.links.rename("Ethernet0", "former");
    await box.links.batch(["link add Ethernet0 type ifb"]);
    await box.links.mtu(1234, "Ethernet0");
    await expectRow(box, "Ethernet0", row("down", "down", 1234));
    using recorder = await box.db.record("STATE_DB", "PORT_TABLE|Ethernet0");
    await box.links.delete("former");
    await marker.pass();
    await recorder.sync();
    expect(recorder.events).toEqual([]);
  },
);

testWith(
  able,
  "LinkSync goes on publishing members of a bridge, and leaving it is no end (rules 10, 13, 15)",
  async () => {
    const box = shared();
    const ports = ["Ethernet0", "Ethernet4"];
    await using _ = await startRunning(box, ports);
    const marker = await Marker.open(box);
    await box.links.add(ports, { up: true, carrier: true });
    await box.expectStateEqualsKernel(ports);
    using recorder = await box.db.record("STATE_DB", "PORT_TABLE|Ethernet*");
    await box.links.addBridge("Bridge");
    await box.links.up("Bridge");
    for (const port of ports) await box.links.master(port, "Bridge");
    await box.links.carrier(false, "Ethernet0");
    await box.links.mtu(1400, "Ethernet4");
    await marker.pass();
    await expectRow(box, "Ethernet0", row("up", "down"));
    await expectRow(box, "Ethernet4", row("up", "up", 1400));
    await box.links.master("Ethernet0", null);
    await box.links.delete("Bridge");
    await marker.pass();
    await box.expectStateEqualsKernel(ports);
    await recorder.sync();
    expect(recorder.events.filter(({ event }) => event !== "hset")).toEqual([]);
  },
);

testWith(able, "LinkSync deletes the row of a port that ends as a member of a bridge (rules 15, 17)", async () => {
  const box = shared();
  await using _ = await startRunning(box, ["Ethernet0"]);
  await box.links.add(["Ethernet0"], { up: true, carrier: true });
  await box.links.addBridge("Bridge");
  await box.links.master("Ethernet0", "Bridge");
  await expectRow(box, "Ethernet0", row("up", "up"));
  await box.links.delete("Ethernet0");
  await expectRow(box, "Ethernet0", undefined);
});

testWith(
  able,
  "LinkSync publishes a port that left the namespace and returned with its ifindex (section 9)",
  async () => {
    const box = shared();
    await using _ = await startRunning(box, ["Ethernet0"]);
    await using elsewhere = await Namespace.open();
    await box.links.add(["Ethernet0"]);
    await expectRow(box, "Ethernet0", row("down", "down"));
    const ifindex = (await box.links.table()).get("Ethernet0")!.ifindex;
    await box.links.move("Ethernet0", elsewhere);
    await expectRow(box, "Ethernet0", undefined);
    await elsewhere.run(["ip", "link", "set", "Ethernet0", "mtu", "1400"]);
    await elsewhere.run(["ip", "link", "set", "Ethernet0", "netns", box.namespace.path]);
    await expectRow(box, "Ethernet0", row("down", "down", 1400));
    expect((await box.links.table()).get("Ethernet0")!.ifindex).toBe(ifindex);
  },
);

testWith(able, "Publisher holds up no port for one whose STATE_DB key is of the wrong type (section 9)", async () => {
  const box = shared();
  await using daemon = await startRunning(box, ["Ethernet0", "Ethernet4"]);
  await box.db.state.call("SET", "PORT_TABLE|Ethernet0", "no hash");
  await box.links.add(["Ethernet0", "Ethernet4"]);
  await daemon.waitForLog(/STATE_DB refused Ethernet0: .*WRONGTYPE/);
  await expectRow(box, "Ethernet4", row("down", "down"));
  expect(await box.db.appl.exists("_PORT_TABLE:PortInitDone")).toBe(false);
  await box.db.state.del("PORT_TABLE|Ethernet0");
  await expectRow(box, "Ethernet0", row("down", "down"));
});

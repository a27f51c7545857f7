import { expect } from "bun:test";
import { chmodSync } from "node:fs";

import { daemonCommand } from "../support/daemon.ts";
import { Namespace } from "../support/namespace.ts";
import { testWith } from "../support/testwith.ts";
import { startCold } from "./coldstart.ts";
import { Marker } from "./marker.ts";
import { able, expectRow, shareSwitch } from "./sharedswitch.ts";

const shared = shareSwitch();

testWith(
  able,
  "LinkSync ignores a netdev that is older than a cold start, and its end deletes nothing (rules 8c, 16, 17)",
  async () => {
    const box = shared();
    await box.configure(["Ethernet0"]);
    await box.db.appl.hset("PORT_TABLE:Ethernet0", { lanes: "0" });
    await box.db.state.hset("PORT_TABLE|Ethernet0", { host_tx_ready: "true" });
    await box.links.add(["Ethernet0"], { up: true, carrier: true });
    await using _ = await startCold(box);
    await box.links.waitFor("Ethernet0 down", (links) => links.get("Ethernet0")!.admin === "down");
    using recorder = await box.db.record("STATE_DB", "PORT_TABLE|Ethernet0");
    const marker = await Marker.open(box);
    await box.links.up("Ethernet0");
    await box.links.mtu(9000, "Ethernet0");
    await marker.pass();
    await box.links.delete("Ethernet0");
    await marker.pass();
    await recorder.sync();
    expect(recorder.events).toEqual([]);
    expect(await box.db.state.hgetall("PORT_TABLE|Ethernet0")).toEqual({ host_tx_ready: "true" });
  },
);

testWith(
  able,
  "Daemon brings down old netdevs named Ethernet*, sub-interfaces too, and no others (rule 8c)",
  async () => {
    const box = shared();
    const old = ["Ethernet0", "Ethernet-BP0", "Ethernet-IB0", "Ethernet-Rec0", "Ethernet"];
    const others = ["PortChannel1", "eth0", "ethernet0", "Ethernet".slice(1)];
    await box.links.add(["vlan10", ...old, ...others]);
    await box.links.rename("vlan10", "Ethernet0.10");
    await box.links.up("Ethernet0.10", ...old, ...others);
    await using daemon = await startCold(box);
    await daemon.waitForLog(/PortInitDone/); // comes after the old ones
    const links = await box.links.table();
    const admin = (names: readonly string[]) => names.map((name) => `${name} ${links.get(name)!.admin}`);
    expect(admin(["Ethernet0.10", ...old])).toEqual(["Ethernet0.10", ...old].map((name) => `${name} down`));
    expect(admin(others)).toEqual(others.map((name) => `${name} up`));
  },
);

testWith(able, "Daemon needs no program on the PATH to bring old netdevs down (rule 29 made better)", async () => {
  const box = shared();
  await box.links.add(["Ethernet0", "Ethernet4"], { up: true });
  const binary = `${box.directory}/without-path`;
  const words = daemonCommand().map((word) => `'${word}'`);
  await Bun.write(binary, `#!/bin/sh\nPATH=/nonexistent exec ${words.join(" ")} "$@"\n`);
  chmodSync(binary, 0o755);
  await using daemon = await startCold(box, { binary });
  await daemon.waitForLog(/PortInitDone/);
  const links = await box.links.table();
  expect([links.get("Ethernet0")!.admin, links.get("Ethernet4")!.admin]).toEqual(["down", "down"]);
});

testWith(able, "LinkSync publishes a PortChannel that is older than a cold start (rules 6, 8c)", async () => {
  const box = shared();
  await box.db.appl.hset("PORT_TABLE:PortChannel1", { lanes: "1" });
  await box.links.add(["PortChannel1"], { up: true, carrier: true });
  await using _ = await startCold(box);
  await box.expectStateEqualsKernel(["PortChannel1"]);
  expect(await box.db.state.hget("PORT_TABLE|PortChannel1", "netdev_oper_status")).toBe("up");
});

testWith(able, "LinkSync takes a new ifindex under the name of an old netdev for a port (rule 16)", async () => {
  const box = shared();
  await box.configure(["Ethernet0"]);
  await box.db.appl.hset("PORT_TABLE:Ethernet0", { lanes: "0" });
  await box.links.add(["Ethernet0"], { up: true });
  await using _ = await startCold(box);
  await box.links.delete("Ethernet0");
  await box.links.add(["Ethernet0"], { up: true, carrier: true });
  await box.expectStateEqualsKernel(["Ethernet0"]);
  expect(await box.db.state.hget("PORT_TABLE|Ethernet0", "netdev_oper_status")).toBe("up");
  await box.links.delete("Ethernet0");
  await expectRow(box, "Ethernet0", undefined);
});

testWith(able, "LinkSync goes on ignoring an old netdev under a new name (rule 16)", async () => {
  const box = shared();
  await box.db.appl.hset("PORT_TABLE:Ethernet4", { lanes: "4" });
  await box.links.add(["Ethernet0"]);
  await using _ = await startCold(box);
  const marker = await Marker.open(box);
  await box.links.rename("Ethernet0", "Ethernet4");
  await marker.pass();
  expect(await box.db.state.keys("PORT_TABLE|*")).toEqual([Marker.key]);
});

testWith(
  able,
  "LinkSync forgets an old netdev that left the namespace: back with its ifindex, it is a port (section 9)",
  async () => {
    const box = shared();
    await box.db.appl.hset("PORT_TABLE:Ethernet0", { lanes: "0" });
    await box.links.add(["Ethernet0"]);
    await using _ = await startCold(box);
    await using elsewhere = await Namespace.open();
    const ifindex = (await box.links.table()).get("Ethernet0")!.ifindex;
    await box.links.move("Ethernet0", elsewhere);
    await elsewhere.run(["ip", "link", "set", "Ethernet0", "netns", box.namespace.path]);
    expect((await box.links.table()).get("Ethernet0")!.ifindex).toBe(ifindex);
    await box.expectStateEqualsKernel(["Ethernet0"]);
    expect(await box.db.state.hget("PORT_TABLE|Ethernet0", "state")).toBe("ok");
  },
);

testWith(able, "Daemon on a dpu leaves old netdevs up and publishes them (rules 4, 8b)", async () => {
  const box = shared();
  await box.db.config.hset("DEVICE_METADATA|localhost", { switch_type: "dpu" });
  await box.configure(["Ethernet0"], { admin_status: undefined });
  await box.links.add(["Ethernet0"], { up: true, carrier: true });
  await using daemon = await startCold(box);
  await box.pop();
  await daemon.waitForLog(/PortInitDone/);
  await expectRow(box, "Ethernet0", { state: "ok", netdev_oper_status: "up", admin_status: "up", mtu: "1500" });
  expect((await box.links.table()).get("Ethernet0")!.admin).toBe("up");
});

for (const switchType of ["DPU", "dpu ", "voq", ""]) {
  testWith(able, `Daemon takes switch_type "${switchType}" for no dpu (rule 4)`, async () => {
    const box = shared();
    await box.db.config.hset("DEVICE_METADATA|localhost", { switch_type: switchType });
    await box.links.add(["Ethernet0"], { up: true });
    await using daemon = await startCold(box);
    await daemon.waitForLog(/PortInitDone/);
    expect((await box.links.table()).get("Ethernet0")!.admin).toBe("down");
  });
}

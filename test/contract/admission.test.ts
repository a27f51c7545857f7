import { expect } from "bun:test";

import { testWith } from "../support/testwith.ts";
import { start, startCold, startRunning } from "./coldstart.ts";
import { Marker } from "./marker.ts";
import { able, expectRow, shareSwitch } from "./sharedswitch.ts";

const shared = shareSwitch();
const DOWN = { state: "ok", netdev_oper_status: "down", admin_status: "down", mtu: "1500" };

testWith(able, "Admission lets nothing be written of a netdev without a row in APPL_DB (rule 18)", async () => {
  const box = shared();
  await box.configure(["Ethernet0"]);
  await using daemon = await startCold(box, { args: ["--log-level", "info"] });
  const marker = await Marker.open(box);
  await box.links.add(["Ethernet0", "Ethernet4"]); // the one is pending in APPL_DB, the other unknown
  await daemon.waitForLog(/Ethernet0 is not in APPL_DB yet/);
  await marker.pass();
  expect(await box.db.state.keys("PORT_TABLE|*")).toEqual([Marker.key]);
});

testWith(
  able,
  "Admission has a port published as soon as its row appears, without a netlink message (rule 18 made better)",
  async () => {
    const box = shared();
    await using _ = await startRunning(box, ["Ethernet0"]);
    const marker = await Marker.open(box);
    await box.links.add(["Ethernet0", "Ethernet4"]);
    await marker.pass();
    await box.links.mtu(9100, "Ethernet4");
    await marker.pass();
    await box.db.appl.hset("PORT_TABLE:Ethernet4", { lanes: "4" });
    await expectRow(box, "Ethernet4", { ...DOWN, mtu: "9100" });
  },
);

testWith(able, "Admission has nothing published of a row without a netdev (rule 18)", async () => {
  const box = shared();
  await using _ = await startRunning(box, ["Ethernet0", "Ethernet4"]);
  const marker = await Marker.open(box);
  await box.links.add(["Ethernet0"]);
  await marker.pass();
  expect(await box.db.state.keys("PORT_TABLE|*")).toEqual(["PORT_TABLE|Ethernet0", Marker.key]);
});

testWith(able, "Admission freezes a port whose row went away until its netdev goes (rule 18, section 9)", async () => {
  const box = shared();
  await using _ = await startRunning(box, ["Ethernet0", "Ethernet4"]);
  const marker = await Marker.open(box);
  await box.links.add(["Ethernet0", "Ethernet4"]);
  await marker.pass();
  await box.db.appl.del("PORT_TABLE:Ethernet0");
  // The row of Ethernet8 is heard of after the end of Ethernet0's.
  await box.links.add(["Ethernet8"]);
  await box.db.appl.hset("PORT_TABLE:Ethernet8", { lanes: "8" });
  await expectRow(box, "Ethernet8", DOWN);
  await box.links.mtu(9100, "Ethernet0", "Ethernet4");
  await marker.pass();
  await expectRow(box, "Ethernet4", { ...DOWN, mtu: "9100" });
  expect(await box.db.state.hgetall("PORT_TABLE|Ethernet0")).toEqual(DOWN);
  await box.links.delete("Ethernet0");
  await expectRow(box, "Ethernet0", undefined);
});

testWith(
  able,
  "Admission has a frozen port published as the kernel has it when its row is back (rule 18)",
  async () => {
    const box = shared();
    await using _ = await startRunning(box, ["Ethernet0"]);
    const marker = await Marker.open(box);
    await box.links.add(["Ethernet0"]);
    await marker.pass();
    await box.db.appl.call(
      "HDEL",
      "PORT_TABLE:Ethernet0",
      ...Object.keys(await box.db.appl.hgetall("PORT_TABLE:Ethernet0")),
    );
    await box.links.add(["Ethernet8"]);
    await box.db.appl.hset("PORT_TABLE:Ethernet8", { lanes: "8" });
    await expectRow(box, "Ethernet8", DOWN);
    await box.links.mtu(9100, "Ethernet0");
    await marker.pass();
    expect(await box.db.state.hgetall("PORT_TABLE|Ethernet0")).toEqual(DOWN);
    await box.db.appl.hset("PORT_TABLE:Ethernet0", { lanes: "0" });
    await expectRow(box, "Ethernet0", { ...DOWN, mtu: "9100" });
  },
);

testWith(
  able,
  "Admission takes an APPL_DB row of the wrong type for none, and others do not wait for it (rules 18, 26)",
  async () => {
    const box = shared();
    await using _ = await startRunning(box, ["Ethernet0", "Ethernet4"]);
    const marker = await Marker.open(box);
    await box.db.appl.del("PORT_TABLE:Ethernet0");
    await box.db.appl.call("SET", "PORT_TABLE:Ethernet0", "no hash");
    await box.links.add(["Ethernet8"]);
    await box.db.appl.hset("PORT_TABLE:Ethernet8", { lanes: "8" });
    await expectRow(box, "Ethernet8", DOWN);
    await box.links.add(["Ethernet0", "Ethernet4"]);
    await marker.pass();
    await expectRow(box, "Ethernet4", DOWN);
    expect(await box.db.state.exists("PORT_TABLE|Ethernet0")).toBe(false);
    await box.db.appl.del("PORT_TABLE:Ethernet0");
    await box.db.appl.hset("PORT_TABLE:Ethernet0", { lanes: "0" });
    await expectRow(box, "Ethernet0", DOWN);
  },
);

testWith(
  able,
  "Admission finds a row that was popped before its netdev came where Redis notifies nobody (rule 18)",
  async () => {
    const box = shared();
    await box.db.appl.call("CONFIG", "SET", "notify-keyspace-events", "");
    try {
      await box.configure(["Ethernet0"], { admin_status: undefined });
      await using daemon = await start(box);
      await daemon.waitForLog(/PortConfigDone, count 1/);
      await box.pop();
      await box.links.add(["Ethernet0"]);
      await expectRow(box, "Ethernet0", DOWN);
    } finally {
      await box.db.appl.call("CONFIG", "SET", "notify-keyspace-events", "AKE");
    }
  },
);

import { expect } from "bun:test";

import type { Switch } from "../support/switch.ts";
import { testWith } from "../support/testwith.ts";
import { FakeKernel } from "./fakekernel.ts";
import { AF_BRIDGE, LOWER_UP, RUNNING, UP } from "./linkmessage.ts";
import { LocalDaemon } from "./localdaemon.ts";
import { able, expectRow, shareSwitch } from "./sharedswitch.ts";

// Messages that no device of the test machine need be able to cause: LAGs, libnl's refusals, foreign families.
const shared = shareSwitch();
const MARKER = { type: "new", ifindex: 99, ifname: "Ethernet99", kind: "veth" } as const;

/** A switch whose orchagent knows these ports, and a kernel that is about to speak of them. */
async function open(box: Switch, ...ports: readonly string[]): Promise<FakeKernel> {
  for (const port of [...ports, MARKER.ifname]) await box.db.appl.hset(`PORT_TABLE:${port}`, { lanes: "1" });
  return new FakeKernel();
}

let markerMtu = 1;

/** Returns when everything said before has reached STATE_DB. */
async function pass(box: Switch, kernel: FakeKernel): Promise<void> {
  const mtu = ++markerMtu;
  kernel.say({ ...MARKER, mtu });
  await expectRow(box, MARKER.ifname, { state: "ok", netdev_oper_status: "down", admin_status: "down", mtu: `${mtu}` });
}

const UP_ROW = { state: "ok", netdev_oper_status: "up", admin_status: "up", mtu: "9100" };
const flags = UP | RUNNING | LOWER_UP;

testWith(able, "LinkSync ignores the master of a LAG, whatever family speaks of it (rule 14)", async () => {
  const box = shared();
  const kernel = await open(box, "PortChannel1");
  await using _ = await LocalDaemon.start(box.db, kernel);
  const lag = { type: "new", ifindex: 5, ifname: "PortChannel1", flags, mtu: 9100 } as const;
  kernel.say({ ...lag, kind: "team" }, { ...lag, family: AF_BRIDGE });
  await pass(box, kernel);
  expect(await box.db.state.exists("PORT_TABLE|PortChannel1")).toBe(false);
});

testWith(able, "LinkSync publishes a member of a LAG as any port (rule 13, 15)", async () => {
  const box = shared();
  const kernel = await open(box, "Ethernet0");
  await using _ = await LocalDaemon.start(box.db, kernel);
  kernel.say({ type: "new", ifindex: 4, ifname: "Ethernet0", flags, mtu: 9100, master: 5, kind: "veth" });
  await expectRow(box, "Ethernet0", UP_ROW);
});

testWith(
  able,
  "LinkSync deletes nothing at a DELLINK with a master, and the row at one without (rules 15, 17)",
  async () => {
    const box = shared();
    const kernel = await open(box, "Ethernet0");
    await using _ = await LocalDaemon.start(box.db, kernel);
    const port = { ifindex: 4, ifname: "Ethernet0", flags, mtu: 9100, kind: "veth" } as const;
    kernel.say({ type: "new", ...port, master: 5 });
    await expectRow(box, "Ethernet0", UP_ROW);
    kernel.say({ type: "del", ...port, master: 5 }, { type: "del", ...port, family: AF_BRIDGE, master: 5 });
    await pass(box, kernel);
    await expectRow(box, "Ethernet0", UP_ROW);
    kernel.say({ type: "del", ...port });
    await expectRow(box, "Ethernet0", undefined);
  },
);

testWith(able, "LinkSync takes flags and MTU from what a bridge says of its member (rule 10)", async () => {
  const box = shared();
  const kernel = await open(box, "Ethernet0");
  await using _ = await LocalDaemon.start(box.db, kernel);
  kernel.say({ type: "new", ifindex: 4, ifname: "Ethernet0", mtu: 1500, kind: "veth" });
  kernel.say({ type: "new", ifindex: 4, ifname: "Ethernet0", family: AF_BRIDGE, flags, mtu: 9100, master: 6 });
  await expectRow(box, "Ethernet0", UP_ROW);
});

testWith(
  able,
  "LinkSync deletes a row only for the ifindex that it was published of (rule 17 made better)",
  async () => {
    const box = shared();
    const kernel = await open(box, "Ethernet0");
    await using _ = await LocalDaemon.start(box.db, kernel);
    kernel.say({ type: "new", ifindex: 9, ifname: "Ethernet0", flags, mtu: 9100, kind: "veth" });
    kernel.say({ type: "del", ifindex: 4, ifname: "Ethernet0", kind: "veth" });
    await pass(box, kernel);
    await expectRow(box, "Ethernet0", UP_ROW);
  },
);

testWith(able, "decodeLink drops a message without a name, and the daemon goes on (rule 10)", async () => {
  const box = shared();
  const kernel = await open(box, "Ethernet0");
  await using _ = await LocalDaemon.start(box.db, kernel);
  const unnamed = { type: "new", ifindex: 4, flags, mtu: 1 } as const;
  kernel.say(unnamed, { ...unnamed, ifname: "Ethernet0", mtu: 9100 }, unnamed);
  await pass(box, kernel);
  await expectRow(box, "Ethernet0", UP_ROW);
});

testWith(able, "LinkSync publishes MTU 0 where a message has none (rule 10)", async () => {
  const box = shared();
  const kernel = await open(box, "Ethernet0");
  await using _ = await LocalDaemon.start(box.db, kernel);
  kernel.say({ type: "new", ifindex: 4, ifname: "Ethernet0", flags });
  await expectRow(box, "Ethernet0", { ...UP_ROW, mtu: "0" });
});

testWith(able, "LinkSync takes IFF_RUNNING alone for oper, not IFF_LOWER_UP (rule 12)", async () => {
  const box = shared();
  const kernel = await open(box, "Ethernet0", "Ethernet4");
  await using _ = await LocalDaemon.start(box.db, kernel);
  kernel.say({ type: "new", ifindex: 4, ifname: "Ethernet0", flags: UP | LOWER_UP, mtu: 9100 });
  kernel.say({ type: "new", ifindex: 8, ifname: "Ethernet4", flags: RUNNING, mtu: 9100 });
  await expectRow(box, "Ethernet0", { ...UP_ROW, netdev_oper_status: "down" });
  await expectRow(box, "Ethernet4", { ...UP_ROW, admin_status: "down" });
});

import { expect } from "bun:test";

import { waitUntil } from "./deadline.ts";
import { failureOf } from "./failure.ts";
import { encodeDelete, encodeSetMtu, encodeSetUp, type LinkNotice } from "./linkmessage.ts";
import { farEnd, Links, portNames } from "./links.ts";
import { LinkSocket, LinkWatch } from "./linksocket.ts";
import { canUseNamespaces, Namespace } from "./namespace.ts";
import { rowDifferences, rowFits } from "./portrow.ts";
import { all, needsRoot } from "./requirement.ts";
import { testWith } from "./testwith.ts";

const able = canUseNamespaces();
// A socket in another namespace takes CAP_SYS_ADMIN in this one.
const ableToEnter = all(able, needsRoot());

testWith(able, "Links adds, raises, resizes, renames, enslaves and deletes ports", async () => {
  await using namespace = await Namespace.open();
  const links = new Links(namespace);
  await links.add(["Ethernet0", "Ethernet4"], { up: true });
  expect((await links.table()).get("Ethernet0")).toMatchObject({ admin: "up", oper: "down", mtu: 1500, kind: "veth" });
  await links.carrier(true, "Ethernet0");
  await links.waitFor("carrier", (table) => table.get("Ethernet0")?.oper === "up");
  await links.mtu(9100, "Ethernet0", "Ethernet4");
  await links.addBridge("br0");
  await links.master("Ethernet4", "br0");
  expect((await links.table()).get("Ethernet4")).toMatchObject({ mtu: 9100, master: "br0" });
  await links.master("Ethernet4", null);
  await links.down("Ethernet4");
  await links.rename("Ethernet4", "Ethernet8");
  expect((await links.table()).get("Ethernet8")).toMatchObject({ admin: "down", oper: "down", master: null });
  await links.delete("Ethernet0");
  expect([...(await links.table()).keys()].sort()).toEqual(["Ethernet8", "br0", "lo", farEnd("Ethernet4")]);
  expect(await failureOf(links.up("Ethernet0"))).toMatch(/Cannot find device/);
});

testWith(
  ableToEnter,
  "Links.move takes a port to another namespace and back, where its ifindex is the old one",
  async () => {
    await using here = await Namespace.open();
    await using there = await Namespace.open();
    const [links, others] = [new Links(here), new Links(there)];
    await links.add(["Ethernet0"]);
    const before = (await links.table()).get("Ethernet0")!;
    await links.move("Ethernet0", there);
    expect((await links.table()).has("Ethernet0")).toBe(false);
    await others.move("Ethernet0", here);
    expect((await links.table()).get("Ethernet0")!.ifindex).toBe(before.ifindex);
  },
);

testWith(able, "Links.waitFor says what the kernel had instead", async () => {
  await using namespace = await Namespace.open();
  const wait = new Links(namespace).waitFor("Ethernet0", (table) => table.has("Ethernet0"), { seconds: 0.05 });
  expect(await failureOf(wait)).toMatch(/no Ethernet0 within 0.05 s; seen: [\s\S]*"lo"/);
});

testWith(ableToEnter, "LinkSocket changes links, and LinkWatch hears it at once, as ip(8) tells it", async () => {
  await using namespace = await Namespace.open();
  const links = new Links(namespace);
  await links.add(portNames(2), { carrier: true });
  using requests = new LinkSocket(namespace);
  const heard: LinkNotice[] = [];
  using watch = new LinkWatch((notice) => heard.push(notice), namespace);
  const { ifindex } = requests.dump().get("Ethernet0")!;
  requests.send(encodeSetMtu(ifindex, 9000));
  watch.poll();
  expect(heard.at(-1)).toMatchObject({ type: "new", ifindex, ifname: "Ethernet0", mtu: 9000, admin: "down" });
  requests.send(encodeSetUp(ifindex, true));
  await waitUntil("carrier heard", () => heard.at(-1)?.oper === "up", { seen: () => heard.at(-1) });
  const [kernel, dumped] = [await links.table(), requests.dump()];
  for (const [name, { ifindex: index, admin, oper, mtu }] of kernel) {
    expect(dumped.get(name)).toMatchObject({ ifindex: index, admin, oper, mtu });
  }
  requests.send(Buffer.concat([encodeDelete(ifindex), encodeDelete(ifindex)]));
  watch.poll();
  expect(heard.findLast(({ ifname }) => ifname === "Ethernet0")).toMatchObject({ type: "del", ifindex });
  expect(requests.refusals()).toEqual([19]);
});

testWith({ ok: true }, "rowFits and rowDifferences judge the four fields only", () => {
  const link = { admin: "up", oper: "down", mtu: 1500 } as const;
  const row = { state: "ok", netdev_oper_status: "down", admin_status: "up", mtu: "1500", speed: "1" };
  expect(rowFits(row, link)).toBe(true);
  expect(rowFits({ ...row, mtu: "9100" }, link)).toBe(false);
  expect(rowFits(undefined, link)).toBe(false);
  expect(rowFits(undefined, undefined)).toBe(true);
  expect(rowFits({ speed: "1" }, undefined)).toBe(true);
  expect(rowFits(row, undefined)).toBe(false);
  const differences = rowDifferences(["Ethernet0", "Ethernet4"], new Map(), new Map([["Ethernet4", link]]));
  expect(differences).toHaveLength(1);
  expect(differences[0]).toStartWith("Ethernet4: STATE_DB has no row, kernel {");
});

import { expect } from "bun:test";

import * as fc from "fast-check";

import type { Link } from "../../src/rtnetlink/link.ts";
import { type LinkEvent, LinkMonitor } from "../../src/rtnetlink/monitor.ts";
import { systemClock } from "../../src/util/clock.ts";
import { expectedLink, type IpLink, parseIpLinks } from "../golden/iplink.ts";
import { ableToEnter, kernelSourceIn } from "../netlink/innamespace.ts";
import { waitUntil } from "../support/deadline.ts";
import { failureOf } from "../support/failure.ts";
import { inNamespace } from "../support/innamespace.ts";
import { encodeSetMtu } from "../support/linkmessage.ts";
import { farEnd, Links, portNames } from "../support/links.ts";
import { LinkSocket } from "../support/linksocket.ts";
import { Namespace } from "../support/namespace.ts";
import { testWith } from "../support/testwith.ts";

const ROOMY = 16_777_216;

/** A monitor of a namespace's links. */
class Bench implements AsyncDisposable {
  readonly links: Links;
  readonly events: LinkEvent[] = [];
  readonly monitor: LinkMonitor;

  private constructor(
    readonly namespace: Namespace,
    receiveBufferBytes: number,
  ) {
    this.links = new Links(namespace);
    const options = { receiveBufferBytes, budget: { datagrams: 100, ms: 50 } };
    this.monitor = new LinkMonitor(kernelSourceIn(namespace), systemClock, options, {
      onLink: (event) => void this.events.push(event),
      onPublish: () => {},
    });
  }

  static async open(ports: readonly string[], receiveBufferBytes = ROOMY): Promise<Bench> {
    const namespace = await Namespace.open();
    await new Links(namespace).add(ports);
    const bench = new Bench(namespace, receiveBufferBytes);
    await bench.monitor.synchronize();
    return bench;
  }

  /** What ip(8) says of all links, by ifindex. */
  async real(): Promise<Map<number, unknown>> {
    const rows: IpLink[] = parseIpLinks(await this.namespace.run(["ip", "-j", "-d", "link"]));
    return new Map(rows.map((row) => [row.ifindex, comparable(expectedLink(row, rows))]));
  }

  /** What the monitor says of all links, by ifindex. */
  known(): Map<number, unknown> {
    const links = Array.from(this.monitor.links.values()).sort((a, b) => a.ifindex - b.ifindex);
    return new Map(links.map((link) => [link.ifindex, comparable(link)]));
  }

  /** Waits until the monitor says what ip(8) says, and fails with the difference. */
  async expectReal(): Promise<void> {
    const isReal = async () => Bun.deepEquals(this.known(), await this.real(), true);
    await waitUntil("links as ip(8) says", isReal, { seconds: 5 }).catch(() => {});
    expect(this.known()).toEqual(await this.real());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.monitor[Symbol.asyncDispose]();
    await this.namespace[Symbol.asyncDispose]();
  }
}

/** What the daemon decodes of a link, without the family, which is that of the last message. */
function comparable({ ifindex, name, flags, mtu, master, kind }: Link) {
  return { ifindex, name, flags, mtu, master, kind };
}

const PORTS = portNames(6);
const BRIDGES = ["br0", "br1"];
const ANY = [...PORTS, ...PORTS.map(farEnd)];
const any = fc.constantFrom(...ANY);
/** Lines for ip(8), of which some make no sense: `-force` goes on after these. */
const line = fc.oneof(
  any.map((name) => `link set ${name} up`),
  any.map((name) => `link set ${name} down`),
  fc.tuple(any, fc.integer({ min: 68, max: 9216 })).map(([name, mtu]) => `link set ${name} mtu ${mtu}`),
  fc.tuple(any, fc.constantFrom(...BRIDGES)).map(([name, bridge]) => `link set ${name} master ${bridge}`),
  any.map((name) => `link set ${name} nomaster`),
  fc.constantFrom(...BRIDGES).map((name) => `link set ${name} up`),
  fc.constantFrom(...BRIDGES).map((name) => `link del ${name}`),
  fc.constantFrom(...BRIDGES).map((name) => `link add ${name} type bridge`),
  fc.constantFrom(...PORTS).map((name) => `link del ${name}`),
  fc.constantFrom(...PORTS).map((name) => `link add ${name} type veth peer name ${farEnd(name)}`),
  fc.tuple(any, any).map(([from, to]) => `link set ${from} name ${to}`),
);

for (const [room, receiveBufferBytes] of [
  ["room for all messages", ROOMY],
  ["room for hardly any message", 1],
] as const) {
  testWith(
    ableToEnter,
    `LinkMonitor knows what ip(8) says after any changes, with ${room}`,
    async () => {
      await using bench = await Bench.open(PORTS, receiveBufferBytes);
      const change = async (lines: readonly string[]) => {
        const input = `${lines.join("\n")}\n`;
        await bench.namespace.run(["sh", "-c", "ip -force -batch - 2>/dev/null || :"], { input });
        await bench.expectReal();
      };
      const changes = fc.array(line, { minLength: 20, maxLength: 60 });
      await fc.assert(fc.asyncProperty(changes, change), { numRuns: 15, endOnFailure: true });
    },
    60,
  );
}

testWith(ableToEnter, "LinkMonitor recovers from a flood that the queue has no room for", async () => {
  await using bench = await Bench.open(["Ethernet0"], 1);
  using requests = new LinkSocket(bench.namespace);
  const { ifindex } = requests.dump().get("Ethernet0")!;
  for (let i = 0; i < 500; i++) requests.send(encodeSetMtu(ifindex, 2000 + i));
  await waitUntil("overrun", () => bench.monitor.resyncs.overrun > 0);
  await bench.expectReal();
  expect(bench.monitor.links.get(ifindex)!.mtu).toBe(2499);
  const { datagrams } = bench.monitor.counters;
  expect(datagrams).toBeLessThan(500);
});

testWith(
  ableToEnter,
  "LinkMonitor tells the deletion of a link that is a bridge's member, and of the bridge",
  async () => {
    await using bench = await Bench.open(["Ethernet0"]);
    await bench.links.addBridge("br0");
    await bench.links.master("Ethernet0", "br0");
    await bench.links.delete("Ethernet0");
    await bench.links.delete("br0");
    await bench.expectReal();
    const gone = bench.events.filter(({ kind }) => kind === "del").map(({ link, cause }) => `${link.name} ${cause}`);
    expect(gone.sort()).toEqual(["Ethernet0 event", "br0 event", "p0 event"]);
  },
);

testWith(ableToEnter, "LinkMonitor keeps a link that leaves its bridge", async () => {
  await using bench = await Bench.open(["Ethernet0"]);
  await bench.links.addBridge("br0");
  await bench.links.master("Ethernet0", "br0");
  await bench.links.master("Ethernet0", null);
  await bench.expectReal();
  expect(bench.events.filter(({ kind }) => kind === "del")).toEqual([]);
});

testWith(ableToEnter, "LinkMonitor tells that a link left for another namespace, and that it came back", async () => {
  await using bench = await Bench.open(["Ethernet0"]);
  await using other = await Namespace.open();
  const { ifindex } = (await bench.links.table()).get("Ethernet0")!;
  const start = bench.events.length;
  await bench.links.move("Ethernet0", other);
  await bench.expectReal();
  expect(bench.monitor.links.has(ifindex)).toBe(false);
  await new Links(other).move("Ethernet0", bench.namespace);
  await bench.expectReal();
  const told = bench.events.slice(start).filter(({ link }) => link.ifindex === ifindex);
  expect(told.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["del", "new"]));
});

testWith(ableToEnter, "LinkMonitor.setLinkDown brings a link down, and says which link there is not", async () => {
  await using bench = await Bench.open(["Ethernet0"]);
  await bench.links.up("Ethernet0");
  const { ifindex } = (await bench.links.table()).get("Ethernet0")!;
  await bench.monitor.setLinkDown(ifindex);
  expect((await bench.links.table()).get("Ethernet0")!.admin).toBe("down");
  expect(await failureOf(bench.monitor.setLinkDown(9999))).toBe("RTM_NEWLINK down: ENODEV");
});

testWith(ableToEnter, "LinkMonitor.probe gets an answer from the kernel", async () => {
  await using bench = await Bench.open(["Ethernet0"]);
  expect(await bench.monitor.probe()).toBeUndefined();
});

testWith(ableToEnter, "LinkMonitor reads a dump of many datagrams", async () => {
  const ports = portNames(200);
  await using bench = await Bench.open(ports);
  expect(bench.monitor.links.size).toBe(401);
  expect(bench.known()).toEqual(await bench.real());
  expect(bench.events.every(({ cause }) => cause === "dump")).toBe(true);
});

testWith(ableToEnter, "LinkMonitor hears nothing of another namespace", async () => {
  await using bench = await Bench.open(["Ethernet0"]);
  await using other = await Namespace.open();
  const start = bench.events.length;
  await new Links(other).add(["Ethernet4"]);
  using requests = inNamespace(bench.namespace, () => new LinkSocket());
  requests.send(encodeSetMtu(requests.dump().get("Ethernet0")!.ifindex, 1400));
  await waitUntil("event", () => bench.events.length > start);
  expect(bench.events.slice(start).map(({ link }) => link.name)).toEqual(["Ethernet0"]);
});

import { expect, test } from "bun:test";

import { NLM_F_DUMP, NLM_F_REQUEST } from "../../ffi/linux/netlink.ts";
import { AF_BRIDGE } from "../../ffi/sys/socket.ts";
import { RECEIVED } from "../../src/netlink/socket.ts";
import { LinkMonitor } from "../../src/rtnetlink/monitor.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { delLink, Feed, link, newLink } from "./feed.ts";
import { MonitorBench, PAUSE_MS, refusal } from "./monitorbench.ts";

test("LinkMonitor joins the group before it asks for the dump, which is one of all links", async () => {
  const bench = new MonitorBench();
  expect([bench.feed.isSubscribed, bench.dumps]).toEqual([true, 0]);
  await bench.ask();
  const [request] = bench.feed.channel.requests;
  const view = new DataView(request!.buffer);
  expect([view.getUint16(4, true), view.getUint16(6, true)]).toEqual([18, NLM_F_REQUEST | NLM_F_DUMP]);
});

test("LinkMonitor.synchronize tells the dump, ends the turn, closes the channel, and then resolves", async () => {
  const bench = new MonitorBench();
  await bench.ask();
  bench.feed.channel.give([link(1), link(2)]);
  await bench.clock.run(10);
  expect([bench.take(), await bench.isSynchronized()]).toEqual([[], false]);
  await bench.answer([link(3)]);
  expect(bench.told).toEqual(["new 1 dump", "new 2 dump", "new 3 dump", "end"]);
  expect(bench.monitor.links.get(2)).toEqual(link(2));
  expect([await bench.isSynchronized(), bench.feed.channel.isOpen, bench.dumps]).toEqual([true, false, 1]);
});

test("LinkMonitor tells each event with the link, and knows it from then on", async () => {
  const bench = await MonitorBench.synchronized();
  const resized = link(2, { mtu: 9100, flags: 0x11043, name: "Ethernet40" });
  bench.feed.tell(newLink(resized), delLink(link(3)));
  expect(bench.events).toEqual([
    { kind: "new", link: resized, cause: "event" },
    { kind: "del", link: link(3), cause: "event" },
  ]);
  expect(bench.known).toEqual([1, 2]);
  expect(bench.monitor.links.get(2)).toEqual(resized);
  expect(bench.told.at(-1)).toBe("end");
});

test("LinkMonitor takes events that come before the dump is asked for, and the dump after them", async () => {
  const bench = new MonitorBench();
  bench.feed.queue.push(newLink(link(1, { mtu: 1000 })));
  await bench.ask();
  expect(bench.take()).toEqual(["new 1 dump"]); // it was there before, as its ifi_change says
  await bench.answer([link(1)]);
  expect(bench.monitor.links.get(1)!.mtu).toBe(1500);
});

test("LinkMonitor lets events during a dump win over its entries", async () => {
  const bench = new MonitorBench();
  await bench.ask();
  bench.feed.channel.give([link(1)]);
  bench.feed.tell(newLink(link(2, { mtu: 9000 })), delLink(link(3)), newLink(link(4)));
  await bench.answer([link(2), link(3)]);
  expect(bench.take()).toEqual(["new 2 dump", "del 3 event", "new 4 dump", "new 1 dump"]);
  expect(bench.known).toEqual([1, 2, 4]);
  expect(bench.monitor.links.get(2)!.mtu).toBe(9000);
});

test("LinkMonitor takes what a bridge says of a member that it knows, and keeps its kind", async () => {
  const bench = await MonitorBench.synchronized();
  bench.feed.tell(newLink(link(2, { family: AF_BRIDGE, master: 1, kind: "", flags: 0x11043 })));
  expect(bench.monitor.links.get(2)).toMatchObject({ master: 1, kind: "veth", flags: 0x11043, mtu: 1500 });
  bench.feed.tell(newLink(link(2, { family: AF_BRIDGE, master: 1, kind: "", mtu: undefined })));
  expect(bench.monitor.links.get(2)).toMatchObject({ kind: "veth", flags: 1, mtu: 1500 });
  expect(bench.take()).toEqual(["new 2 event", "new 2 event"]);
});

test("LinkMonitor does not take a bridge's word for a link that it does not know", async () => {
  const bench = await MonitorBench.synchronized();
  bench.feed.tell(newLink(link(9, { family: AF_BRIDGE, master: 1, kind: "" })));
  expect([bench.take(), bench.known]).toEqual([[], [1, 2, 3]]);
});

test("LinkMonitor takes from the dump a link of which only its bridge has spoken meanwhile", async () => {
  const bench = new MonitorBench();
  await bench.ask();
  bench.feed.tell(newLink(link(2, { family: AF_BRIDGE, master: 1, kind: "" })));
  bench.feed.tell(delLink(link(3, { family: AF_BRIDGE, master: 1, kind: "" })));
  bench.feed.tell(delLink(link(4, { master: 1 })));
  await bench.answer([link(1), link(2, { master: 1 }), link(3), link(4)]);
  expect(bench.known).toEqual([1, 2, 3, 4]);
});

test("LinkMonitor deletes nothing when a member leaves its bridge (AF_BRIDGE), or its team (rule 15)", async () => {
  const bench = await MonitorBench.synchronized();
  bench.feed.tell(delLink(link(2, { family: AF_BRIDGE, master: 1, kind: "" })));
  bench.feed.tell(delLink(link(2, { family: AF_BRIDGE, kind: "" })));
  bench.feed.tell(delLink(link(3, { master: 1 })));
  expect([bench.take(), bench.known]).toEqual([[], [1, 2, 3]]);
});

test("LinkMonitor tells when events were received, before them", async () => {
  const clock = new FakeClock();
  const feed = new Feed();
  const told: string[] = [];
  const options = { receiveBufferBytes: 1, budget: { datagrams: 1000, ms: 1000 } };
  const monitor = new LinkMonitor(feed, clock, options, {
    onTurnStart: (atMs) => void told.push(`start ${atMs}`),
    onLink: ({ link: { ifindex }, cause }) => void told.push(`${ifindex} ${cause}`),
    onPublish: () => void told.push("publish"),
  });
  void monitor.synchronize();
  await clock.settle();
  clock.pass(3);
  feed.tell(newLink(link(1)), newLink(link(2)));
  expect(told).toEqual(["start 3", "1 dump", "publish", "start 3", "2 dump", "publish"]);
});

test("LinkMonitor.counters are those of its intake", async () => {
  const bench = await MonitorBench.synchronized();
  bench.feed.tell(newLink(link(2)), RECEIVED.FOREIGN);
  expect(bench.monitor.counters).toMatchObject({ datagrams: 2, newLinks: 1, foreign: 1 });
  expect(bench.monitor.receiveBufferBytes).toBe(0);
});

test("LinkMonitor.setLinkDown asks for IFF_UP to be cleared and waits for the acknowledgement", async () => {
  const bench = await MonitorBench.synchronized();
  let done = false;
  const down = bench.monitor.setLinkDown(7).then(() => (done = true));
  const { channel } = bench.feed;
  const view = new DataView(channel.requests[0]!.buffer);
  const [type, flags, ifindex] = [view.getUint16(4, true), view.getUint16(6, true), view.getInt32(20, true)];
  expect([type, flags, ifindex, view.getUint32(24, true), view.getUint32(28, true)]).toEqual([16, 5, 7, 0, 1]);
  await bench.clock.run(5);
  expect(done).toBe(false);
  channel.push(refusal(channel.sequence, 0));
  await bench.clock.run(1);
  await down;
  expect([done, channel.isOpen]).toEqual([true, false]);
});

test("LinkMonitor.setLinkDown throws the kernel's reason, and says when there is no answer", async () => {
  const bench = await MonitorBench.synchronized();
  const refused = bench.monitor.setLinkDown(7);
  bench.feed.channel.push(refusal(bench.feed.channel.sequence, -19));
  const unanswered = bench.monitor.setLinkDown(8);
  const outcomes = Promise.allSettled([refused, unanswered]);
  await bench.clock.run(1001);
  const reasons = (await outcomes).map((each) =>
    each.status === "rejected" ? (each.reason as Error).message : "done",
  );
  expect(reasons).toEqual(["RTM_NEWLINK down: ENODEV", "RTM_NEWLINK down: no answer in time"]);
  expect(bench.feed.channels.map(({ isOpen }) => isOpen)).toEqual([false, false, false]);
});

test("LinkMonitor.probe takes any answer for a sign of life, and throws when there is none", async () => {
  const bench = await MonitorBench.synchronized();
  const outcomes = Promise.allSettled(
    [link(1), -19, -1, undefined].map((answer) => {
      const probe = bench.monitor.probe();
      const { channel } = bench.feed;
      if (typeof answer === "number") channel.push(refusal(channel.sequence, answer));
      else if (answer) channel.give([answer]);
      return probe;
    }),
  );
  await bench.clock.run(1001);
  const reasons = (await outcomes).map((each) =>
    each.status === "rejected" ? (each.reason as Error).message : "alive",
  );
  expect(reasons).toEqual(["alive", "alive", "RTM_GETLINK probe: EPERM", "RTM_GETLINK probe: no answer in time"]);
});

test("LinkMonitor ends with the dump that is under way when it is disposed of, and tells nothing of it", async () => {
  const bench = await MonitorBench.synchronized();
  bench.feed.tell(RECEIVED.OVERRUN);
  await bench.clock.settle();
  const closed = bench.monitor[Symbol.asyncDispose]();
  expect(bench.feed.isSubscribed).toBe(false);
  await bench.answer([link(9)]);
  await closed;
  await bench.clock.run(10 * PAUSE_MS);
  expect([bench.take(), bench.dumps, bench.feed.channel.isOpen, bench.clock.timers]).toEqual([[], 2, false, 0]);
});

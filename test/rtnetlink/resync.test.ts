import { expect, test } from "bun:test";

import { NLM_F_DUMP_INTR } from "../../ffi/linux/netlink.ts";
import { encodeMessage } from "../../src/netlink/message.ts";
import { RECEIVED } from "../../src/netlink/socket.ts";
import { type HeldChannel, link, newLink } from "./feed.ts";
import { MonitorBench, PAUSE_MS, refusal } from "./monitorbench.ts";

/** Longer than a dump may take. */
const TIMEOUT_MS = 5001;

/** NLMSG_DONE with the error number that ended the dump, as netlink_dump() of the kernel writes it. */
function doneWithError(sequence: number, error: number): Uint8Array<ArrayBuffer> {
  const done = encodeMessage(3, 2, sequence, new Uint8Array(4));
  new DataView(done.buffer).setInt32(16, error, true);
  return done;
}

test("LinkMonitor finds with a dump after a loss what came, changed and went", async () => {
  const bench = await MonitorBench.synchronized();
  bench.feed.tell(RECEIVED.OVERRUN);
  await bench.clock.settle();
  await bench.answer([link(1), link(2, { mtu: 9000 }), link(4)]);
  expect(bench.take()).toEqual(["del 3 resync", "new 1 resync", "new 2 resync", "new 4 resync"]);
  expect(bench.known).toEqual([1, 2, 4]);
  expect(bench.monitor.resyncs.overrun).toBe(1);
});

test("LinkMonitor tells the deletion of a member that a dump does not have", async () => {
  const bench = await MonitorBench.synchronized();
  bench.feed.tell(newLink(link(3, { master: 1 })), RECEIVED.OVERRUN);
  await bench.clock.settle();
  await bench.answer([link(1), link(2)]);
  expect(bench.take()).toContain("del 3 resync");
  expect(bench.known).toEqual([1, 2]);
});

for (const [reason, loss] of [
  ["overrun", RECEIVED.OVERRUN],
  ["truncated", RECEIVED.TRUNCATED],
  ["malformed", new Uint8Array(7)],
] as const) {
  test(`LinkMonitor asks for a dump after a loss (${reason}) only when the queue is empty`, async () => {
    const bench = await MonitorBench.synchronized(2);
    bench.feed.tell(loss, newLink(link(1, { mtu: 1 })), newLink(link(1, { mtu: 2 })), newLink(link(1, { mtu: 3 })));
    await bench.clock.settle();
    expect([bench.dumps, bench.monitor.links.get(1)!.mtu]).toEqual([1, 1]);
    bench.clock.turn();
    await bench.clock.settle();
    expect([bench.dumps, bench.monitor.links.get(1)!.mtu]).toEqual([1, 3]);
    bench.clock.turn();
    await bench.clock.settle();
    expect(bench.dumps).toBe(2);
    await bench.answer([link(1, { mtu: 4 })]);
    expect(bench.monitor.links.get(1)!.mtu).toBe(4);
    expect(bench.monitor.resyncs[reason]).toBe(1);
  });
}

test("LinkMonitor asks for one dump after several losses in a row", async () => {
  const bench = await MonitorBench.synchronized();
  bench.feed.tell(RECEIVED.OVERRUN, RECEIVED.OVERRUN, RECEIVED.OVERRUN);
  await bench.clock.settle();
  await bench.answer([link(1)]);
  await bench.clock.run(10 * PAUSE_MS);
  expect([bench.dumps, bench.monitor.resyncs.overrun]).toEqual([2, 3]);
});

test("LinkMonitor asks again after a loss during a dump, when the queue is empty and a pause is over", async () => {
  const bench = await MonitorBench.synchronized();
  bench.feed.tell(RECEIVED.OVERRUN);
  await bench.clock.settle();
  bench.feed.tell(RECEIVED.OVERRUN, newLink(link(1, { mtu: 1 })));
  await bench.answer([link(1), link(2), link(3)]);
  expect(bench.dumps).toBe(2);
  await bench.clock.run(PAUSE_MS);
  expect(bench.dumps).toBe(3);
  await bench.answer([link(1, { mtu: 5 }), link(3)]);
  expect(bench.known).toEqual([1, 3]);
  expect(bench.monitor.links.get(1)!.mtu).toBe(5);
  await bench.clock.run(10 * PAUSE_MS);
  expect(bench.dumps).toBe(3);
});

test("LinkMonitor adds but never deletes by an interrupted dump, and asks again", async () => {
  const bench = await MonitorBench.synchronized();
  bench.feed.tell(RECEIVED.OVERRUN);
  await bench.clock.settle();
  await bench.answer([link(1, { mtu: 9000 }), link(4)], NLM_F_DUMP_INTR);
  expect(bench.take()).toEqual(["new 1 resync", "new 4 resync"]);
  expect(bench.known).toEqual([1, 2, 3, 4]);
  await bench.clock.run(PAUSE_MS);
  expect(bench.dumps).toBe(3);
  await bench.answer([link(1, { mtu: 9000 }), link(4)]);
  expect(bench.known).toEqual([1, 4]);
  expect(bench.monitor.resyncs.dump_interrupted).toBe(1);
});

test("LinkMonitor takes a dump for interrupted when only its end says so", async () => {
  const bench = await MonitorBench.synchronized();
  bench.feed.tell(RECEIVED.OVERRUN);
  await bench.clock.settle();
  bench.feed.channel.give([link(1)]);
  bench.feed.channel.push(encodeMessage(3, NLM_F_DUMP_INTR, bench.feed.channel.sequence, new Uint8Array(4)));
  await bench.clock.run(2);
  expect([bench.known, bench.monitor.resyncs.dump_interrupted]).toEqual([[1, 2, 3], 1]);
});

test("LinkMonitor waits longer after each interrupted dump, up to a second, and begins anew after a good one", async () => {
  const bench = await MonitorBench.synchronized();
  const pauses: number[] = [];
  const interrupt = async (times: number) => {
    for (let i = 0; i < times; i++) {
      bench.clock.delays.length = 0;
      bench.feed.channel.answer([link(1)], NLM_F_DUMP_INTR);
      await bench.clock.run(2);
      pauses.push(Math.max(...bench.clock.delays));
      await bench.clock.run(PAUSE_MS);
    }
  };
  bench.feed.tell(RECEIVED.OVERRUN);
  await bench.clock.settle();
  await interrupt(10);
  for (const [i, pauseMs] of pauses.entries()) {
    const whole = Math.min(10 * 2 ** i, 1000);
    expect(pauseMs).toBeGreaterThan(whole * 0.8 - 1e-6);
    expect(pauseMs).toBeLessThanOrEqual(whole);
  }
  await bench.answer([link(1)]);
  bench.feed.tell(RECEIVED.OVERRUN);
  await bench.clock.settle();
  pauses.length = 0;
  await interrupt(1);
  expect(pauses[0]).toBeLessThanOrEqual(10);
});

/** Ways in which a dump fails: what is queued, and how long that takes. */
const FAILURES: Readonly<Record<string, (channel: HeldChannel) => number>> = {
  "that the kernel refuses": (channel) => {
    channel.push(refusal(channel.sequence, -16));
    return 2;
  },
  "that loses a part (ENOBUFS)": (channel) => {
    channel.give([link(1)]);
    channel.push(RECEIVED.OVERRUN);
    channel.answer([link(3)]);
    return 2;
  },
  "of which a datagram is truncated": (channel) => {
    channel.give([link(1)]);
    channel.push(RECEIVED.TRUNCATED);
    return 2;
  },
  "that is malformed": (channel) => {
    channel.push(new Uint8Array(5));
    return 2;
  },
  "that is never answered": () => TIMEOUT_MS,
  "that never ends": (channel) => {
    channel.give([link(1)]);
    return TIMEOUT_MS;
  },
  "whose end has an error": (channel) => {
    channel.give([link(1)]);
    channel.push(doneWithError(channel.sequence, -90));
    return 2;
  },
};

for (const [how, fail] of Object.entries(FAILURES)) {
  test(`LinkMonitor believes nothing of a dump ${how}, and asks again`, async () => {
    const bench = await MonitorBench.synchronized();
    bench.feed.tell(RECEIVED.OVERRUN);
    await bench.clock.settle();
    await bench.clock.run(fail(bench.feed.channel));
    expect([bench.take(), bench.known]).toEqual([[], [1, 2, 3]]);
    expect(bench.monitor.resyncs.dump_failed).toBe(1);
    await bench.clock.run(PAUSE_MS);
    expect([bench.dumps, bench.feed.channels[1]!.isOpen]).toEqual([3, false]);
    await bench.answer([link(2)]);
    expect(bench.known).toEqual([2]);
  });
}

test("LinkMonitor asks again when the channel for a dump cannot be opened", async () => {
  const bench = new MonitorBench();
  const open = bench.feed.openRequest.bind(bench.feed);
  bench.feed.openRequest = () => {
    bench.feed.openRequest = open;
    throw new Error("EMFILE");
  };
  await bench.ask();
  await bench.clock.run(PAUSE_MS);
  await bench.answer([link(1)]);
  expect([bench.known, await bench.isSynchronized(), bench.monitor.resyncs.dump_failed]).toEqual([[1], true, 1]);
});

test("LinkMonitor.synchronize resolves with a complete dump, not with the failure of one during a loss", async () => {
  const bench = new MonitorBench();
  await bench.ask();
  bench.feed.tell(RECEIVED.OVERRUN);
  bench.feed.channel.push(RECEIVED.OVERRUN);
  await bench.clock.run(1);
  expect([bench.known, await bench.isSynchronized()]).toEqual([[], false]);
  await bench.clock.run(PAUSE_MS);
  await bench.answer([link(1), link(2)]);
  expect([bench.known, await bench.isSynchronized()]).toEqual([[1, 2], true]);
});

test("LinkMonitor.synchronize resolves with a complete dump, not with an interrupted one during a loss", async () => {
  const bench = new MonitorBench();
  await bench.ask();
  bench.feed.tell(RECEIVED.OVERRUN);
  await bench.answer([link(1)], NLM_F_DUMP_INTR);
  expect(await bench.isSynchronized()).toBe(false);
  await bench.clock.run(PAUSE_MS);
  await bench.answer([link(1), link(2)]);
  expect([bench.known, await bench.isSynchronized()]).toEqual([[1, 2], true]);
});

import { expect, test } from "bun:test";

import { RTM_NEWLINK } from "../../ffi/linux/rtnetlink.ts";
import { AF_BRIDGE } from "../../ffi/sys/socket.ts";
import { encodeMessage } from "../../src/netlink/message.ts";
import { RECEIVED } from "../../src/netlink/socket.ts";
import { encodeDumpRequest, encodeLink } from "../../src/rtnetlink/link.ts";
import { type LinkEvent, LinkMonitor } from "../../src/rtnetlink/monitor.ts";
import { DatagramQueue, encodeDone, replaySource, requestSequence } from "../../src/rtnetlink/replay.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { delLink, link, newLink } from "./feed.ts";

function recordingOf(
  ...messages: readonly Uint8Array<ArrayBuffer>[]
): { wallMs: number; bytes: Uint8Array<ArrayBuffer> }[] {
  return messages.map((bytes) => ({ wallMs: 0, bytes }));
}

test("DatagramQueue hands out what was pushed, in order, and then is empty", () => {
  using queue = new DatagramQueue();
  expect(queue.receive()).toBe(RECEIVED.EMPTY);
  queue.push(Uint8Array.from([1, 2, 3]));
  queue.push(RECEIVED.OVERRUN);
  queue.push(Uint8Array.from([4]));
  expect(queue.receive()).toBe(3);
  expect([queue.buffer.bytes, queue.buffer.view.getUint8(2)]).toEqual([Uint8Array.from([1, 2, 3]), 3]);
  expect([queue.receive(), queue.receive(), queue.receive()]).toEqual([RECEIVED.OVERRUN, 1, RECEIVED.EMPTY]);
  queue.push(new Uint8Array(2));
  expect([queue.receive(), queue.receive()]).toEqual([2, RECEIVED.EMPTY]);
});

test("DatagramQueue gives each request to its answerer, and forgets everything when it is disposed of", () => {
  const requests: Uint8Array[] = [];
  const queue = new DatagramQueue((request) => requests.push(request));
  const request = encodeDumpRequest(0x8000_0001);
  queue.request(request);
  expect(requests).toEqual([request]);
  expect(requestSequence(request)).toBe(0x8000_0001);
  queue.push(new Uint8Array(2));
  queue[Symbol.dispose]();
  expect(queue.receive()).toBe(RECEIVED.EMPTY);
});

test("replaySource gives every message once, wakes later, and ends when all were taken", async () => {
  const messages = [newLink(link(1)), delLink(link(1)), newLink(link(2))];
  const source = replaySource(recordingOf(...messages));
  const woken = Promise.withResolvers<void>();
  let ended = false;
  void source.ended!.then(() => (ended = true));
  using queue = source.subscribe(1, woken.resolve);
  await woken.promise;
  const got = messages.map(() => {
    queue.receive();
    return queue.buffer.bytes;
  });
  await Promise.resolve();
  expect([got, ended]).toEqual([messages, false]);
  expect(queue.receive()).toBe(RECEIVED.EMPTY);
  await source.ended;
  expect(ended).toBe(true);
});

test("replaySource answers a dump with the links that were told so far, and its end", () => {
  const bridge = newLink(link(2, { family: AF_BRIDGE, kind: "" }));
  const short = encodeMessage(RTM_NEWLINK, 0, 0, new Uint8Array(8));
  const source = replaySource(
    recordingOf(newLink(link(1)), newLink(link(2)), delLink(link(1)), bridge, short, newLink(link(3))),
  );
  using queue = source.subscribe(1, () => {});
  for (let told = 0; told < 5; told++) queue.receive();
  using channel = source.openRequest();
  channel.request(encodeDumpRequest(9));
  expect(channel.receive()).toBe(newLink(link(2)).length);
  expect([requestSequence(channel.buffer.bytes), channel.buffer.bytes.subarray(16)]).toEqual([9, encodeLink(link(2))]);
  expect(channel.receive()).toBe(20);
  expect(channel.buffer.bytes).toEqual(encodeDone(9));
  expect(channel.receive()).toBe(RECEIVED.EMPTY);
});

for (const [pace, datagrams] of [
  ["at once", 1000],
  ["in several turns", 2],
] as const) {
  test(`LinkMonitor knows in the end what a recording says, read ${pace}`, async () => {
    const clock = new FakeClock();
    const source = replaySource(
      recordingOf(
        newLink(link(1)),
        newLink(link(2)),
        newLink(link(3)),
        newLink(link(2, { mtu: 9000 })),
        delLink(link(3)),
      ),
    );
    const events: LinkEvent[] = [];
    const observer = { onLink: (event: LinkEvent) => void events.push(event), onPublish: () => {} };
    const monitor = new LinkMonitor(
      source,
      clock,
      { receiveBufferBytes: 1, budget: { datagrams, ms: 1000 } },
      observer,
    );
    const synchronized = monitor.synchronize();
    await clock.run(10);
    await synchronized;
    await source.ended;
    await clock.run(10);
    expect(Array.from(monitor.links.values())).toEqual([link(1), link(2, { mtu: 9000 })]);
    const gone = events.filter(({ kind }) => kind === "del").map(({ link: { ifindex } }) => ifindex);
    expect(gone).toEqual([3]);
    await monitor[Symbol.asyncDispose]();
  });
}

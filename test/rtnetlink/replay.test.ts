import { expect, test } from "bun:test";

import { RTM_NEWLINK } from "../../ffi/linux/rtnetlink.ts";
import { AF_BRIDGE } from "../../ffi/sys/socket.ts";
import { encodeMessage, walkMessages } from "../../src/netlink/message.ts";
import { type DatagramReceiver, RECEIVED } from "../../src/netlink/socket.ts";
import { DatagramQueue, encodeDone, requestSequence } from "../../src/rtnetlink/datagramqueue.ts";
import { encodeDumpRequest, encodeLink } from "../../src/rtnetlink/link.ts";
import { type LinkEvent, LinkMonitor } from "../../src/rtnetlink/monitor.ts";
import { replaySource } from "../../src/rtnetlink/replay.ts";
import { Recording } from "../../src/rtnetlink/rtmon.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { delLink, link, newLink } from "./feed.ts";

function recordingOf(...messages: readonly Uint8Array<ArrayBuffer>[]): Recording {
  return new Recording(Uint8Array.from(Buffer.concat(messages)));
}

/** The messages of the next datagram; undefined when there is none. */
function receive(channel: DatagramReceiver): Uint8Array[] | undefined {
  const length = channel.receive();
  if (length === RECEIVED.EMPTY) return undefined;
  const messages: Uint8Array[] = [];
  walkMessages(channel.buffer.view, length, (_type, _flags, _sequence, start, end) =>
    messages.push(channel.buffer.bytes.slice(start - 16, end)),
  );
  return messages;
}

function receiveAll(channel: DatagramReceiver): Uint8Array[][] {
  const datagrams: Uint8Array[][] = [];
  for (let messages = receive(channel); messages; messages = receive(channel)) datagrams.push(messages);
  return datagrams;
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
  expect(messages.map(() => receive(queue))).toEqual(messages.map((message) => [message]));
  await Promise.resolve();
  expect(ended).toBe(false);
  expect(receive(queue)).toBeUndefined();
  await source.ended;
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
  expect(receiveAll(channel)).toEqual([[encodeMessage(RTM_NEWLINK, 0, 9, encodeLink(link(2)))], [encodeDone(9)]]);
});

test("replaySource packs the links of a dump into datagrams of bounded size, and answers the next request, too", () => {
  const names = Array.from({ length: 1000 }, (_, i) => `Ethernet${i}`);
  const source = replaySource(recordingOf(...names.map((name, i) => newLink(link(i + 1, { name })))));
  using queue = source.subscribe(1, () => {});
  receiveAll(queue);
  using channel = source.openRequest();
  for (const sequence of [1, 2]) {
    channel.request(encodeDumpRequest(sequence));
    const datagrams = receiveAll(channel);
    const expected = names.map((name, i) => encodeMessage(RTM_NEWLINK, 0, sequence, encodeLink(link(i + 1, { name }))));
    expect(datagrams.flat()).toEqual([...expected, encodeDone(sequence)]);
    for (const datagram of datagrams) expect(Buffer.concat(datagram).length).toBeLessThanOrEqual(16_384);
  }
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

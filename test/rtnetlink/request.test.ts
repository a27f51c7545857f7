import { expect, test } from "bun:test";

import { NLM_F_DUMP_INTR } from "../../ffi/linux/netlink.ts";
import { RTM_NEWLINK } from "../../ffi/linux/rtnetlink.ts";
import { encodeMessage } from "../../src/netlink/message.ts";
import { RECEIVED } from "../../src/netlink/socket.ts";
import { encodeDone } from "../../src/rtnetlink/datagramqueue.ts";
import { encodeLink } from "../../src/rtnetlink/link.ts";
import { type Dump, dumpLinks } from "../../src/rtnetlink/request.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { datagram, HeldChannel, link, newLink } from "./feed.ts";

const SEQUENCE = 7;
const TIMEOUT_MS = 100;

/** A dump that was asked for. */
class Bench {
  readonly clock = new FakeClock();
  readonly channel = new HeldChannel();
  readonly raw: Uint8Array[] = [];
  outcome: Dump | Error | undefined;

  constructor() {
    void dumpLinks(this.channel, SEQUENCE, this.clock, TIMEOUT_MS, (message) => this.raw.push(message.slice())).then(
      (dump) => (this.outcome = dump),
      (error: Error) => (this.outcome = error),
    );
  }
}

test("dumpLinks reads an answer that comes in parts, and stops at its end", async () => {
  const bench = new Bench();
  bench.channel.give([link(1)]);
  await bench.clock.run(10);
  expect(bench.outcome).toBeUndefined();
  bench.channel.push(datagram(newLink(link(9)), encodeDone(SEQUENCE), newLink(link(8))));
  bench.channel.give([link(5)]);
  await bench.clock.run(10);
  expect(bench.outcome).toEqual({ links: [link(1)], undecoded: 0, interrupted: false });
});

test("dumpLinks believes no message that has another sequence number", async () => {
  const bench = new Bench();
  const other = encodeMessage(RTM_NEWLINK, 0, SEQUENCE - 1, encodeLink(link(2)));
  bench.channel.push(datagram(other, encodeDone(SEQUENCE - 1)));
  bench.channel.answer([link(1)]);
  await bench.clock.run(2);
  expect(bench.outcome).toEqual({ links: [link(1)], undecoded: 0, interrupted: false });
});

test("dumpLinks counts links that cannot be decoded, and reads the others", async () => {
  const bench = new Bench();
  const nameless = encodeMessage(RTM_NEWLINK, 0, SEQUENCE, encodeLink(link(2, { name: "" })));
  bench.channel.push(nameless);
  bench.channel.answer([link(1)]);
  await bench.clock.run(2);
  expect(bench.outcome).toEqual({ links: [link(1)], undecoded: 1, interrupted: false });
  expect(bench.raw[0]).toEqual(nameless);
  expect(bench.raw).toHaveLength(2);
});

test("dumpLinks says that the dump was interrupted when any of its messages does", async () => {
  const bench = new Bench();
  bench.channel.give([link(1)], NLM_F_DUMP_INTR);
  bench.channel.answer([link(2)]);
  await bench.clock.run(2);
  expect(bench.outcome).toMatchObject({ interrupted: true, links: [link(1), link(2)] });
});

test("dumpLinks lets the event loop turn once in 64 datagrams", async () => {
  const bench = new Bench();
  bench.channel.answer(Array.from({ length: 200 }, (_, i) => link(i + 1)));
  bench.clock.advance(1);
  let turns = 0;
  for (; !bench.outcome && turns < 10; turns++) {
    await bench.clock.settle();
    bench.clock.turn();
    await bench.clock.settle();
  }
  expect(turns).toBe(3);
  expect(bench.outcome).toMatchObject({ links: { length: 200 } });
});

test("dumpLinks skips what is not from the kernel", async () => {
  const bench = new Bench();
  bench.channel.push(RECEIVED.FOREIGN);
  bench.channel.answer([link(1)]);
  await bench.clock.run(2);
  expect(bench.outcome).toMatchObject({ links: [link(1)] });
});

for (const [how, say, message] of [
  ["the answer does not come in time", () => {}, "RTM_GETLINK dump: no answer in time"],
  ["the answer does not end in time", (channel) => channel.give([link(1)]), "RTM_GETLINK dump: no answer in time"],
  ["a part is lost", (channel) => channel.push(RECEIVED.OVERRUN), "RTM_GETLINK dump: ENOBUFS"],
  [
    "a part is cut off",
    (channel) => channel.push(RECEIVED.TRUNCATED),
    "RTM_GETLINK dump: an answer longer than the buffer",
  ],
  ["the kernel refuses", (channel) => channel.push(refusal(8, -16)), "RTM_GETLINK dump: EBUSY"],
  [
    "the refusal has no reason",
    (channel) => channel.push(refusal(0, 0)),
    "the end of an answer without an error number",
  ],
  ["the end has an error", (channel) => channel.push(done(-90)), "RTM_GETLINK dump: errno 90"],
] as const satisfies readonly (readonly [string, (channel: HeldChannel) => void, string])[]) {
  test(`dumpLinks throws when ${how}`, async () => {
    const bench = new Bench();
    say(bench.channel);
    await bench.clock.run(TIMEOUT_MS + 1);
    expect(bench.outcome).toBeInstanceOf(Error);
    expect((bench.outcome as Error).message).toBe(message);
  });
}

/** NLMSG_ERROR with a payload of `size` bytes. */
function refusal(size: number, error: number): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(size);
  if (size >= 4) new DataView(payload.buffer).setInt32(0, error, true);
  return encodeMessage(2, 0, SEQUENCE, payload);
}

/** NLMSG_DONE with the error number that ended the dump early, as netlink_dump_done() of the kernel writes it. */
function done(error: number): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setInt32(0, error, true);
  return encodeMessage(3, 2, SEQUENCE, payload);
}

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";

import * as fc from "fast-check";

import { DecodeError } from "../../src/netlink/error.ts";
import { encodeMessage, wrapDatagram } from "../../src/netlink/message.ts";
import { decodeLink } from "../../src/rtnetlink/link.ts";
import { encodeTimestamp, type RecordedMessage, Recording } from "../../src/rtnetlink/rtmon.ts";
import { waitUntil } from "../support/deadline.ts";
import { Links, portNames } from "../support/links.ts";
import { canUseNamespaces, Namespace } from "../support/namespace.ts";
import { all, needsCommands } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";

const message = fc
  .tuple(fc.integer({ min: 16, max: 0xffff }), fc.uint8Array({ maxLength: 40 }))
  .map(([type, payload]) => encodeMessage(type, 0, 0, payload));
const recorded: fc.Arbitrary<RecordedMessage> = fc.record({ wallMs: fc.nat(2 ** 40), bytes: message });
const recording = fc.array(recorded, { maxLength: 6 });

function write(messages: readonly RecordedMessage[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(messages.flatMap(({ wallMs, bytes }) => [encodeTimestamp(wallMs!), bytes])));
}

/** The messages without the padding, which belongs to the file. */
function unpadded(messages: readonly RecordedMessage[]): RecordedMessage[] {
  return messages.map(({ wallMs, bytes }) => ({
    wallMs,
    bytes: bytes.slice(0, wrapDatagram(bytes).view.getUint32(0, true)),
  }));
}

test("Recording reads what was written, with the times", () => {
  fc.assert(
    fc.property(recording, (messages) => {
      expect([...new Recording(write(messages))]).toEqual(unpadded(messages));
    }),
  );
});

test("Recording gives the beginning of a recording or a DecodeError when it is cut off anywhere", () => {
  fc.assert(
    fc.property(recording, fc.nat(), (messages, cut) => {
      const file = write(messages);
      const part = file.subarray(0, cut % (file.length + 1));
      const all = unpadded(messages);
      try {
        const read = [...new Recording(part)];
        expect(read).toEqual(all.slice(0, read.length));
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
  );
});

test("Recording gives messages or a DecodeError for any bytes", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(255), fc.constantFrom(0, 16, 20, 24)), { maxLength: 100 }), (bytes) => {
      try {
        for (const { bytes: each } of new Recording(Uint8Array.from(bytes))) expect(each.length).toBeWithin(16, 101);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
    { numRuns: 1000 },
  );
});

test("Recording says at which byte a recording is damaged", () => {
  const whole = write([{ wallMs: 5, bytes: encodeMessage(16, 0, 0, new Uint8Array(8)) }]);
  expect(() => new Recording(Buffer.concat([whole, Buffer.from([1, 2, 3])]))).toThrow(
    "byte 48: a message of 0 bytes where 3 are left",
  );
  expect(() => new Recording(whole.subarray(0, 40))).toThrow("byte 24: a message of 24 bytes where 16 are left");
  expect(() => new Recording(encodeMessage(15, 0, 0, new Uint8Array(4)))).toThrow("byte 0: a time stamp of 20 bytes");
  expect(() => new Recording(Buffer.from("not a recording, but some text"))).toThrow(DecodeError);
});

test("Recording reads messages without a time, and an empty file", () => {
  const bytes = encodeMessage(16, 0, 0, new Uint8Array(4));
  expect([...new Recording(bytes)]).toEqual([{ wallMs: undefined, bytes }]);
  expect([...new Recording(new Uint8Array(0))]).toEqual([]);
});

test("encodeTimestamp writes seconds and microseconds", () => {
  const { view } = wrapDatagram(encodeTimestamp(1_700_000_000_123.9));
  const fields = [view.getUint32(0, true), view.getUint16(4, true), view.getUint32(16, true), view.getUint32(20, true)];
  expect(fields).toEqual([24, 15, 1_700_000_000, 123_000]);
});

testWith(
  all(canUseNamespaces(), needsCommands("rtmon")),
  "Recording reads what rtmon(8) wrote: all links and the events after them, with the times",
  async () => {
    await using dir = new TempDir();
    await using namespace = await Namespace.open();
    const links = new Links(namespace);
    await links.add(portNames(2));
    const file = dir.file("rtmon");
    const start = Date.now();
    const rtmon = namespace.spawn(["rtmon", "file", file, "link"]);
    const names = () => {
      const size = Bun.file(file).size;
      if (size === 0) return [];
      return Array.from(
        new Recording(readFileSync(file)),
        ({ bytes }) => decodeLink(wrapDatagram(bytes), 16, bytes.length).name,
      );
    };
    const seen = () => {
      try {
        return names();
      } catch {
        return []; // rtmon is about to write the rest
      }
    };
    await waitUntil("dump", () => new Set(seen()).size === 5, { seen });
    await links.mtu(9000, "Ethernet0");
    await links.rename("Ethernet4", "Ethernet400");
    await waitUntil("events", () => seen().includes("Ethernet400"), { seen });
    rtmon.kill();
    await rtmon.exited;
    const messages = [...new Recording(readFileSync(file))];
    const last = new Map(messages.map(({ bytes }) => [wrapDatagram(bytes).view.getInt32(20, true), bytes]));
    const read = Array.from(last.values(), (bytes) => decodeLink(wrapDatagram(bytes), 16, bytes.length));
    const table = await links.table();
    expect(read.map(({ ifindex, name, mtu }) => ({ ifindex, ifname: name, mtu: mtu! }))).toEqual(
      Array.from(table.values(), ({ ifindex, ifname, mtu }) => ({ ifindex, ifname, mtu })),
    );
    for (const { wallMs } of messages) expect(wallMs).toBeWithin(start - 1000, Date.now() + 1);
  },
);

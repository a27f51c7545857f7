import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { DecodeError, type DecodeReason } from "../../src/netlink/error.ts";
import { align, datagramBuffer, encodeMessage, walkMessages, wrapDatagram } from "../../src/netlink/message.ts";
import { GuardedView } from "./guardedview.ts";

interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: readonly number[];
}

interface Walk {
  readonly messages: readonly Message[];
  readonly fault: DecodeReason | undefined;
}

function number(bytes: readonly number[]): number {
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
}

/** What a datagram holds, read in the plainest way: cut off the first message, then look at the rest. */
function readPlainly(bytes: readonly number[]): Walk {
  if (bytes.length === 0) return { messages: [], fault: undefined };
  if (bytes.length < 16) return { messages: [], fault: "header" };
  const size = number(bytes.slice(0, 4));
  if (size < 16 || size > bytes.length) return { messages: [], fault: "length" };
  const first = {
    type: number(bytes.slice(4, 6)),
    flags: number(bytes.slice(6, 8)),
    sequence: number(bytes.slice(8, 12)),
    payload: bytes.slice(16, size),
  };
  const rest = readPlainly(bytes.slice(Math.ceil(size / 4) * 4));
  return { messages: [first, ...rest.messages], fault: rest.fault };
}

/** What walkMessages says of the same bytes; throws for anything but a DecodeError and for a read outside. */
function walk(bytes: Uint8Array<ArrayBuffer>, length = bytes.length): Walk {
  const messages: Message[] = [];
  try {
    walkMessages(new GuardedView(bytes, 0, length), length, (type, flags, sequence, start, end) => {
      expect(start).toBeLessThanOrEqual(end);
      expect(end).toBeLessThanOrEqual(length);
      messages.push({ type, flags, sequence, payload: Array.from(bytes.subarray(start, end)) });
    });
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { messages, fault: error.reason };
  }
  return { messages, fault: undefined };
}

const message = fc.record({
  type: fc.nat(0xffff),
  flags: fc.nat(0xffff),
  sequence: fc.nat(0xffff_ffff),
  payload: fc.array(fc.nat(255), { maxLength: 40 }),
});
const messages = fc.array(message, { minLength: 1, maxLength: 5 });

/** An encoder of the test's own: least significant byte first, padded to four bytes. */
function encode(all: readonly Message[]): number[] {
  const little = (value: number, size: number) =>
    Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** i) & 255);
  return all.flatMap(({ type, flags, sequence, payload }) => {
    const size = 16 + payload.length;
    const padding = Array.from({ length: -size & 3 }, () => 0);
    const header = [...little(size, 4), ...little(type, 2), ...little(flags, 2), ...little(sequence, 4), 0, 0, 0, 0];
    return [...header, ...payload, ...padding];
  });
}

test("walkMessages visits exactly the messages of a valid datagram, in order", () => {
  fc.assert(
    fc.property(messages, (all) => {
      expect(walk(Uint8Array.from(encode(all)))).toEqual({ messages: all, fault: undefined });
    }),
  );
});

test("walkMessages says of any bytes what a plain reader says, and reads nothing outside of them", () => {
  const noise = fc.array(fc.oneof(fc.nat(255), fc.constantFrom(0, 16, 17, 20)), { maxLength: 80 });
  const damaged = fc
    .tuple(messages, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }))
    .map(([all, edits]) => {
      const bytes = encode(all);
      for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(noise, damaged), (bytes) => {
      expect(walk(Uint8Array.from(bytes))).toEqual(readPlainly(bytes));
    }),
    { numRuns: 1000 },
  );
});

test("walkMessages looks at nothing behind the length of the datagram, whatever an older one left there", () => {
  fc.assert(
    fc.property(messages, messages, fc.nat(), (all, older, cut) => {
      const bytes = encode(all);
      const length = cut % (bytes.length + 1);
      const buffer = Uint8Array.from([...bytes.slice(0, length), ...encode(older)]);
      expect(walk(buffer, length)).toEqual(readPlainly(bytes.slice(0, length)));
    }),
  );
});

test("walkMessages keeps the complete messages of a datagram that is cut off anywhere", () => {
  fc.assert(
    fc.property(messages, (all) => {
      const bytes = encode(all);
      const ends = all.map((_, i) => encode(all.slice(0, i + 1)).length);
      for (let length = 0; length <= bytes.length; length++) {
        // The padding of the last message may be missing.
        const complete = all.filter(({ payload }, i) => ends[i]! - (-payload.length & 3) <= length);
        expect(walk(Uint8Array.from(bytes.slice(0, length))).messages).toEqual(complete);
      }
    }),
    { numRuns: 30 },
  );
});

for (const [what, size, reason] of [
  ["zero, which would not end", 0, "length"],
  ["less than the header", 15, "length"],
  ["one byte more than there is", 37, "length"],
  ["2 GiB", 0x8000_0000, "length"],
  ["all bits set", 0xffff_ffff, "length"],
] as const) {
  test(`walkMessages refuses a message whose length is ${what}`, () => {
    const bytes = Uint8Array.from(encode([{ type: 1, flags: 0, sequence: 0, payload: [] }]).concat(Array(20).fill(0)));
    new DataView(bytes.buffer).setUint32(0, size, true);
    expect(walk(bytes)).toEqual({ messages: [], fault: reason });
  });
}

test("walkMessages visits nothing in an empty datagram", () => {
  expect(walk(new Uint8Array(0))).toEqual({ messages: [], fault: undefined });
});

test("walkMessages calls bytes too few for a header a fault of the header, after the messages before them", () => {
  const whole = { type: 16, flags: 2, sequence: 3, payload: [1, 2, 3] };
  const bytes = Uint8Array.from([...encode([whole]), ...Array(15).fill(16)]);
  expect(walk(bytes)).toEqual({ messages: [whole], fault: "header" });
});

test("walkMessages lets an error of its visitor through", () => {
  const bytes = Uint8Array.from(encode([{ type: 1, flags: 0, sequence: 0, payload: [] }]));
  const fail = () => {
    throw new TypeError("the visitor's");
  };
  expect(() => walkMessages(wrapDatagram(bytes).view, bytes.length, fail)).toThrow(TypeError);
});

test("encodeMessage writes what walkMessages reads, padded with zeros", () => {
  fc.assert(
    fc.property(message, (each) => {
      const bytes = encodeMessage(each.type, each.flags, each.sequence, Uint8Array.from(each.payload));
      expect(Array.from(bytes)).toEqual(encode([each]));
      expect(walk(bytes)).toEqual({ messages: [each], fault: undefined });
    }),
  );
});

test("align rounds up to four", () => {
  expect([0, 1, 2, 3, 4, 5, 65_535].map(align)).toEqual([0, 4, 4, 4, 4, 8, 65_536]);
});

test("wrapDatagram and datagramBuffer give a view of just those bytes", () => {
  const memory = Uint8Array.from([1, 2, 3, 4, 5, 6]);
  const { bytes, view } = wrapDatagram(memory.subarray(2, 4));
  expect([view.byteLength, view.getUint16(0, true)]).toEqual([2, 0x0403]);
  bytes[0] = 9;
  expect(memory[2]).toBe(9);
  const empty = datagramBuffer(5);
  expect([empty.bytes.length, empty.view.byteLength]).toEqual([5, 5]);
  empty.bytes[4] = 7;
  expect(empty.view.getUint8(4)).toBe(7);
});

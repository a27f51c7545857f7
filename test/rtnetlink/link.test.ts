import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST } from "../../ffi/linux/netlink.ts";
import { DecodeError } from "../../src/netlink/error.ts";
import { wrapDatagram } from "../../src/netlink/message.ts";
import {
  decodeLink,
  encodeDumpRequest,
  encodeLink,
  encodeLinkDown,
  encodeLinkRequest,
  type Link,
} from "../../src/rtnetlink/link.ts";
import type { Capture } from "../golden/capture.ts";
import captured from "../golden/captured.json" with { type: "json" };
import { HANDMADE } from "../golden/handmade.ts";
import { GuardedView } from "../netlink/guardedview.ts";

/** The payload of every golden packet of a single link. */
const GOLDEN: readonly Buffer[] = [
  ...(captured as Capture).packets
    .filter(({ of }) => of !== null)
    .map(({ datagrams }) => Buffer.from(datagrams[0]!, "hex")),
  ...HANDMADE.map(({ hex }) => Buffer.from(hex.join("").replaceAll(" ", ""), "hex")),
].map((message) => message.subarray(16));

const nameBytes = fc.array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 15 });
const name = nameBytes.map((bytes) => String.fromCharCode(...bytes));
const word = fc.nat(0xffff_ffff);
const anyLink: fc.Arbitrary<Link> = fc.record({
  ifindex: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
  family: fc.nat(255),
  flags: word,
  name,
  mtu: fc.option(word, { nil: undefined }),
  master: word,
  kind: fc.stringMatching(/^[a-z0-9_]{0,15}$/),
  address: fc.constant(""),
});

/** Decodes a payload that stands in the midst of other bytes, with a view that lets nothing else be read. */
function decode(payload: Uint8Array): Link {
  const bytes = new Uint8Array(Buffer.concat([Buffer.alloc(3, 0xff), payload, Buffer.alloc(5, 0xff)]));
  const [start, end] = [3, 3 + payload.length];
  return decodeLink({ bytes, view: new GuardedView(bytes, start, end) }, start, end, { address: true });
}

function reasonOf(payload: Uint8Array): string | undefined {
  try {
    decode(payload);
    return undefined;
  } catch (error) {
    if (error instanceof DecodeError) return error.reason;
    throw error;
  }
}

/** An attribute, written apart from what is tested. */
function attribute(type: number, value: string | ArrayLike<number>): Buffer {
  const content = Buffer.from(typeof value === "string" ? Buffer.from(value, "latin1") : Array.from(value));
  const bytes = Buffer.alloc((4 + content.length + 3) & ~3);
  bytes.writeUInt16LE(4 + content.length, 0);
  bytes.writeUInt16LE(type, 2);
  content.copy(bytes, 4);
  return bytes;
}

function payload(...attributes: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.alloc(16), ...attributes]);
}

const NAME = attribute(3, "Ethernet0\0");

test("encodeLink writes what decodeLink reads", () => {
  fc.assert(
    fc.property(anyLink, (link) => {
      expect(decode(encodeLink(link))).toEqual(link);
    }),
  );
});

test("decodeLink gives a link or a DecodeError for golden packets that are cut off anywhere", () => {
  for (const golden of GOLDEN) {
    const whole = decode(golden);
    for (let length = 0; length < golden.length; length++) {
      const part = golden.subarray(0, length);
      if (reasonOf(part) === undefined)
        expect(decode(part)).toMatchObject({ ifindex: whole.ifindex, name: whole.name });
    }
    expect(reasonOf(golden.subarray(0, 15))).toBe("length");
  }
});

test("decodeLink gives a link or a DecodeError for golden packets with any damage", () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.constantFrom(...GOLDEN), damage, (golden, edits) => {
      const bytes = Buffer.from(golden);
      for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
      const reason = reasonOf(bytes);
      expect(["length", "attribute", "name", undefined]).toContain(reason);
      if (reason === undefined) expect(decode(bytes).name.length).toBeWithin(1, 16);
    }),
    { numRuns: 2000 },
  );
});

test("decodeLink gives a link or a DecodeError for any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(["length", "attribute", "name", undefined]).toContain(reasonOf(bytes));
    }),
    { numRuns: 1000 },
  );
});

for (const [what, bytes, reason] of [
  ["a payload of 15 bytes", Buffer.alloc(15), "length"],
  ["no attributes", payload(), "name"],
  ["an empty name", payload(attribute(3, "\0")), "name"],
  ["a name without any byte", payload(attribute(3, "")), "name"],
  ["a name of 16 bytes, one more than IFNAMSIZ has room for", payload(attribute(3, "a".repeat(16))), "name"],
  ["an MTU of two bytes", payload(NAME, attribute(4, [1, 2])), "attribute"],
  ["a master of three bytes", payload(NAME, attribute(10, [1, 2, 3])), "attribute"],
  ["a damaged IFLA_LINKINFO", payload(NAME, attribute(18, [99, 0, 1, 0])), "attribute"],
  ["a damaged attribute", payload(NAME, Buffer.from([3, 0, 99, 0])), "attribute"],
] as const) {
  test(`decodeLink refuses ${what}`, () => {
    expect(reasonOf(bytes)).toBe(reason);
  });
}

test("decodeLink takes a name with and without its NUL", () => {
  for (const written of ["Ethernet0\0", "Ethernet0", "Ethernet0\0rest\0"]) {
    expect(decode(payload(attribute(3, written))).name).toBe("Ethernet0");
  }
  expect(decode(payload(attribute(3, `${"a".repeat(15)}\0`))).name).toBe("a".repeat(15));
});

test("decodeLink reads nothing but what it knows, and says what is missing", () => {
  const unknown = [0, 2, 5, 19, 0x3fff].map((type) => attribute(type, [1, 2, 3, 4, 5]));
  const bare = { ifindex: 0, family: 0, flags: 0, name: "Ethernet0", mtu: undefined, master: 0, kind: "", address: "" };
  expect(decode(payload(...unknown, NAME, ...unknown))).toEqual(bare);
});

test("decodeLink writes an address of any length in hexadecimal digits", () => {
  expect(decode(payload(NAME, attribute(1, [0, 1, 0xab, 0xff]))).address).toBe("00:01:ab:ff");
  expect(decode(payload(NAME, attribute(1, []))).address).toBe("");
});

test("decodeLink does not take the kind of the master for the member's own", () => {
  const linkinfo = Buffer.concat([attribute(4, "team\0"), attribute(2, attribute(1, "bond\0"))]);
  expect(decode(payload(NAME, attribute(18, linkinfo))).kind).toBe("");
});

test("encodeDumpRequest, encodeLinkRequest and encodeLinkDown write what the kernel wants", () => {
  const fields = (request: Uint8Array<ArrayBuffer>) => {
    const { view } = wrapDatagram(request);
    const [length, ifindex] = [view.getUint32(0, true), view.getInt32(20, true)];
    const [type, flags, sequence] = [view.getUint16(4, true), view.getUint16(6, true), view.getUint32(8, true)];
    return [
      length,
      type,
      flags,
      sequence,
      view.getUint8(16),
      ifindex,
      view.getUint32(24, true),
      view.getUint32(28, true),
    ];
  };
  expect(fields(encodeDumpRequest(5))).toEqual([32, 18, NLM_F_REQUEST | NLM_F_DUMP, 5, 0, 0, 0, 0]);
  expect(fields(encodeLinkRequest(6, 9))).toEqual([32, 18, NLM_F_REQUEST, 6, 0, 9, 0, 0]);
  expect(fields(encodeLinkDown(7, 9))).toEqual([32, 16, NLM_F_REQUEST | NLM_F_ACK, 7, 0, 9, 0, 1]);
});

import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { attributeText, attributeU32, encodeAttribute, walkAttributes } from "../../src/netlink/attribute.ts";
import { DecodeError } from "../../src/netlink/error.ts";
import { GuardedView } from "./guardedview.ts";

interface Attribute {
  readonly type: number;
  readonly value: readonly number[];
}

interface Walk {
  readonly attributes: readonly Attribute[];
  readonly refused: boolean;
}

/** What bytes hold, read in the plainest way: cut off the first attribute, then look at the rest. */
function readPlainly(bytes: readonly number[]): Walk {
  if (bytes.length < 4) return { attributes: [], refused: false };
  const size = bytes[0]! + 256 * bytes[1]!;
  if (size < 4 || size > bytes.length) return { attributes: [], refused: true };
  // The two highest bits are NLA_F_NESTED and NLA_F_NET_BYTEORDER.
  const first = { type: bytes[2]! + 256 * (bytes[3]! % 64), value: bytes.slice(4, size) };
  const rest = readPlainly(bytes.slice(Math.ceil(size / 4) * 4));
  return { attributes: [first, ...rest.attributes], refused: rest.refused };
}

/** What walkAttributes says of the same bytes, which stand in the midst of others. */
function walk(content: readonly number[], before: readonly number[] = [], after: readonly number[] = []): Walk {
  const bytes = Uint8Array.from([...before, ...content, ...after]);
  const [from, to] = [before.length, before.length + content.length];
  const attributes: Attribute[] = [];
  try {
    walkAttributes(new GuardedView(bytes, from, to), from, to, (type, start, end) => {
      expect(start).toBeWithin(from + 4, to + 1);
      expect(end).toBeWithin(start, to + 1);
      attributes.push({ type, value: Array.from(bytes.subarray(start, end)) });
    });
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    expect(error.reason).toBe("attribute");
    return { attributes, refused: true };
  }
  return { attributes, refused: false };
}

function encode(all: readonly Attribute[]): number[] {
  return all.flatMap(({ type, value }) => {
    const size = 4 + value.length;
    return [size % 256, size >> 8, type % 256, type >> 8, ...value, ...Array.from({ length: -size & 3 }, () => 0)];
  });
}

const byte = fc.nat(255);
const attribute = fc.record({ type: fc.nat(0x3fff), value: fc.array(byte, { maxLength: 20 }) });
const attributes = fc.array(attribute, { minLength: 1, maxLength: 6 });

test("walkAttributes visits exactly the attributes that are there, in order", () => {
  fc.assert(
    fc.property(attributes, fc.array(byte), fc.array(byte), (all, before, after) => {
      expect(walk(encode(all), before, after)).toEqual({ attributes: all, refused: false });
    }),
  );
});

test("walkAttributes says of any bytes what a plain reader says, and reads nothing outside of them", () => {
  const noise = fc.array(fc.oneof(byte, fc.constantFrom(0, 3, 4, 5, 8)), { maxLength: 60 });
  const damaged = fc.tuple(attributes, fc.array(fc.tuple(fc.nat(), byte), { maxLength: 4 })).map(([all, edits]) => {
    const bytes = encode(all);
    for (const [at, value] of edits) bytes[at % bytes.length] = value;
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(noise, damaged), fc.array(byte), fc.array(byte), (bytes, before, after) => {
      expect(walk(bytes, before, after)).toEqual(readPlainly(bytes));
    }),
    { numRuns: 1000 },
  );
});

test("walkAttributes keeps the complete attributes when they are cut off anywhere", () => {
  fc.assert(
    fc.property(attributes, (all) => {
      const bytes = encode(all);
      const ends = all.map((_, i) => encode(all.slice(0, i + 1)).length);
      for (let length = 0; length <= bytes.length; length++) {
        const complete = all.filter(({ value }, i) => ends[i]! - (-value.length & 3) <= length);
        expect(walk(bytes.slice(0, length)).attributes).toEqual(complete);
      }
    }),
    { numRuns: 30 },
  );
});

for (const [what, size, refused] of [
  ["zero, which would not end", 0, true],
  ["less than its header", 3, true],
  ["its header only", 4, true],
  ["that of all that is left, with what could be another in it", 16, false],
  ["one byte more than is left", 17, true],
  ["as large as can be", 0xffff, true],
] as const) {
  test(`walkAttributes ${refused ? "refuses" : "takes"} a length that is ${what}`, () => {
    // Behind the first header: eight bytes, then one that claims a length of 255.
    const bytes = [size % 256, size >> 8, 3, 0, 255, 0, 4, 0, 1, 2, 3, 4, 255, 0, 5, 0];
    expect(walk(bytes).refused).toBe(refused);
    expect(walk(bytes)).toEqual(readPlainly(bytes));
  });
}

test("walkAttributes takes one to three bytes behind the last attribute for padding", () => {
  for (const rest of [[9], [9, 9], [9, 9, 9]]) {
    const bytes = [...encode([{ type: 1, value: [5] }]), ...rest];
    expect(walk(bytes)).toEqual({ attributes: [{ type: 1, value: [5] }], refused: false });
  }
});

test("walkAttributes takes the flags off the type", () => {
  for (const flags of [0x40, 0x80, 0xc0]) {
    expect(walk([4, 0, 18, flags]).attributes).toEqual([{ type: 18, value: [] }]);
  }
});

test("encodeAttribute writes what walkAttributes reads, padded with zeros", () => {
  fc.assert(
    fc.property(attribute, (each) => {
      expect(Array.from(encodeAttribute(each.type, Uint8Array.from(each.value)))).toEqual(encode([each]));
    }),
  );
});

test("attributeU32 reads the first four bytes, least significant first, and refuses fewer", () => {
  const view = new GuardedView(Uint8Array.from([9, 0x8c, 0x23, 0, 0x80, 9]), 1, 5);
  expect(attributeU32(view, 1, 5)).toBe(0x8000_238c);
  for (const end of [1, 2, 3, 4]) expect(() => attributeU32(view, 1, end)).toThrow(DecodeError);
});

test("attributeText reads one character for each byte, up to the first NUL or the end", () => {
  const all = Uint8Array.from({ length: 255 }, (_, i) => i + 1);
  const text = String.fromCharCode(...all);
  expect(attributeText(all, 0, 255)).toBe(text);
  expect(attributeText(all, 10, 13)).toBe(text.slice(10, 13));
  expect(attributeText(Uint8Array.from([65, 0, 66, 0]), 0, 4)).toBe("A");
  expect(attributeText(Uint8Array.from([0]), 0, 1)).toBe("");
  expect(attributeText(all, 7, 7)).toBe("");
});

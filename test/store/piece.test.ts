import { describe, expect, test } from "bun:test";
import { crc32 } from "node:zlib";

import * as fc from "fast-check";

import { COLUMNS, packTransitions } from "../../src/store/columns.ts";
import { DamageError, RefusedError } from "../../src/store/failure.ts";
import { checkPiece, KINDS, MOST_PACKED_BYTES, type Piece, sealPiece } from "../../src/store/piece.ts";
import { PieceReader } from "../../src/store/piecereader.ts";
import { PieceWriter } from "../../src/store/piecewriter.ts";
import { CAUSES, type Transition } from "../../src/store/transition.ts";
import { transitionsFrom, WALL_MS } from "./requests.ts";

const snapshot = fc.option(
  fc.record({ admin: fc.boolean(), oper: fc.boolean(), mtu: fc.integer({ min: 0, max: 2 ** 32 - 1 }) }),
);
const transition: fc.Arbitrary<Transition> = fc.record({
  wallMs: fc.oneof(fc.integer(), fc.integer({ min: -(2 ** 51), max: 2 ** 51 })),
  port: fc.constantFrom("Ethernet0", "Ethernet4", "__proto__", ""),
  cause: fc.constantFrom(...CAUSES),
  old: snapshot,
  new: snapshot,
});

/** The transitions as pieces; their ports have the numbers 100, 107, ... */
function toPieces(transitions: readonly Transition[], firstId = 1): { pieces: Piece[]; names: Map<number, string> } {
  const { ports, values } = packTransitions(transitions);
  const numbers = ports.map((_, i) => 100 + 7 * i);
  const pieces: Piece[] = [];
  for (let at = 0, id = firstId; at < values.length;) {
    const writer = new PieceWriter(id);
    at = writer.fill(values, at, numbers);
    id = writer.nextId;
    pieces.push(writer.seal());
  }
  return { pieces, names: new Map(ports.map((port, i) => [numbers[i]!, port])) };
}

function fromPiece(piece: Piece, names: ReadonlyMap<number, string>): [number, Transition][] {
  const found: [number, Transition][] = [];
  for (const reader = new PieceReader(piece); reader.next();)
    found.push([reader.id, reader.transition(names.get(reader.port)!)]);
  return found;
}

const up = { admin: true, oper: true, mtu: 9100 };

/** As the layout has it: up and down of port 100 one second apart, and a port 107 that comes without carrier at the next start. */
const KNOWN: readonly Transition[] = [
  { wallMs: WALL_MS, port: "a", cause: "event", old: up, new: { ...up, oper: false } },
  { wallMs: WALL_MS + 1000, port: "a", cause: "resync", old: { ...up, oper: false }, new: up },
  { wallMs: WALL_MS - 1, port: "b", cause: "start", old: null, new: { admin: false, oper: false, mtu: 1500 } },
];
const KNOWN_RECORDS = `${"2f"}c801${"00"}988e01${"00"} ${"40"}00${"d00f"}0000 ${"01"}0e${"d10f"}df76`.replaceAll(
  " ",
  "",
);

describe("PieceWriter", () => {
  test("writes the layout that files have", () => {
    const [piece] = toPieces(KNOWN, 5).pieces;
    expect(piece).toMatchObject({ id: 5, count: 3, first_ms: WALL_MS, latest_ms: WALL_MS + 1000 });
    const records = Buffer.from(KNOWN_RECORDS, "hex");
    const columns = Buffer.alloc(32);
    for (const [i, value] of [5, 3, WALL_MS, WALL_MS + 1000].entries()) columns.writeBigInt64LE(BigInt(value), 8 * i);
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32LE(crc32(Buffer.concat([columns, records])));
    const expected = Buffer.concat([Buffer.of(1), checksum, records]);
    expect(Buffer.from(piece!.packed).toString("hex")).toBe(expected.toString("hex"));
  });

  test("has room in one byte for every cause", () => {
    expect(KINDS).toBeLessThanOrEqual(256);
  });

  test("fills pieces, each of which fits into a page, and goes on with the numbers", () => {
    const all = transitionsFrom(0, 5000);
    const { pieces, names } = toPieces(all);
    const sizes = pieces.map(({ packed }) => packed.length);
    for (const size of sizes) expect(size).toBeLessThanOrEqual(MOST_PACKED_BYTES);
    for (const size of sizes.slice(0, -1)) expect(size).toBeGreaterThan(MOST_PACKED_BYTES - 40);
    expect(pieces.flatMap((piece) => fromPiece(piece, names))).toEqual(all.map((one, i) => [i + 1, one]));
  });

  for (const [what, wrong] of [
    ["a time that is no number", { wallMs: NaN }],
    ["a time that no clock has", { wallMs: 2 ** 51 + 1 }],
    ["a cause that there is not", { cause: "whim" as "event" }],
    ["half an MTU", { new: { ...up, mtu: 0.5 } }],
    ["a negative MTU", { old: { ...up, mtu: -1 } }],
    ["an MTU of 33 bits", { old: { ...up, mtu: 2 ** 32 } }],
  ] as const)
    test(`refuses ${what}`, () => {
      expect(() => toPieces([{ ...KNOWN[0]!, ...wrong }])).toThrow(RefusedError);
    });
});

describe("PieceReader", () => {
  test("gives back what was written", () => {
    fc.assert(
      fc.property(fc.array(transition, { maxLength: 400 }), fc.integer({ min: 1, max: 2 ** 40 }), (all, firstId) => {
        const { pieces, names } = toPieces(all, firstId);
        expect(pieces.flatMap((piece) => fromPiece(piece, names))).toEqual(all.map((one, i) => [firstId + i, one]));
        const walls = all.map(({ wallMs }) => wallMs);
        if (pieces.length === 1)
          expect(pieces[0]).toMatchObject({ first_ms: walls[0], latest_ms: Math.max(...walls), count: all.length });
      }),
      { numRuns: 300 },
    );
  });

  test("knows a port that goes down from one that goes away or was down before", () => {
    const down = { ...up, oper: false };
    const all: Transition[] = [];
    for (const old of [up, down, null]) for (const now of [up, down, null]) all.push({ ...KNOWN[0]!, old, new: now });
    const flaps: boolean[] = [];
    for (const reader = new PieceReader(toPieces(all).pieces[0]!); reader.next();) flaps.push(reader.isFlap);
    expect(flaps).toEqual([false, true, false, false, false, false, false, false, false]);
  });

  test("finds every flipped bit of what is packed, and every other number in the columns", () => {
    const piece = toPieces(KNOWN, 5).pieces[0]!;
    for (let bit = 0; bit < piece.packed.length * 8; bit++) {
      const packed = Uint8Array.from(piece.packed);
      packed[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => new PieceReader({ ...piece, packed })).toThrow(DamageError);
    }
    for (const column of ["id", "count", "first_ms", "latest_ms"] as const)
      for (const value of [piece[column] + 1, 0, -1, 2 ** 60, 0.5, null, "5"])
        expect(() => new PieceReader({ ...piece, [column]: value })).toThrow(DamageError);
    for (const packed of [null, "text", 5, new Uint8Array(), piece.packed.subarray(0, 4)])
      expect(() => new PieceReader({ ...piece, packed: packed as Uint8Array })).toThrow(DamageError);
    expect(() => checkPiece(piece)).not.toThrow();
  });

  test("says that what somebody else has sealed is damaged, and comes to an end", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.integer({ min: 1, max: 50 }), (records, count) => {
        const packed = Uint8Array.of(0, 0, 0, 0, 0, ...records);
        const piece = sealPiece({ id: 1, count, first_ms: 0, latest_ms: 0, packed });
        try {
          expect(fromPiece(piece, new Map())).toHaveLength(count);
        } catch (error) {
          expect(error).toBeInstanceOf(DamageError);
        }
      }),
    );
    const { pieces } = toPieces(KNOWN);
    const short = sealPiece({ ...pieces[0]!, packed: pieces[0]!.packed.slice(0, -1) });
    const long = sealPiece({ ...pieces[0]!, packed: Uint8Array.of(...pieces[0]!.packed, 0) });
    const kind = Uint8Array.from(pieces[0]!.packed);
    kind[5] = KINDS;
    for (const piece of [short, long, sealPiece({ ...pieces[0]!, packed: kind })])
      expect(() => fromPiece(piece, new Map())).toThrow(DamageError);
  });
});

test("packTransitions has as many numbers for each transition as its readers go by", () => {
  expect(packTransitions(KNOWN).values.length).toBe(KNOWN.length * COLUMNS);
});

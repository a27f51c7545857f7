import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { type CType, struct } from "../../ffi/struct.ts";
import { testWith } from "../support/testwith.ts";
import { ableToCompile, evaluateC } from "./cprogram.ts";

const INTEGERS = {
  u8: "uint8_t",
  i8: "int8_t",
  u16: "uint16_t",
  i16: "int16_t",
  u32: "uint32_t",
  i32: "int32_t",
  u64: "uint64_t",
  i64: "int64_t",
} as const;

const type: fc.Arbitrary<CType> = fc.oneof(
  fc.constantFrom(...(Object.keys(INTEGERS) as (keyof typeof INTEGERS)[])),
  fc.integer({ min: 1, max: 130 }).map((length) => `char[${length}]` as const),
);
const members = fc
  .array(type, { minLength: 1, maxLength: 12 })
  .map((types) => Object.fromEntries(types.map((each, i) => [`m${i}`, each])));

/** sizeof for a member, written apart from what is tested. */
function sizeOf(each: CType): number {
  if (each in INTEGERS) return Number(each.slice(1)) / 8;
  return Number(each.slice("char[".length, -1));
}

function declare(name: string, of: Readonly<Record<string, CType>>): string {
  const lines = Object.entries(of).map(([member, each]) =>
    each in INTEGERS ? `${INTEGERS[each as keyof typeof INTEGERS]} ${member};` : `char ${member}${each.slice(4)};`,
  );
  return `struct ${name} { ${lines.join(" ")} };`;
}

async function expectAsInC(structs: readonly Readonly<Record<string, CType>>[]): Promise<void> {
  const ours = new Map<string, bigint>();
  const inC = new Map<string, string>();
  for (const [i, of] of structs.entries()) {
    const { size, offset } = struct(of);
    ours.set(`s${i}`, BigInt(size));
    inC.set(`s${i}`, `sizeof(struct s${i})`);
    for (const member of Object.keys(of)) {
      ours.set(`s${i}.${member}`, BigInt(offset[member]!));
      inC.set(`s${i}.${member}`, `offsetof(struct s${i}, ${member})`);
    }
  }
  expect(ours).toEqual(await evaluateC([], inC, structs.map((of, i) => declare(`s${i}`, of)).join("\n")));
}

test("struct keeps the members in order, aligned and without overlap, and fills to the largest alignment", () => {
  fc.assert(
    fc.property(members, (of) => {
      const { size, offset } = struct(of);
      let end = 0;
      let alignment = 1;
      for (const [member, each] of Object.entries(of)) {
        const align = each in INTEGERS ? sizeOf(each) : 1;
        alignment = Math.max(alignment, align);
        expect(offset[member]! % align).toBe(0);
        expect(offset[member]! - end).toBeWithin(0, align);
        end = offset[member]! + sizeOf(each);
      }
      expect(size % alignment).toBe(0);
      expect(size - end).toBeWithin(0, alignment);
    }),
  );
});

testWith(
  ableToCompile,
  "struct lays out any members as the C compiler does",
  async () => {
    const batches = fc.array(members, { minLength: 50, maxLength: 100 });
    await fc.assert(fc.asyncProperty(batches, expectAsInC), { numRuns: 4, endOnFailure: true });
  },
  60,
);

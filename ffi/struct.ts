const SIZES = { u8: 1, i8: 1, u16: 2, i16: 2, u32: 4, i32: 4, u64: 8, i64: 8 } as const;

/** A C integer type, or bytes of a fixed length without alignment such as `char name[16]`. */
export type CType = keyof typeof SIZES | `char[${number}]`;

/** The layout of a C struct: its size and the offset of each member, both in bytes. */
export interface Layout<Field extends string> {
  readonly size: number;
  readonly offset: Readonly<Record<Field, number>>;
}

/** Lays members out as the System V ABI does: each at a multiple of its size, the whole padded to the largest. */
export function struct<Field extends string>(members: Record<Field, CType>): Layout<Field> {
  const offset = {} as Record<Field, number>;
  let end = 0;
  let alignment = 1;
  for (const [name, type] of Object.entries<CType>(members) as [Field, CType][]) {
    const array = /^char\[(\d+)\]$/.exec(type);
    const size = array ? Number(array[1]) : SIZES[type as keyof typeof SIZES];
    const align = array ? 1 : size;
    offset[name] = roundUp(end, align);
    end = offset[name] + size;
    alignment = Math.max(alignment, align);
  }
  return { size: roundUp(end, alignment), offset };
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

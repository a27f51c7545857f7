/** Bytes that the longest number takes: 53 bits, seven in each byte. */
export const MOST_VARINT_BYTES = 8;

const MORE = 0x80;
const BITS = 0x7f;
/** Below it, bits can be shifted. */
const SHIFTABLE = 2 ** 31;

/** Where in the bytes to go on. */
export interface Cursor {
  at: number;
}

/** Writes an integer between -(2^52) and 2^52 as LEB128, the small ones of either sign in few bytes; returns where to go on. */
export function putVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value < 0 ? -2 * value - 1 : 2 * value; // zigzag
  for (; rest >= SHIFTABLE; rest = Math.floor(rest / MORE)) bytes[at++] = (rest % MORE) | MORE;
  for (; rest >= MORE; rest >>>= 7) bytes[at++] = (rest & BITS) | MORE;
  bytes[at++] = rest;
  return at;
}

/** Reads what putVarint() wrote; NaN where the bytes end before the number does, or it is none of those. */
export function takeVarint(bytes: Uint8Array, cursor: Cursor): number {
  let value = 0;
  let factor = 1;
  for (let most = cursor.at + MOST_VARINT_BYTES; cursor.at < most; factor *= MORE) {
    const byte = bytes[cursor.at++];
    if (byte === undefined) return NaN;
    value += (byte & BITS) * factor;
    if (byte < MORE) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
  return NaN;
}

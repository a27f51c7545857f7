import { STATES } from "./columns.ts";
import { DamageError } from "./failure.ts";
import { CAUSES } from "./transition.ts";

/**
 * A row of the history: transitions in the order in which they were recorded. `packed` begins with the number of the layout and a
 * checksum; what follows has for each transition one byte of kindOf(), and then, each as the difference to what was before
 * it (in the beginning to 0, of times to `first_ms`) and as putVarint() writes it: the number of the port in `ports`, the
 * time, the old MTU if there was a port, and the new MTU if there is one.
 */
export interface Piece {
  /** The number of its first transition; those of the others follow. */
  readonly id: number;
  readonly count: number;
  /** When the first was, in milliseconds since 1970. */
  readonly first_ms: number;
  /** The latest of its times: the clock may have been set back meanwhile. */
  readonly latest_ms: number;
  readonly packed: Uint8Array;
}

/** The columns of a piece. No column of a later version than the first. */
export const PIECE_COLUMNS = "id, count, first_ms, latest_ms, packed";

/** The one layout that there is. */
const LAYOUT = 1;
const CHECKSUM_AT = 1;
/** Where the transitions begin. */
export const PACKED_AT = 5;
/** The longest `packed`: with the other columns as much as SQLite has in one page. */
export const MOST_PACKED_BYTES = 4000;

/** How many kinds there are; one byte of the layout has room for ten causes. */
export const KINDS = CAUSES.length * STATES * STATES;

/** The kind of a transition: its cause and the numbers of the states before and after. */
export function kindOf(cause: number, old: number, now: number): number {
  return (cause * STATES + old) * STATES + now;
}

/** Writes the layout and the checksum into `packed`, behind which there are the transitions already. */
export function sealPiece(piece: Piece): Piece {
  piece.packed[0] = LAYOUT;
  viewOf(piece.packed).setUint32(CHECKSUM_AT, checksumOf(piece), true);
  return piece;
}

/** Throws DamageError unless the row is as it was sealed; nobody need have looked at its columns before. */
export function checkPiece(piece: Piece): Piece {
  const { id, count, first_ms, latest_ms, packed } = piece;
  const areNumbers = [id, count, first_ms, latest_ms].every((value) => Number.isSafeInteger(value));
  if (!areNumbers || !(packed instanceof Uint8Array) || packed.length < PACKED_AT || count < 1)
    throw new DamageError("its history holds what no version has written");
  if (packed[0] !== LAYOUT || viewOf(packed).getUint32(CHECKSUM_AT, true) !== checksumOf(piece))
    throw new DamageError(`its history from transition ${id} on is not what was written`);
  return piece;
}

/** CRC-32 of the other columns, each as 64 bits with the lowest first, and of the transitions. */
function checksumOf({ id, count, first_ms, latest_ms, packed }: Piece): number {
  const columns = new DataView(new ArrayBuffer(32));
  for (const [i, value] of [id, count, first_ms, latest_ms].entries()) columns.setBigInt64(8 * i, BigInt(value), true);
  return Bun.hash.crc32(packed.subarray(PACKED_AT), Bun.hash.crc32(columns));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

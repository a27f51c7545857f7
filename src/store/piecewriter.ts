import { COLUMNS, isThere } from "./columns.ts";
import { RefusedError } from "./failure.ts";
import { kindOf, KINDS, MOST_PACKED_BYTES, PACKED_AT, type Piece, sealPiece } from "./piece.ts";
import { MOST_VARINT_BYTES, putVarint } from "./varint.ts";

/** Of the kind, the port, the time and both MTUs. */
const MOST_TRANSITION_BYTES = 1 + 4 * MOST_VARINT_BYTES;
/** Differences of times must be integers that a number holds exactly; this is 71,000 years. */
const MOST_WALL_MS = 2 ** 51;
const MOST_MTU = 2 ** 32 - 1;

/** A piece of the history to which transitions are added. */
export class PieceWriter {
  readonly #id: number;
  readonly #packed = new Uint8Array(MOST_PACKED_BYTES);
  #end = PACKED_AT;
  #count = 0;
  #firstMs = 0;
  #latestMs = -Infinity;
  // What the last transition was, from which the next one differs.
  #port = 0;
  #wallMs = 0;
  #mtu = 0;

  /** `id` is the number of the first transition. */
  constructor(id: number) {
    this.#id = id;
  }

  /** The number of the transition that comes next. */
  get nextId(): number {
    return this.#id + this.#count;
  }

  /** Adds columns from the position `at` on as far as there is room; returns the position of what is left. Throws RefusedError. */
  fill(values: Float64Array, at: number, portIds: readonly number[]): number {
    let next = at;
    for (; next < values.length && this.#end + MOST_TRANSITION_BYTES <= MOST_PACKED_BYTES; next += COLUMNS)
      this.#add(values, next, portIds[values[next]!]!);
    return next;
  }

  /** What was added, as a row; valid until more is added. */
  seal(): Piece {
    const packed = this.#packed.subarray(0, this.#end);
    const [firstMs, latestMs] = [this.#firstMs, this.#latestMs];
    return sealPiece({ id: this.#id, count: this.#count, first_ms: firstMs, latest_ms: latestMs, packed });
  }

  #add(values: Float64Array, at: number, port: number): void {
    const wallMs = Math.trunc(values[at + 1]!);
    const [old, now] = [values[at + 3]!, values[at + 5]!];
    const kind = kindOf(values[at + 2]!, old, now);
    if (!(Math.abs(wallMs) <= MOST_WALL_MS)) throw new RefusedError(`${values[at + 1]} is no time`);
    if (!(kind >= 0 && kind < KINDS)) throw new RefusedError(`${values[at + 2]} is no cause`);
    if (this.#count === 0) this.#firstMs = this.#wallMs = wallMs;
    this.#packed[this.#end++] = kind;
    this.#put(port - this.#port);
    this.#put(wallMs - this.#wallMs);
    if (isThere(old)) this.#putMtu(values[at + 4]!);
    if (isThere(now)) this.#putMtu(values[at + 6]!);
    this.#port = port;
    this.#wallMs = wallMs;
    if (wallMs > this.#latestMs) this.#latestMs = wallMs;
    this.#count++;
  }

  #putMtu(mtu: number): void {
    if (!Number.isInteger(mtu) || mtu < 0 || mtu > MOST_MTU) throw new RefusedError(`${mtu} is no MTU`);
    this.#put(mtu - this.#mtu);
    this.#mtu = mtu;
  }

  #put(value: number): void {
    this.#end = putVarint(this.#packed, this.#end, value);
  }
}

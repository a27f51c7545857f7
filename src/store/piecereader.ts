import { isOperUp, isThere, snapshotOf, STATES } from "./columns.ts";
import { DamageError } from "./failure.ts";
import { checkPiece, KINDS, PACKED_AT, type Piece } from "./piece.ts";
import { CAUSES, type Transition } from "./transition.ts";
import { takeVarint } from "./varint.ts";

/** Goes through the transitions of a piece, of which it makes objects only where they are wanted. */
export class PieceReader {
  /** The number of the transition. */
  id: number;
  /** The number of its port. */
  port = 0;
  wallMs: number;
  readonly #packed: Uint8Array;
  readonly #end: number;
  readonly #cursor = { at: PACKED_AT };
  #kind = 0;
  #mtu = 0;
  #oldMtu = 0;
  #newMtu = 0;

  /** Before the first transition. Throws DamageError when the piece is not what was written. */
  constructor(piece: Piece) {
    const { id, count, first_ms, packed } = checkPiece(piece);
    this.id = id - 1;
    this.#end = id + count;
    this.wallMs = first_ms;
    this.#packed = packed;
  }

  /** Goes to the next transition; false when there is none. Throws DamageError. */
  next(): boolean {
    const { at } = this.#cursor;
    if (this.id + 1 === this.#end) {
      if (at !== this.#packed.length) throw new DamageError("its history has more than it says");
      return false;
    }
    this.id++;
    this.#kind = this.#packed[this.#cursor.at++] ?? KINDS;
    this.port += this.#take();
    this.wallMs += this.#take();
    if (isThere(this.#old)) this.#oldMtu = this.#mtu += this.#take();
    if (isThere(this.#new)) this.#newMtu = this.#mtu += this.#take();
    if (this.#kind >= KINDS || Number.isNaN(this.port + this.wallMs + this.#mtu))
      throw new DamageError("its history cannot be unpacked");
    return true;
  }

  /** Whether a port that had been up went down. */
  get isFlap(): boolean {
    return isOperUp(this.#old) && isThere(this.#new) && !isOperUp(this.#new);
  }

  /** The transition, of the port with that name. */
  transition(port: string): Transition {
    return {
      wallMs: this.wallMs,
      port,
      cause: CAUSES[Math.floor(this.#kind / (STATES * STATES))]!,
      old: snapshotOf(this.#old, this.#oldMtu),
      new: snapshotOf(this.#new, this.#newMtu),
    };
  }

  get #old(): number {
    return Math.floor(this.#kind / STATES) % STATES;
  }

  get #new(): number {
    return this.#kind % STATES;
  }

  #take(): number {
    return takeVarint(this.#packed, this.#cursor);
  }
}

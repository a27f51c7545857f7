import type { Database } from "bun:sqlite";

import { DamageError } from "./failure.ts";
import { checkPiece, type Piece, PIECE_COLUMNS } from "./piece.ts";
import { PieceReader } from "./piecereader.ts";

/** The newest that begins before a transition. */
const BEFORE = `SELECT ${PIECE_COLUMNS} FROM history WHERE id < ? ORDER BY id DESC LIMIT 1`;
/** The first that begins with a transition or after it. */
const FROM = `SELECT ${PIECE_COLUMNS} FROM history WHERE id >= ? ORDER BY id LIMIT 1`;
const NAME = "SELECT name FROM ports WHERE id = ?";

/** The number of the newest transition that is there; 0 for none. Throws DamageError, and what SQLite throws. */
export function lastTransition(db: Database): number {
  const newest = pieceBefore(db, Infinity);
  return newest ? newest.id + newest.count - 1 : 0;
}

/** The newest piece that has a transition before that one; undefined when there is none. Throws DamageError, and what SQLite throws. */
export function pieceBefore(db: Database, id: number): Piece | undefined {
  const piece = db.query<Piece, [number]>(BEFORE).get(id);
  if (!piece) return undefined;
  // A damaged file may lead in a circle.
  if (checkPiece(piece).id >= id) throw new DamageError("its history is not in order");
  return piece;
}

/** The oldest piece that begins with that transition or after it; undefined when there is none. Throws DamageError, and what SQLite throws. */
export function pieceFrom(db: Database, id: number): Piece | undefined {
  const piece = db.query<Piece, [number]>(FROM).get(id);
  if (!piece) return undefined;
  if (checkPiece(piece).id < id) throw new DamageError("its history is not in order");
  return piece;
}

/** The numbers of the ports that the history has something of. Throws DamageError, and what SQLite throws. */
export function portsInHistory(db: Database): Set<number> {
  const ports = new Set<number>();
  for (let piece = pieceFrom(db, 1); piece; piece = pieceFrom(db, piece.id + piece.count))
    for (const reader = new PieceReader(piece); reader.next();) ports.add(reader.port);
  return ports;
}

/** The names of ports by their numbers, one character for each byte; what was asked once is remembered. */
export class PortNames {
  readonly #db: Database;
  readonly #names = new Map<number, string>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** Throws DamageError, and what SQLite throws. */
  of(id: number): string {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const name = this.#db.query<{ name: Uint8Array }, [number]>(NAME).get(id)?.name;
    if (!(name instanceof Uint8Array)) throw new DamageError(`its history is of a port ${id}, which it does not have`);
    const text = Buffer.from(name).toString("latin1");
    this.#names.set(id, text);
    return text;
  }
}

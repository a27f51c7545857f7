import type { Database } from "bun:sqlite";

import { DamageError } from "./failure.ts";
import { checkPiece, type Piece, PIECE_COLUMNS } from "./piece.ts";
import type { HistoryLoss } from "./status.ts";

const AFTER = `SELECT ${PIECE_COLUMNS} FROM history WHERE id > ? ORDER BY id LIMIT 1`;
const REMOVE = "DELETE FROM history WHERE id = ?";

/** A row of the history, and why it is no piece of it; "" when it is one. */
interface Checked {
  readonly row: Piece;
  readonly damage: string;
}

/** Throws DamageError unless every piece is what was written, and in order. */
export function checkPieces(db: Database): void {
  for (const { damage } of checkedPieces(db)) if (damage !== "") throw new DamageError(damage);
}

/**
 * Removes the pieces that are not what was written, so that the others can be read; tells what is lost, undefined for nothing.
 * What a damaged piece says of itself may be wrong: what it had is what is missing between its neighbours. `lastId` is the
 * greatest number that a transition is known to have had.
 */
export function removeDamagedPieces(db: Database, lastId: number): HistoryLoss | undefined {
  const removed: number[] = [];
  let [transitions, goodEnd, damagedFrom] = [0, -Infinity, Infinity];
  let goodUntilMs: number | undefined;
  let [reason, afterMs, beforeMs]: [string, number?, number?] = [""];
  for (const { row, damage } of checkedPieces(db)) {
    transitions += Math.max(0, row.id - damagedFrom);
    if (damage === "") {
      if (damagedFrom !== Infinity) beforeMs = row.first_ms;
      damagedFrom = Infinity;
      goodEnd = row.id + row.count;
      goodUntilMs = row.latest_ms;
      continue;
    }
    if (removed.length === 0) [reason, afterMs] = [damage, goodUntilMs];
    removed.push(row.id);
    damagedFrom = Math.max(row.id, goodEnd);
    beforeMs = undefined;
  }
  if (removed.length === 0) return undefined;
  if (damagedFrom !== Infinity) transitions += Math.max(0, lastId + 1 - damagedFrom);
  for (const id of removed) db.query(REMOVE).run(id);
  return { reason, pieces: removed.length, transitions, afterMs, beforeMs };
}

/** The rows in the order of their numbers; each ends before the next begins. Throws what SQLite throws. */
function* checkedPieces(db: Database): Generator<Checked> {
  const after = db.query<Piece, [number]>(AFTER);
  let [last, end] = [-Infinity, -Infinity];
  for (let row = after.get(last); row; row = after.get(last)) {
    if (row.id <= last) throw new DamageError("its history is not in order"); // it would lead in a circle
    const damage = row.id < end ? "its history is not in order" : damageOf(row);
    if (damage === "") end = row.id + row.count;
    last = row.id;
    yield { row, damage };
  }
}

function damageOf(row: Piece): string {
  try {
    checkPiece(row);
    return "";
  } catch (error) {
    if (error instanceof DamageError) return error.message;
    throw error;
  }
}

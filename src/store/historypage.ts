import type { Database } from "bun:sqlite";

import { packTransitions, type TransitionColumns } from "./columns.ts";
import { lastTransition, pieceBefore, pieceFrom, PortNames } from "./historypieces.ts";
import type { HistoryQuery, NumberedTransition } from "./historyquery.ts";
import type { Piece } from "./piece.ts";
import { PieceReader } from "./piecereader.ts";

/** Transitions that one page looks at: what waits for it waits some milliseconds, however rare that is what is looked for. */
export const TRANSITIONS_OF_A_PAGE = 20_000;

/** A part of the answer. */
export interface HistoryPage {
  /** The numbers of the transitions, the newest first. */
  readonly ids: readonly number[];
  readonly columns: TransitionColumns;
  /** Before which transition to go on; undefined when there are no more, or as many as were wanted. */
  readonly nextBeforeId: number | undefined;
}

const PORT = "SELECT id FROM ports WHERE name = ?";

/** What is looked for among the transitions from `start` on and before `end`. */
interface Search {
  readonly start: number;
  readonly end: number;
  readonly portId: number | undefined;
  readonly sinceMs: number;
  readonly onlyFlaps: boolean;
}

/** Reads the newest transitions that are wanted, of no more than TRANSITIONS_OF_A_PAGE. Throws DamageError, and what SQLite throws. */
export function readPage(db: Database, query: HistoryQuery): HistoryPage {
  const { port, sinceWallMs: sinceMs = -Infinity, beforeId = Infinity, limit, onlyFlaps = false } = query;
  const portId = port === undefined ? undefined : portIdOf(db, port);
  const first = pieceFrom(db, 1)?.id;
  if (first === undefined || portId === null) return pageOf([], undefined);
  const end = Math.min(beforeId, lastTransition(db) + 1);
  const start = end - TRANSITIONS_OF_A_PAGE;
  const found = find(db, { start, end, portId, sinceMs, onlyFlaps }, limit);
  return pageOf(found, found.length >= limit || start <= first ? undefined : start);
}

function pageOf(found: readonly NumberedTransition[], nextBeforeId: number | undefined): HistoryPage {
  return { ids: found.map(({ id }) => id), columns: packTransitions(found), nextBeforeId };
}

/** The newest first, `limit` at most. */
function find(db: Database, search: Search, limit: number): NumberedTransition[] {
  const found: NumberedTransition[] = [];
  const names = new PortNames(db);
  for (let before = search.end; before > search.start && found.length < limit;) {
    const piece = pieceBefore(db, before);
    if (!piece) break;
    before = piece.id;
    if (piece.latest_ms >= search.sinceMs) found.push(...findIn(piece, search, names).reverse());
  }
  return found.slice(0, limit);
}

function findIn(piece: Piece, { start, end, portId, sinceMs, onlyFlaps }: Search, names: PortNames) {
  const found: NumberedTransition[] = [];
  for (const reader = new PieceReader(piece); reader.next();) {
    const { id, port, wallMs } = reader;
    const isWanted = id >= start && id < end && wallMs >= sinceMs && (portId === undefined || port === portId);
    if (isWanted && (!onlyFlaps || reader.isFlap)) found.push({ id, ...reader.transition(names.of(port)) });
  }
  return found;
}

/** Null for a port of which there is nothing. */
function portIdOf(db: Database, port: string): number | null {
  const name = Buffer.from(port, "latin1");
  return db.query<{ id: number }, [Uint8Array]>(PORT).get(name)?.id ?? null;
}

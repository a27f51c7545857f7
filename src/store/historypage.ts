import type { Database } from "bun:sqlite";

import { packTransitions, type TransitionColumns } from "./columns.ts";
import type { HistoryQuery } from "./historyquery.ts";
import { HISTORY_COLUMNS, type HistoryRow, toTransition } from "./historyrow.ts";

/** Rows that one page looks at: what waits for it waits some tens of milliseconds, however rare that is what is looked for. */
export const ROWS_OF_A_PAGE = 20_000;

/** A part of the answer. */
export interface HistoryPage {
  /** The numbers of the transitions, the newest first. */
  readonly ids: readonly number[];
  readonly columns: TransitionColumns;
  /** Before which transition to go on; undefined when there are no more, or as many as were wanted. */
  readonly nextBeforeId: number | undefined;
}

// By ranges of the numbers, so that no index is needed: one by ports would cost a page of the log for each port of a batch.
const READ = `
  SELECT ${HISTORY_COLUMNS}
  FROM history JOIN ports ON ports.id = history.port
  WHERE history.id >= ?1 AND history.id < ?2 AND wall_ms >= ?3 AND (?4 IS NULL OR port = ?4)
    AND (?5 = 0 OR (old_oper = 1 AND new_oper = 0))
  ORDER BY history.id DESC LIMIT ?6`;

const BOUNDS = "SELECT min(id) AS first, max(id) AS last FROM history";
const PORT = "SELECT id FROM ports WHERE name = ?";

type Parameters = [number, number, number, number | null, number, number];

/** Reads the newest transitions that are wanted, of no more than ROWS_OF_A_PAGE. Throws what SQLite throws. */
export function readPage(db: Database, query: HistoryQuery): HistoryPage {
  const { port, sinceWallMs, beforeId = Infinity, limit, onlyFlaps = false } = query;
  const { first, last } = db.query<{ first: number | null; last: number | null }, []>(BOUNDS).get()!;
  const portId = port === undefined ? null : portIdOf(db, port);
  if (first === null || portId === undefined) return { ids: [], columns: packTransitions([]), nextBeforeId: undefined };
  const end = Math.min(beforeId, last! + 1);
  const start = end - ROWS_OF_A_PAGE;
  const sinceMs = Math.max(sinceWallMs ?? -Infinity, Number.MIN_SAFE_INTEGER);
  const rows = db
    .query<HistoryRow, Parameters>(READ)
    .all(start, end, Math.ceil(sinceMs), portId, Number(onlyFlaps), limit);
  const columns = packTransitions(rows.map(toTransition));
  const isOver = rows.length >= limit || start <= first;
  return { ids: rows.map(({ id }) => id), columns, nextBeforeId: isOver ? undefined : start };
}

function portIdOf(db: Database, port: string): number | undefined {
  const name = Buffer.from(port, "latin1");
  return db.query<{ id: number }, [Uint8Array]>(PORT).get(name)?.id;
}

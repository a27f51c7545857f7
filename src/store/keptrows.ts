import type { Database } from "bun:sqlite";

import { lastTransition, pieceFrom } from "./historypieces.ts";
import {
  type Keepsake,
  KEEPSAKE_KINDS,
  type KeepsakeKind,
  type Kept,
  type SeriesPoint,
  type SeriesPoints,
} from "./kept.ts";

/** No more is read than a good file holds: what somebody else has put there must not cost all memory. */
export const MOST_KEEPSAKES = 8192;
const MOST_POINTS = 32_768;

const READ_KEEPSAKES = `SELECT kind, key, value FROM keepsakes ORDER BY kind, key LIMIT ${MOST_KEEPSAKES}`;
const READ_POINTS = `SELECT series, tier, ms, value FROM points ORDER BY series, tier, ms LIMIT ${MOST_POINTS}`;
const KEEP = "INSERT OR REPLACE INTO keepsakes (kind, key, value) VALUES (?, ?, ?)";
const REMOVE = "DELETE FROM keepsakes WHERE kind = ? AND key = ?";
const ADD_POINT = "INSERT OR REPLACE INTO points (series, tier, ms, value) VALUES (?, ?, ?, ?)";
const TRIM_POINTS =
  "DELETE FROM points WHERE series = ?1 AND tier = ?2 AND ms <=" +
  " (SELECT ms FROM points WHERE series = ?1 AND tier = ?2 ORDER BY ms DESC LIMIT 1 OFFSET ?3)";

interface PointRow {
  readonly series: string;
  readonly tier: string;
  readonly ms: number;
  readonly value: number;
}

/** Reads all that is kept. */
export function readKept(db: Database): Kept {
  const keepsakes = db.query<Keepsake, []>(READ_KEEPSAKES).all();
  return {
    keepsakes: keepsakes.filter(({ kind }) => KEEPSAKE_KINDS.includes(kind)),
    points: readPoints(db),
    lastHistoryId: lastTransition(db),
    firstHistoryWallMs: pieceFrom(db, 1)?.first_ms,
  };
}

/** Keeps these, or removes those without a value. */
export function writeKeepsakes(db: Database, keepsakes: readonly Keepsake[]): void {
  for (const { kind, key, value } of keepsakes)
    if (value === null) db.query<unknown, [KeepsakeKind, string]>(REMOVE).run(kind, key);
    else db.query<unknown, [KeepsakeKind, string, string]>(KEEP).run(kind, key, value);
}

/** Adds points, and removes the oldest of their series where there are too many. */
export function writePoints(db: Database, points: readonly SeriesPoint[]): void {
  const touched = new Map<string, SeriesPoint>();
  for (const point of points) {
    const { series, tier, ms, value } = point;
    db.query<unknown, [string, string, number, number]>(ADD_POINT).run(series, tier, ms, value);
    touched.set(JSON.stringify([series, tier]), point);
  }
  for (const { series, tier, most } of touched.values())
    db.query<unknown, [string, string, number]>(TRIM_POINTS).run(series, tier, most);
}

function readPoints(db: Database): SeriesPoints[] {
  const all: { series: string; tier: string; values: number[] }[] = [];
  for (const { series, tier, ms, value } of db.query<PointRow, []>(READ_POINTS).all()) {
    let last = all.at(-1);
    if (last?.series !== series || last.tier !== tier) all.push((last = { series, tier, values: [] }));
    last.values.push(ms, value);
  }
  return all.map(({ series, tier, values }) => ({ series, tier, values: Float64Array.from(values) }));
}

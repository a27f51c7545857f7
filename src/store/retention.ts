import type { Database } from "bun:sqlite";

import type { Moment } from "../util/moment.ts";
import { lastTransition, portsInHistory } from "./historypieces.ts";
import { PAGE_BYTES } from "./verify.ts";

const HOUR_MS = 3_600_000;
/** What the time between two processes may add to the age: the clock of the machine may have jumped in it. */
const MOST_BETWEEN_MS = 24 * HOUR_MS;
/** Transitions that one transaction deletes: what it holds up is short, and the log stays small. */
const MOST_AT_ONCE = 20_000;
/** Parts of the allowed size: above the first, history is deleted until the second is reached. */
const FULL = 0.9;
const ROOMY = 0.8;
/** Names of which there is nothing any more are looked for only when there are more than a switch has ports. */
const MANY_PORTS = 512;
const MOST_STARTS = 1000;

/**
 * The age of a store: the time that has passed for it. It follows the clock that never jumps, and between two processes
 * the time of day by a day at most. So neither a jump of the clock to the far future makes everything old, nor does one
 * to the past keep it for ever; only a machine that was switched off for long keeps its history for longer.
 */
export interface Age {
  readonly ms: number;
  readonly at: { readonly wallMs: number; readonly monotonicMs: number | undefined };
}

/** The age at a later moment. */
export function advanceAge({ ms, at }: Age, now: Moment): Age {
  const passedMs =
    at.monotonicMs === undefined ? Math.min(now.wallMs - at.wallMs, MOST_BETWEEN_MS) : now.monotonicMs - at.monotonicMs;
  return { ms: Math.trunc(ms + Math.max(0, passedMs)), at: now };
}

/** Before transitions are added: notes how old those are that are there, once an hour and before every longer silence; true when it did. */
export function markHistory(db: Database, writtenMs: number, nowMs: number): boolean {
  const last = db
    .query<{ history: number; age_ms: number }, []>("SELECT history, age_ms FROM marks ORDER BY history DESC LIMIT 1")
    .get();
  const isDue = writtenMs - (last?.age_ms ?? 0) >= HOUR_MS || nowMs - writtenMs >= HOUR_MS;
  const newest = isDue ? lastTransition(db) : 0;
  if (newest <= (last?.history ?? 0)) return false;
  db.run("INSERT INTO marks (history, age_ms) VALUES (?, ?)", [newest, writtenMs]);
  return true;
}

/** Deletes the history that is older than `retentionMs`; true when it did. */
export function trimByAge(db: Database, ageMs: number, retentionMs: number): boolean {
  const old = db
    .query<{ history: number | null }, [number]>("SELECT max(history) AS history FROM marks WHERE age_ms <= ?")
    .get(ageMs - retentionMs)!.history;
  if (old === null) return false;
  deleteUpTo(db, old);
  forgetPorts(db);
  return true;
}

/** Deletes the oldest history when the file has nearly reached `maxBytes`, and gives the space back; true when it did. */
export function trimBySize(db: Database, maxBytes: number): boolean {
  const pages = (part: number): number => (maxBytes * part) / PAGE_BYTES;
  if (pragma(db, "page_count") <= pages(FULL)) return false;
  for (;;) {
    const used = pragma(db, "page_count") - pragma(db, "freelist_count");
    const first = firstTransition(db);
    if (used <= pages(ROOMY) || first === 0) break;
    deleteUpTo(db, first + Math.ceil((lastTransition(db) - first + 1) / 10) - 1);
  }
  forgetPorts(db);
  db.run("PRAGMA incremental_vacuum");
  return true;
}

/** Forgets all but the newest starts. */
export function trimStarts(db: Database): void {
  db.run("DELETE FROM starts WHERE id <= (SELECT max(id) FROM starts) - ?", [MOST_STARTS]);
}

/** Deletes all pieces that begin with that transition or before it. */
function deleteUpTo(db: Database, last: number): void {
  for (let first = firstTransition(db); first !== 0 && first <= last; first = firstTransition(db))
    db.run("DELETE FROM history WHERE id <= ?", [Math.min(last, first + MOST_AT_ONCE)]);
  db.run("DELETE FROM marks WHERE history <= ?", [last]);
}

function forgetPorts(db: Database): void {
  const { ports } = db.query<{ ports: number }, []>("SELECT count(*) AS ports FROM ports").get()!;
  if (ports <= MANY_PORTS) return;
  const used = JSON.stringify([...portsInHistory(db)]);
  db.run("DELETE FROM ports WHERE id NOT IN (SELECT value FROM json_each(?))", [used]);
}

function firstTransition(db: Database): number {
  return db.query<{ id: number | null }, []>("SELECT min(id) AS id FROM history").get()!.id ?? 0;
}

function pragma(db: Database, name: "page_count" | "freelist_count"): number {
  return db.query<Record<string, number>, []>(`PRAGMA ${name}`).get()![name]!;
}

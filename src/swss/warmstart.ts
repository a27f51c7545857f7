import { type Database, isWrongType } from "./database.ts";
import {
  PORTSYNCD,
  RESTORE_COUNT,
  STATE_WARM_RESTART_ENABLE_TABLE,
  STATE_WARM_RESTART_TABLE,
  WARM_RESTART_ENABLE,
  WARM_RESTART_SWSS,
  WARM_RESTART_SYSTEM,
} from "./schema.ts";
import { Table } from "./table.ts";

/** Whether this start is warm, and the restore_count that it has to write. */
export interface WarmStart {
  readonly warm: boolean;
  readonly restoreCount: number;
  /** What stood in the way of a warm start. */
  readonly warnings: readonly string[];
}

/** Decides between warm and cold, as WarmStart::checkWarmStart (rule 42). A key of the wrong type counts as absent. Throws ReplyError, DatabaseLostError. */
export async function decideWarmStart(state: Database): Promise<WarmStart> {
  const enable = new Table(state, STATE_WARM_RESTART_ENABLE_TABLE);
  const restart = new Table(state, STATE_WARM_RESTART_TABLE);
  const warnings: string[] = [];
  const read = (table: Table, key: string, field: string) =>
    table.hget(key, field).catch((error: unknown) => {
      if (!isWrongType(error)) throw error;
      warnings.push(`${table.key(key)} is skipped: ${error.message}`);
      return undefined;
    });
  const scopes = [WARM_RESTART_SYSTEM, WARM_RESTART_SWSS];
  const enabled = await Promise.all(scopes.map((scope) => read(enable, scope, WARM_RESTART_ENABLE)));
  if (!enabled.includes("true")) return { warm: false, restoreCount: 0, warnings };
  const written = await read(restart, PORTSYNCD, RESTORE_COUNT);
  const count = written === undefined ? undefined : parseUnsigned(written);
  if (count !== undefined) return { warm: true, restoreCount: count + 1, warnings };
  const found = written === undefined ? "there is none" : `it is ${JSON.stringify(written)}`;
  warnings.push(`a warm start is enabled, but it needs a restore_count in STATE_DB and ${found}: cold start`);
  return { warm: false, restoreCount: 0, warnings };
}

/** Writes the restore_count of this start, and nothing else of its row (rule 43). Throws ReplyError, DatabaseLostError. */
export async function writeRestoreCount(state: Database, restoreCount: number): Promise<void> {
  await new Table(state, STATE_WARM_RESTART_TABLE).set(PORTSYNCD, { [RESTORE_COUNT]: String(restoreCount) });
}

/** A number as C's stoul reads it: white space, `+`, digits, then anything; undefined where stoul throws, for `-` and beyond 2^53. */
export function parseUnsigned(text: string): number | undefined {
  const digits = /^[ \t\n\v\f\r]*\+?(\d+)/.exec(text)?.[1];
  const value = Number(digits ?? NaN);
  return Number.isSafeInteger(value) ? value : undefined;
}

import type { Database } from "./database.ts";
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
  /** Why it is cold although a warm start was asked for. */
  readonly warning?: string;
}

const COLD: WarmStart = { warm: false, restoreCount: 0 };

/** Decides between warm and cold, as WarmStart::checkWarmStart (rule 42). Throws ReplyError, DatabaseLostError. */
export async function decideWarmStart(state: Database): Promise<WarmStart> {
  const enable = new Table(state, STATE_WARM_RESTART_ENABLE_TABLE);
  const scopes = [WARM_RESTART_SYSTEM, WARM_RESTART_SWSS];
  const enabled = await Promise.all(scopes.map((scope) => enable.hget(scope, WARM_RESTART_ENABLE)));
  if (!enabled.includes("true")) return COLD;
  const written = await new Table(state, STATE_WARM_RESTART_TABLE).hget(PORTSYNCD, RESTORE_COUNT);
  const count = written === undefined ? undefined : parseUnsigned(written);
  if (count !== undefined) return { warm: true, restoreCount: count + 1 };
  const found = written === undefined ? "there is none" : `it is ${JSON.stringify(written)}`;
  return {
    ...COLD,
    warning: `a warm start is enabled, but it needs a restore_count in STATE_DB and ${found}: cold start`,
  };
}

/** Writes the restore_count of this start, and nothing else of its row (rule 43). Throws ReplyError, DatabaseLostError. */
export async function writeRestoreCount(state: Database, restoreCount: number): Promise<void> {
  await new Table(state, STATE_WARM_RESTART_TABLE).set(PORTSYNCD, { [RESTORE_COUNT]: String(restoreCount) });
}

/** A number as C's stoul reads it: white space, a sign, digits, then anything; undefined where stoul throws. */
export function parseUnsigned(text: string): number | undefined {
  const digits = /^[ \t\n\v\f\r]*\+?(\d+)/.exec(text)?.[1];
  const value = Number(digits ?? NaN);
  return Number.isSafeInteger(value) ? value : undefined;
}

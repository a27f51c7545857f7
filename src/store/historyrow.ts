import { CAUSES, type PortSnapshot, type Transition } from "./transition.ts";

/** The columns of a transition; those of `history` and `ports` joined. No column of a later version than the first. */
export const HISTORY_COLUMNS =
  "history.id, wall_ms, name, cause, old_admin, old_oper, old_mtu, new_admin, new_oper, new_mtu";

/** A transition as it is read. */
export interface HistoryRow {
  readonly id: number;
  readonly wall_ms: number;
  readonly name: Uint8Array;
  readonly cause: number;
  readonly old_admin: number | null;
  readonly old_oper: number | null;
  readonly old_mtu: number | null;
  readonly new_admin: number | null;
  readonly new_oper: number | null;
  readonly new_mtu: number | null;
}

/** The transition that a row is. */
export function toTransition(row: HistoryRow): Transition {
  return {
    wallMs: row.wall_ms,
    port: Buffer.from(row.name).toString("latin1"),
    cause: CAUSES[row.cause] ?? "event",
    old: toSnapshot(row.old_admin, row.old_oper, row.old_mtu),
    new: toSnapshot(row.new_admin, row.new_oper, row.new_mtu),
  };
}

function toSnapshot(admin: number | null, oper: number | null, mtu: number | null): PortSnapshot | null {
  return admin === null ? null : { admin: admin === 1, oper: oper === 1, mtu: mtu ?? 0 };
}

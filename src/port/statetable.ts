import { type Database, isWrongType, type Reply, ReplyError } from "../swss/database.ts";
import { expectValues } from "../swss/reply.ts";
import { STATE_PORT_TABLE } from "../swss/schema.ts";
import { tableKey } from "../swss/table.ts";
import { decodeName } from "../util/ifname.ts";
import { formatState, parseState, PORT_FIELDS, type PortState, sameState } from "./state.ts";

/**
 * What STATE_DB holds of a port: a state as we write it, something that has to be overwritten, or nothing that this
 * process is known to have written: then even the right state is written once more, since readers wait for that.
 */
export type Published = PortState | "unknown" | "unwritten";

/** Rows that an audit reads before a flush may have its turn. */
export const ROWS_A_TURN = 500;

/** The STATE_DB key of a port. */
export function rowKey(database: Database, name: string): string {
  return tableKey(STATE_PORT_TABLE, database.separator, name);
}

/** Adds the commands that delete a port's row, write its state, or both in this order: all four fields are one HSET (rule 19). */
export function addCommands(
  commands: string[][],
  database: Database,
  name: string,
  remove: boolean,
  state: PortState | undefined,
): void {
  const key = rowKey(database, name);
  if (remove) commands.push(["DEL", key]);
  if (state) commands.push(["HSET", key, ...formatState(state)]);
}

/** A change for the log: the port, and what was written. */
export function describeChange(name: string, remove: boolean, state: PortState | undefined) {
  const written = state ? formatState(state).join(" ") : "";
  return { port: decodeName(name), change: remove ? `deleted ${written}`.trim() : written };
}

/** What STATE_DB holds of the ports; those without any of our fields are left out. Throws ReplyError, DatabaseLostError. */
export async function readPublished(database: Database, names: readonly string[]): Promise<Map<string, Published>> {
  const replies = await database.batch(names.map((name) => ["HMGET", rowKey(database, name), ...PORT_FIELDS]));
  const published = new Map<string, Published>();
  for (const [i, name] of names.entries()) {
    const found = parsePublished(replies[i]!);
    if (found) published.set(name, found);
  }
  return published;
}

function parsePublished(reply: Reply | ReplyError): Published | undefined {
  if (isWrongType(reply)) return "unknown";
  if (reply instanceof ReplyError) throw reply; // it says nothing of the row
  const values = expectValues("HMGET", reply);
  if (values.every((value) => value === null)) return undefined;
  return parseState(values) ?? "unknown";
}

/** True when both are known and the same; nothing is the same as nothing. */
export function isSame(a: Published | undefined, b: Published | undefined): boolean {
  return typeof a !== "string" && typeof b !== "string" && sameState(a, b);
}

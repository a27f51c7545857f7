import { type Database, ReplyError } from "./database.ts";
import { expectScan, expectStrings, expectValue } from "./reply.ts";

/** A row: its fields in the order of the database. */
export type Row = ReadonlyMap<string, string>;

/** The key of a row; without a row key it is the table's name alone (rule 30). */
export function tableKey(table: string, separator: string, key: string): string {
  return key === "" ? table : `${table}${separator}${key}`;
}

/** The part before the first `@`, as swss-common cuts list markers (rule 31); and before a NUL, where C strings end. */
function cutField(field: string): string {
  const end = field.search(/[@\0]/);
  return end < 0 ? field : field.slice(0, end);
}

/** Fields of an HGETALL reply, cut as swss-common does; where two become equal the later wins (contract section 9). */
export function parseRow(reply: readonly string[]): Row {
  const row = new Map<string, string>();
  for (let i = 0; i + 1 < reply.length; i += 2) row.set(cutField(reply[i]!), reply[i + 1]!);
  return row;
}

/** Keys that Redis looks at in one step of a SCAN. */
const KEYS_A_SCAN = "1000";
/** Steps of a SCAN, enough for ten million keys; one that has not ended then never will. */
const MOST_STEPS = 10_000;

/** Reads and writes the rows of a table, as swss-common's Table. */
export class Table {
  constructor(
    readonly database: Database,
    readonly table: string,
  ) {}

  /** The Redis key of a row. */
  key(key: string): string {
    return tableKey(this.table, this.database.separator, key);
  }

  /** A field up to its first `@` (rule 31), or undefined when there is none. Throws ReplyError, DatabaseLostError. */
  async hget(key: string, field: string): Promise<string | undefined> {
    const value = expectValue("HGET", await this.database.call("HGET", this.key(key), field));
    return value?.split("@", 1)[0];
  }

  /** Sets fields with one HSET, so that readers see one event (rule 32). Throws ReplyError, DatabaseLostError. */
  async set(key: string, fields: Record<string, string>): Promise<void> {
    await this.database.call("HSET", this.key(key), ...Object.entries(fields).flat());
  }

  /** The keys of all rows, in the order Redis has them. Throws ReplyError, DatabaseLostError. */
  async keys(): Promise<string[]> {
    const prefix = `${this.table}${this.database.separator}`;
    const keys = expectStrings("KEYS", await this.database.call("KEYS", `${prefix}*`));
    return keys.map((key) => key.slice(prefix.length));
  }

  /** The keys of all rows, in pieces that do not hold up others in a large database. Throws ReplyError, DatabaseLostError. */
  async scan(): Promise<Set<string>> {
    const prefix = `${this.table}${this.database.separator}`;
    const found = new Set<string>();
    let cursor = "0";
    for (let steps = 0; steps < MOST_STEPS; steps++) {
      const reply = await this.database.call("SCAN", cursor, "MATCH", `${prefix}*`, "COUNT", KEYS_A_SCAN);
      const [next, keys] = expectScan(reply);
      for (const key of keys) found.add(key.slice(prefix.length));
      if (next === "0") return found;
      cursor = next;
    }
    throw new ReplyError(`UNEXPECTED reply to SCAN: no end after ${MOST_STEPS} steps`);
  }

  /** The rows of the keys; ReplyError in the place of one that is no hash, an empty row for one that is gone. Throws DatabaseLostError. */
  async rows(keys: readonly string[]): Promise<(Row | ReplyError)[]> {
    const replies = await this.database.batch(keys.map((key) => ["HGETALL", this.key(key)]));
    return replies.map((reply) => (reply instanceof ReplyError ? reply : parseRow(expectStrings("HGETALL", reply))));
  }
}

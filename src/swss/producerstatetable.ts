import { type Database, type Reply, ReplyError } from "./database.ts";
import { tableKey } from "./table.ts";

/**
 * KEYS: channel, key set, temporary hash. ARGV: payload, key, fields and values.
 * The effects of ProducerStateTable::set (rule 35): merge with what is pending, announce only what was not.
 */
const SET_SCRIPT = `
local added = redis.call('SADD', KEYS[2], ARGV[2])
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1]) end
if added > 0 then redis.call('PUBLISH', KEYS[1], ARGV[1]) end`;

const SET_SHA = new Bun.CryptoHasher("sha1").update(SET_SCRIPT).digest("hex");

/** The payload of an announcement. */
const PAYLOAD = "G";

/** A row to be handed to the consumer. */
export interface PendingRow {
  readonly key: string;
  readonly fields: Iterable<readonly [string, string]>;
}

/** Hands rows to a ConsumerStateTable in another process, as swss-common's ProducerStateTable (rules 34, 35, 39). */
export class ProducerStateTable {
  readonly #database: Database;
  readonly #table: string;

  constructor(database: Database, table: string) {
    this.#database = database;
    this.#table = table;
  }

  /** Sets rows in order; resolves when all are acknowledged, with the error of each that failed. Throws DatabaseLostError. */
  async set(rows: readonly PendingRow[]): Promise<Map<string, ReplyError>> {
    if (rows.length === 0) return new Map();
    let replies = await this.#evaluate(rows, "EVALSHA", SET_SHA);
    if (replies.some((reply) => reply instanceof ReplyError && reply.code === "NOSCRIPT")) {
      replies = await this.#evaluate(rows, "EVAL", SET_SCRIPT); // harmless for those that were set: sets and hashes merge
    }
    const failed = new Map<string, ReplyError>();
    for (const [i, reply] of replies.entries()) if (reply instanceof ReplyError) failed.set(rows[i]!.key, reply);
    return failed;
  }

  #evaluate(rows: readonly PendingRow[], verb: string, script: string): Promise<(Reply | ReplyError)[]> {
    return this.#database.batch(rows.map((row) => this.#command(row, verb, script)));
  }

  #command({ key, fields }: PendingRow, verb: string, script: string): string[] {
    const channel = `${this.#table}_CHANNEL@${this.#database.id}`;
    const pending = `_${tableKey(this.#table, this.#database.separator, key)}`;
    const values = [...fields].flat();
    return [verb, script, "3", channel, `${this.#table}_KEY_SET`, pending, PAYLOAD, key, ...values];
  }
}

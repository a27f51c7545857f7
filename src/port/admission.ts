import { getLog } from "../log/logger.ts";
import { type Database, ReplyError } from "../swss/database.ts";
import { ADMIN_STATUS, APP_PORT_TABLE } from "../swss/schema.ts";
import { Table } from "../swss/table.ts";

/** Who wants to know which ports have a row. */
export interface AdmissionObserver {
  admit(name: string): void;
  revoke(name: string): void;
  /** All that was found in one turn was told: time to publish. */
  onTurnEnd(): void;
}

const log = getLog("admission");

/** Knows which ports have a row in APPL_DB (rule 18): reads the rows once, then follows the keyspace notifications. */
export class Admission {
  readonly #observer: AdmissionObserver;
  readonly #admitted = new Set<string>();
  readonly #withAdminStatus = new Set<string>();
  /** Rows that notifications spoke of since all rows began to be read: the notification is what counts. */
  #touched: Set<string> | undefined;
  /** For each row that is being looked at, the newest look: only that one counts. */
  readonly #looks = new Map<string, object>();
  #database: Database | undefined;

  constructor(observer: AdmissionObserver) {
    this.#observer = observer;
  }

  /** True when the port has a row. */
  has(name: string): boolean {
    return this.#admitted.has(name);
  }

  /** Ports whose row had an admin_status when the rows were read (rule 8a). */
  get withAdminStatus(): ReadonlySet<string> {
    return this.#withAdminStatus;
  }

  /** Subscribes, then reads all rows, so that nothing falls between. Throws ReplyError, DatabaseLostError. */
  async connect(database: Database): Promise<void> {
    this.#database = database;
    const table = new Table(database, APP_PORT_TABLE);
    const prefix = `__keyspace@${database.id}__:${APP_PORT_TABLE}${database.separator}`;
    await database.psubscribe(`${prefix}*`, (channel, event) =>
      this.#onEvent(table, channel.slice(prefix.length), event),
    );
    await this.#readAll(table);
  }

  async #readAll(table: Table): Promise<void> {
    const touched = (this.#touched = new Set());
    const keys = await table.keys();
    const found = await table.database.batch(keys.map((key) => ["HEXISTS", table.key(key), ADMIN_STATUS]));
    const rows = new Set<string>();
    for (const [i, key] of keys.entries()) {
      const exists = found[i];
      if (exists instanceof ReplyError) {
        log.error("{key} is skipped: {error}", { key: table.key(key), error: exists.message });
      } else {
        rows.add(key);
        if (exists === 1) this.#withAdminStatus.add(key);
      }
    }
    for (const name of this.#admitted) if (!rows.has(name) && !touched.has(name)) this.#revoke(name);
    for (const name of rows) if (!touched.has(name)) this.#admit(name);
    this.#touched = undefined;
    this.#observer.onTurnEnd();
  }

  #onEvent(table: Table, name: string, event: string): void {
    if (table.database !== this.#database) return; // the last words of a connection that is gone
    this.#touched?.add(name);
    if (event === "hset") {
      this.#looks.delete(name);
      if (this.#admitted.has(name)) return;
      this.#admit(name);
      this.#observer.onTurnEnd();
      return;
    }
    // Other events may leave a row, no row or something that is no row behind, so it is looked at.
    const look = {};
    this.#looks.set(name, look);
    table.database.call("HLEN", table.key(name)).then(
      (length) => this.#looked(name, look, Number(length) > 0),
      (error: unknown) => {
        if (error instanceof ReplyError) this.#looked(name, look, false);
      },
    );
  }

  #looked(name: string, look: object, exists: boolean): void {
    if (this.#looks.get(name) !== look) return;
    this.#looks.delete(name);
    if (exists === this.#admitted.has(name)) return;
    if (exists) this.#admit(name);
    else this.#revoke(name);
    this.#observer.onTurnEnd();
  }

  #admit(name: string): void {
    if (this.#admitted.has(name)) return;
    this.#admitted.add(name);
    this.#observer.admit(name);
  }

  #revoke(name: string): void {
    this.#admitted.delete(name);
    this.#observer.revoke(name);
  }
}

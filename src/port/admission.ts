import { getLog } from "../log/logger.ts";
import { type Database, DatabaseLostError, isWrongType, ReplyError } from "../swss/database.ts";
import { expectServed, expectStrings } from "../swss/reply.ts";
import { APP_PORT_TABLE } from "../swss/schema.ts";
import { Table } from "../swss/table.ts";
import type { Clock } from "../util/clock.ts";
import { decodeName } from "../util/ifname.ts";

/** Who wants to know which ports have a row. */
export interface AdmissionObserver {
  admit(name: string): void;
  revoke(name: string): void;
  /** All that was found in one turn was told: time to publish. */
  onTurnEnd(): void;
  /** The ports that there are, with or without a row. */
  ports(): Iterable<string>;
}

/** How often rows are looked at where Redis does not tell of their changes. */
const POLL_MS = 1000;

const log = getLog("admission");

/** Knows which ports have a row in APPL_DB (rule 18): reads the rows once, then follows the keyspace notifications. */
export class Admission {
  readonly #clock: Clock;
  readonly #observer: AdmissionObserver;
  readonly #admitted = new Set<string>();
  /** Rows that cannot be read, with the error: each is told once. */
  readonly #unreadable = new Map<string, string>();
  /** Rows that notifications spoke of since rows began to be read: the notification is what counts. */
  #touched: Set<string> | undefined;
  /** For each row that is being looked at, the newest look: only that one counts. */
  readonly #looks = new Map<string, object>();
  #table: Table | undefined;
  #isConnected = false;
  #connected = Promise.withResolvers<void>();
  /** While rows are polled. */
  #cancelPoll: (() => void) | undefined;
  /** Reads follow one another, so that each knows what was said while it ran. */
  #reading: Promise<void> = Promise.resolve();

  constructor(clock: Clock, observer: AdmissionObserver) {
    this.#clock = clock;
    this.#observer = observer;
  }

  /** True when the rows were read over a connection that is there. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Resolves when the rows were read next. */
  whenConnected(): Promise<void> {
    return this.#connected.promise;
  }

  /** True when the port has a row. */
  has(name: string): boolean {
    return this.#admitted.has(name);
  }

  /** Subscribes, then reads all rows, so that nothing falls between. Throws ReplyError, DatabaseLostError. */
  async connect(database: Database): Promise<void> {
    this.disconnect();
    const table = new Table(database, APP_PORT_TABLE);
    this.#table = table;
    const prefix = `__keyspace@${database.id}__:${APP_PORT_TABLE}${database.separator}`;
    await database.psubscribe(`${prefix}*`, (channel, event) =>
      this.#onEvent(table, channel.slice(prefix.length), event),
    );
    await this.#read(table, () => table.scan());
    this.#isConnected = true;
    this.#connected.resolve();
    this.#connected = Promise.withResolvers();
    await this.#pollUnlessTold(table);
  }

  /** APPL_DB is lost; what was known stays until it is there again. */
  disconnect(): void {
    this.#cancelPoll?.();
    this.#cancelPoll = undefined;
    this.#isConnected = false;
    this.#table = undefined;
  }

  /**
   * Compares the known rows with those that are there, for what no notification tells (FLUSHDB), and returns how many
   * differed; none where Redis does not tell of changes anyway. Throws ReplyError, DatabaseLostError.
   */
  async audit(): Promise<number> {
    const table = this.#table;
    if (!table) return 0;
    const isTold = !this.#cancelPoll;
    const differing = await this.#lookAll(table);
    await this.#pollUnlessTold(table);
    return isTold ? differing : 0;
  }

  #lookAll(table: Table): Promise<number> {
    return this.#read(table, async () => new Set([...this.#admitted, ...this.#observer.ports()]));
  }

  /** Notifications may be switched off and on while Redis runs. */
  async #pollUnlessTold(table: Table): Promise<void> {
    const isTold = await notifies(table.database);
    if (this.#table !== table || isTold === !this.#cancelPoll) return;
    if (isTold) {
      this.#cancelPoll?.();
      this.#cancelPoll = undefined;
      log.notice("Redis tells of changes in APPL_DB again");
      return;
    }
    log.warn("Redis does not tell of changes in APPL_DB (notify-keyspace-events); its rows are looked at each second");
    this.#poll(table);
  }

  #poll(table: Table): void {
    this.#cancelPoll = this.#clock.after(POLL_MS, () => {
      const again = (): void => {
        if (this.#table === table && this.#cancelPoll) this.#poll(table);
      };
      this.#lookAll(table).then(again, (error: unknown) => {
        // A lost database is connected and polled anew; one that refuses is asked again.
        if (!(error instanceof DatabaseLostError)) again();
      });
    });
  }

  #read(table: Table, find: () => Promise<ReadonlySet<string>>): Promise<number> {
    const read = this.#reading.then(() => this.#readNow(table, find));
    this.#reading = read.then(
      () => {},
      () => {},
    );
    return read;
  }

  /** Looks at the rows that `find` names: those that are there are admitted, those that are not are revoked; returns how many were. */
  async #readNow(table: Table, find: () => Promise<ReadonlySet<string>>): Promise<number> {
    const touched = (this.#touched = new Set());
    const names = [...new Set([...this.#admitted, ...(await find())])];
    const replies = names.length > 0 ? await table.database.batch(names.map((name) => ["HLEN", table.key(name)])) : [];
    if (this.#table !== table) return 0;
    let differing = 0;
    expectServed(replies);
    for (const [i, name] of names.entries()) {
      const length = replies[i]!;
      if (touched.has(name)) continue;
      if (this.#found(name, length instanceof ReplyError ? length : Number(length) > 0)) differing++;
    }
    this.#touched = undefined;
    this.#observer.onTurnEnd();
    return differing;
  }

  #onEvent(table: Table, name: string, event: string): void {
    if (table !== this.#table) return; // the last words of a connection that is gone
    this.#touched?.add(name);
    if (event === "hset" || event === "del") {
      this.#looks.delete(name);
      if (this.#found(name, event === "hset")) this.#observer.onTurnEnd();
      return;
    }
    // Other events may leave a row, no row or something that is no row behind, so it is looked at.
    this.#look(table, name);
  }

  #look(table: Table, name: string): void {
    const look = {};
    this.#looks.set(name, look);
    table.database.call("HLEN", table.key(name)).then(
      (length) => this.#looked(name, look, Number(length) > 0),
      (error: unknown) => {
        if (isWrongType(error)) this.#looked(name, look, error);
        else if (error instanceof ReplyError) this.#lookAgain(table, name, look);
      },
    );
  }

  /** Redis does not serve now; without another notification nobody else would look. */
  #lookAgain(table: Table, name: string, look: object): void {
    this.#clock.after(POLL_MS, () => {
      if (this.#table === table && this.#looks.get(name) === look) this.#look(table, name);
    });
  }

  #looked(name: string, look: object, found: boolean | ReplyError): void {
    if (this.#looks.get(name) !== look) return;
    this.#looks.delete(name);
    if (this.#found(name, found)) this.#observer.onTurnEnd();
  }

  /** Admits or revokes; true when that changed anything. */
  #found(name: string, found: boolean | ReplyError): boolean {
    this.#tellUnreadable(name, found instanceof ReplyError ? found.message : undefined);
    if (found === true && !this.#admitted.has(name)) {
      this.#admitted.add(name);
      this.#observer.admit(name);
      return true;
    }
    if (found === true || !this.#admitted.delete(name)) return false;
    this.#observer.revoke(name);
    return true;
  }

  #tellUnreadable(name: string, error: string | undefined): void {
    if (error === undefined) this.#unreadable.delete(name);
    else if (this.#unreadable.get(name) !== error) {
      this.#unreadable.set(name, error);
      log.error("{row} is skipped: {error}", { row: this.#table && decodeName(this.#table.key(name)), error });
    }
  }
}

/** True when Redis tells of hashes that are written and of keys that are deleted, of which it can only be asked where CONFIG is allowed. */
async function notifies(database: Database): Promise<boolean> {
  try {
    const reply = await database.call("CONFIG", "GET", "notify-keyspace-events");
    const flags = expectStrings("CONFIG GET", reply)[1] ?? "";
    return flags.includes("K") && (flags.includes("A") || (flags.includes("h") && flags.includes("g")));
  } catch (error) {
    if (error instanceof ReplyError) return false;
    throw error;
  }
}

import { getLog } from "../log/logger.ts";
import { type Database, DatabaseLostError, ReplyError } from "../swss/database.ts";
import { STATE_PORT_TABLE } from "../swss/schema.ts";
import { Table } from "../swss/table.ts";
import type { Clock } from "../util/clock.ts";
import { decodeName } from "../util/ifname.ts";
import { parseState, PORT_FIELDS } from "./state.ts";

/** What an audit looks at, and what it has it do. */
export interface AuditSubjects {
  /** Compares the links with the kernel's; tells the differences as if the kernel had announced them. */
  auditLinks(): Promise<void>;
  /** Compares STATE_DB with what was published, repairs it, and returns how many ports differed. */
  auditPublished(): Promise<number>;
  /** Compares the known APPL_DB rows with those that are there, and returns how many differed without having been told. */
  auditRows(): Promise<number>;
  /** STATE_DB, or undefined while it is not there. */
  stateDatabase(): Database | undefined;
  /** True when leftovers may be looked for: every netdev had its time to appear. */
  mayCollect(): boolean;
  /** True for the name of a port without a netdev, of which nothing was published. */
  isLeftover(name: string): boolean;
  /** Deletes the row of a port that no longer exists. */
  removeRow(name: string): void;
}

/** What audits found. */
export interface AuditCounters {
  audits: number;
  failed: number;
  /** Rows of APPL_DB that came or went without having been told. */
  untold: number;
  /** Rows that others had deleted or changed. */
  repaired: number;
  /** Rows of ports that no longer exist. */
  leftovers: number;
}

/** How long the rest of an audit waits for the links. */
const LINKS_PATIENCE_MS = 2000;

const log = getLog("audit");

/**
 * Looks now and then whether everything is as it should be, and repairs what is not: links that no message told of,
 * rows that others changed, rows of ports that no longer exist.
 */
export class Audit implements Disposable {
  readonly counters: AuditCounters = { audits: 0, failed: 0, untold: 0, repaired: 0, leftovers: 0 };
  readonly #clock: Clock;
  readonly #subjects: AuditSubjects;
  readonly #random: () => number;
  #intervalMs: number;
  #cancel = () => {};
  #closed = false;

  /** An audit each `intervalMs`, give or take a tenth so that switches do not do it all at once. */
  constructor(clock: Clock, intervalMs: number, subjects: AuditSubjects, random: () => number = Math.random) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#subjects = subjects;
    this.#random = random;
    this.#schedule();
  }

  /** The interval from the next audit on, in milliseconds. */
  set intervalMs(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#cancel();
  }

  /** Looks at everything once. Errors of Redis end it and are logged; the next audit comes in its time. */
  async run(): Promise<void> {
    this.counters.audits++;
    try {
      await this.#auditLinks();
      if (!this.#subjects.stateDatabase()) return;
      this.counters.untold += await this.#subjects.auditRows();
      const differing = await this.#subjects.auditPublished();
      this.counters.repaired += differing;
      if (differing > 0) log.warn("{differing} ports in STATE_DB were changed by others; repaired", { differing });
      await this.#collectLeftovers();
    } catch (error) {
      if (!(error instanceof DatabaseLostError || error instanceof ReplyError)) throw error;
      this.counters.failed++;
      log.warn("the audit was not completed: {error}", { error: error.message });
    }
  }

  /** A kernel that cannot tell all links for long must not hold up the rest. */
  async #auditLinks(): Promise<void> {
    const tooLate = Promise.withResolvers<void>();
    const cancel = this.#clock.after(LINKS_PATIENCE_MS, tooLate.resolve);
    await Promise.race([this.#subjects.auditLinks(), tooLate.promise]);
    cancel();
  }

  #schedule(): void {
    const delayMs = this.#intervalMs * (0.9 + 0.2 * this.#random());
    this.#cancel = this.#clock.after(delayMs, () => {
      void this.run().finally(() => {
        if (!this.#closed) this.#schedule();
      });
    });
  }

  /**
   * Deletes the rows of ports that no longer exist. A row is one when its name can be nobody's but a port of ours, no netdev
   * has that name, and it holds all four fields as only this daemon writes them: intfmgrd writes `state` alone and only for
   * sub-interfaces, orchagent and xcvrd write other fields and only into rows that exist (contract section 8).
   */
  async #collectLeftovers(): Promise<void> {
    const database = this.#subjects.stateDatabase();
    if (!database || !this.#subjects.mayCollect()) return;
    const table = new Table(database, STATE_PORT_TABLE);
    const names = [...(await table.scan())].filter((name) => this.#subjects.isLeftover(name));
    if (names.length === 0) return;
    const rows = await table.rows(names);
    for (const [i, name] of names.entries()) {
      const row = rows[i]!;
      if (row instanceof ReplyError || !parseState(PORT_FIELDS.map((field) => row.get(field) ?? null))) continue;
      if (!this.#subjects.isLeftover(name)) continue; // its netdev came meanwhile
      this.counters.leftovers++;
      log.warn("{port} is in STATE_DB, but there is no such netdev; deleted", { port: decodeName(name) });
      this.#subjects.removeRow(name);
    }
  }
}

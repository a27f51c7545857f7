import { APPL_DB, CONFIG_DB, type DatabaseName, STATE_DB } from "../../src/swss/schema.ts";
import type { ConnectionFault } from "./connection.ts";
import type { Value } from "./keyspace.ts";
import type { Oracle } from "./oracle.ts";
import type { DumpFault } from "./requestsocket.ts";
import type { Mode, Server } from "./server.ts";
import type { Site } from "./site.ts";

/** A fault that waits for its dump. */
export interface ArmedDumpFault {
  readonly fault: DumpFault | undefined;
  readonly faultAt: number;
  readonly lateMs: number;
}

/** A fault that waits for the commands it is for. */
export interface ArmedFault {
  readonly kind: ConnectionFault;
  readonly value: number;
}

/** What databases hold at a moment. */
export type Snapshot = ReadonlyMap<DatabaseName, ReadonlyMap<string, Value>>;

const NO_FAULT: ArmedDumpFault = { fault: undefined, faultAt: 0, lateMs: 0 };

/** What is wrong with the switch at the moment, and how it ends. */
export class Disturbance {
  readonly #world: Site & { readonly oracle: Oracle };
  readonly #faults = new Map<DatabaseName, ArmedFault[]>();
  readonly #healers = new Set<() => void>();
  #dumpFault = NO_FAULT;
  #snapshot: Snapshot = new Map();

  constructor(world: Site & { readonly oracle: Oracle }) {
    this.#world = world;
  }

  /** Ends everything. */
  heal(): void {
    for (const heal of this.#healers) heal();
    this.#faults.clear();
    this.#dumpFault = NO_FAULT;
  }

  /** The next dump has this fault. */
  armDump(fault: ArmedDumpFault): void {
    this.#dumpFault = fault;
  }

  takeDumpFault(): ArmedDumpFault {
    const fault = this.#dumpFault;
    this.#dumpFault = NO_FAULT;
    if (fault.fault) this.#world.coverage.count(`dump ${fault.fault}`);
    return fault;
  }

  takeFault(database: DatabaseName): ArmedFault | undefined {
    const fault = this.#faults.get(database)?.shift();
    if (fault) this.#world.coverage.count(`connection ${fault.kind}`);
    return fault;
  }

  armFault(database: DatabaseName, fault: ArmedFault): void {
    const armed = this.#faults.get(database) ?? [];
    this.#faults.set(database, [...armed, fault]);
  }

  /** Nobody listens for a while; then everything is there again, or what the snapshot has. */
  takeDown(database: DatabaseName, durationMs: number, snapshot?: Snapshot): boolean {
    const server = this.#world.serverOf(database);
    if (!server.isUp) return false;
    server.isUp = false;
    server.drop("connection reset");
    if (snapshot) this.reset(server, snapshot);
    this.#forAWhile(durationMs, () => (server.isUp = true));
    return true;
  }

  /** Puts a snapshot in the place of what a server holds. */
  reset(server: Server, snapshot: Snapshot): void {
    server.reset(snapshot);
    if (server.keyspaces.has(STATE_DB)) this.#world.oracle.onReplaced();
  }

  /** What takeSnapshot() has seen. */
  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  takeSnapshot(): void {
    const snapshot = new Map<DatabaseName, ReadonlyMap<string, Value>>();
    for (const name of [APPL_DB, CONFIG_DB, STATE_DB] as const)
      snapshot.set(name, this.#world.keyspace(name).snapshot());
    this.#snapshot = snapshot;
  }

  /** SIGSTOP of the server, and SIGCONT after that time. */
  freeze(database: DatabaseName, durationMs: number): void {
    const server = this.#world.serverOf(database);
    server.freeze();
    this.#forAWhile(durationMs, () => server.thaw());
  }

  /** The server answers with errors for a while. */
  enter(database: DatabaseName, mode: Mode, durationMs: number): void {
    this.#forAWhile(durationMs, this.#world.serverOf(database).enter(mode));
  }

  /** Somebody puts a string where a row of ours or of orchagent would be; with audits also where one is. */
  breakRow(name: string, database: DatabaseName): boolean {
    const key = database === APPL_DB ? `PORT_TABLE:${name}` : `PORT_TABLE|${name}`;
    if (database === STATE_DB && !this.#world.plan.settings.audited && this.#world.hasRow(database, key)) return false;
    if (!this.#world.asClient(database, ["SET", key, "?"])) return false;
    this.#healers.add(() => {
      if (typeof this.#world.keyspace(database).get(key) === "string") this.#world.keyspace(database).run(["DEL", key]);
    });
    return true;
  }

  /** Something ends after a time, or when everything is healed. */
  #forAWhile(durationMs: number, end: () => void): void {
    const heal = () => {
      if (this.#healers.delete(heal)) end();
    };
    this.#healers.add(heal);
    this.#world.scheduler.after(durationMs, heal);
  }
}

import { type Reply, ReplyError } from "../../src/swss/database.ts";
import { APP_PORT_TABLE, APPL_DB, CONFIG_DB, type DatabaseName, STATE_DB } from "../../src/swss/schema.ts";
import { Keyspace, type Value, WRITES } from "./keyspace.ts";

/** Numbers and separators of the databases. */
export const LAYOUT = {
  [APPL_DB]: { id: 0, separator: ":" },
  [CONFIG_DB]: { id: 4, separator: "|" },
  [STATE_DB]: { id: 6, separator: "|" },
} as const satisfies Record<DatabaseName, { id: number; separator: string }>;

/** Errors that a server may answer with for a while, and whether to all commands or to writes only. */
export const MODES = {
  LOADING: { text: "LOADING Redis is loading the dataset in memory", all: true },
  NOAUTH: { text: "NOAUTH Authentication required.", all: true },
  BUSY: { text: "BUSY Redis is busy running a script.", all: true },
  READONLY: { text: "READONLY You can't write against a read only replica.", all: false },
  OOM: { text: "OOM command not allowed when used memory > 'maxmemory'.", all: false },
  MISCONF: { text: "MISCONF Errors writing to the AOF file", all: false },
} as const;

/** One of MODES. */
export type Mode = keyof typeof MODES;

/** Commands that wait for the server. */
export interface Request {
  readonly database: DatabaseName;
  readonly commands: readonly (readonly string[])[];
  /** How many are carried out before the connection breaks; all when undefined. */
  readonly breaksAfter: number | undefined;
  /** True when whoever sent them is gone and they with it. */
  isLost(): boolean;
  /** One was carried out. */
  onExecuted(command: readonly string[], reply: Reply | ReplyError): void;
  onReplies(replies: (Reply | ReplyError)[]): void;
  onBroken(): void;
}

/** A connection as the server sees it. */
export interface Peer {
  /** The server ended the connection. */
  onEnd(reason: string): void;
  /** A key changed in a database. */
  onNotification(database: DatabaseName, key: string, event: string): void;
}

/** A Redis server with one to three databases. */
export class Server {
  readonly keyspaces: ReadonlyMap<DatabaseName, Keyspace>;
  readonly #peers = new Set<Peer>();
  readonly #inbox: Request[] = [];
  readonly #scripts = new Set<string>();
  readonly #onPublish: () => void;
  #frozen = 0;
  #modes: Mode[] = [];
  /** False while nobody listens on its socket. */
  isUp = true;
  /** False when notify-keyspace-events is off. */
  notifies: boolean;
  /** False when CONFIG is not allowed. */
  tellsConfig = true;

  /** `onPublish` is called when rows for a consumer are announced. */
  constructor(databases: readonly DatabaseName[], notifies: boolean, onPublish: () => void) {
    this.notifies = notifies;
    this.#onPublish = onPublish;
    const listen = (database: DatabaseName) => (key: string, event: string) => {
      if (this.notifies) for (const peer of this.#peers) peer.onNotification(database, key, event);
    };
    this.keyspaces = new Map(databases.map((database) => [database, new Keyspace(listen(database))]));
  }

  /** True while it carries nothing out. */
  get isFrozen(): boolean {
    return this.#frozen > 0;
  }

  /** False when it is down, does not move, or answers all with errors: nobody else can write then. */
  get serves(): boolean {
    return this.isUp && !this.isFrozen && this.#modes.length === 0;
  }

  connect(peer: Peer): void {
    this.#peers.add(peer);
  }

  disconnect(peer: Peer): void {
    this.#peers.delete(peer);
  }

  /** Ends all connections; what has not been carried out never is. */
  drop(reason: string): void {
    this.#inbox.length = 0;
    const peers = [...this.#peers];
    this.#peers.clear();
    for (const peer of peers) peer.onEnd(reason);
  }

  /** Forgets everything but CONFIG_DB, which is loaded from a file again, or goes back to an older state. */
  reset(older: ReadonlyMap<DatabaseName, ReadonlyMap<string, Value>>): void {
    this.#scripts.clear();
    for (const [database, keyspace] of this.keyspaces) {
      if (database !== CONFIG_DB) keyspace.restore(older.get(database) ?? new Map());
    }
  }

  /** SCRIPT FLUSH. */
  forgetScripts(): void {
    this.#scripts.clear();
  }

  /** Stops to move, until thaw() was called as often. */
  freeze(): void {
    this.#frozen++;
  }

  thaw(): void {
    this.#frozen--;
    this.#work();
  }

  /** Answers with errors; the returned function ends that. */
  enter(mode: Mode): () => void {
    this.#modes.push(mode);
    return () => this.#modes.splice(this.#modes.indexOf(mode), 1);
  }

  /** Takes commands from a connection. */
  receive(request: Request): void {
    this.#inbox.push(request);
    this.#work();
  }

  #work(): void {
    while (!this.isFrozen) {
      const request = this.#inbox.shift();
      if (!request) return;
      if (!request.isLost()) this.#carryOut(request);
    }
  }

  #carryOut(request: Request): void {
    const replies: (Reply | ReplyError)[] = [];
    for (const command of request.commands) {
      if (request.breaksAfter === replies.length) return request.onBroken();
      const reply = this.#run(request.database, command);
      request.onExecuted(command, reply);
      replies.push(reply);
    }
    if (request.breaksAfter !== undefined) request.onBroken();
    else request.onReplies(replies);
  }

  #run(database: DatabaseName, command: readonly string[]): Reply | ReplyError {
    const verb = command[0]!;
    const isWrite = WRITES.has(verb);
    for (const mode of this.#modes) if (MODES[mode].all || isWrite) return new ReplyError(MODES[mode].text);
    if (verb === "PING") return "PONG";
    if (verb === "PSUBSCRIBE") return null;
    if (verb === "CONFIG") {
      return this.tellsConfig
        ? ["notify-keyspace-events", this.notifies ? "AKE" : ""]
        : new ReplyError("NOPERM this user has no permissions to run the 'config|get' command");
    }
    const keyspace = this.keyspaces.get(database)!;
    if (verb === "EVAL" || verb === "EVALSHA") return this.#evaluate(keyspace, command);
    return keyspace.run(command);
  }

  /** The effects of ProducerStateTable's script; which one it is does not matter, since there is one only. */
  #evaluate(keyspace: Keyspace, [verb, script, , , keySet, pending, , key, ...values]: readonly string[]) {
    if (verb === "EVALSHA" && !this.#scripts.has(script!)) return new ReplyError("NOSCRIPT No matching script.");
    if (verb === "EVAL") this.#scripts.add(new Bun.CryptoHasher("sha1").update(script!).digest("hex"));
    const added = keyspace.addMember(keySet!, key!);
    if (values.length > 0) keyspace.run(["HSET", pending!, ...values]);
    if (added > 0) this.#onPublish();
    return null;
  }
}

/** Where a consumer finds the keys that wait for it, and their rows. */
export const PENDING_SET = `${APP_PORT_TABLE}_KEY_SET`;
/** The key of a row that waits for its consumer. */
export function pendingKey(key: string): string {
  return `_${APP_PORT_TABLE}:${key}`;
}

import { mkdirSync } from "node:fs";

import { Database } from "./database.ts";
import { KeyspaceRecorder, type Subscriptions } from "./keyspace.ts";
import { RedisServer } from "./redis.ts";

/** Where a database is: its server, number and separator, as in database_config.json. */
export interface DatabaseEntry {
  readonly instance: string;
  readonly id: number;
  readonly separator: string;
}

/** The databases of a switch that portsyncd has to do with, and one it has not; all on the instance `redis`. */
export const DATABASES = {
  APPL_DB: { instance: "redis", id: 0, separator: ":" },
  COUNTERS_DB: { instance: "redis", id: 2, separator: ":" },
  CONFIG_DB: { instance: "redis", id: 4, separator: "|" },
  STATE_DB: { instance: "redis", id: 6, separator: "|" },
} as const satisfies Record<string, DatabaseEntry>;

/** A database's name. */
export type DatabaseName = keyof typeof DATABASES;

/** What differs from DATABASES: `{ APPL_DB: { instance: "redis1" } }` puts APPL_DB on a server of its own. */
export type DatabaseChanges = Partial<Record<DatabaseName, Partial<DatabaseEntry>>>;

/** The Redis side of a switch: its servers, database_config.json, and a client for each database. */
export class SonicDb implements AsyncDisposable {
  readonly #recorders: KeyspaceRecorder[] = [];
  #clients = new Map<DatabaseName, Database>();

  private constructor(
    readonly databases: Readonly<Record<DatabaseName, DatabaseEntry>>,
    readonly servers: ReadonlyMap<string, RedisServer>,
    /** The path of database_config.json. */
    readonly configPath: string,
  ) {}

  /** Starts the servers in a directory of the caller's, and connects. */
  static async open(directory: string, changes: DatabaseChanges = {}): Promise<SonicDb> {
    const databases = Object.fromEntries(
      Object.entries(DATABASES).map(([name, entry]) => [name, { ...entry, ...changes[name as DatabaseName] }]),
    ) as Record<DatabaseName, DatabaseEntry>;
    const servers = new Map<string, RedisServer>();
    const configPath = `${directory}/database_config.json`;
    const db = new SonicDb(databases, servers, configPath);
    try {
      for (const instance of new Set(Object.values(databases).map((entry) => entry.instance))) {
        const home = `${directory}/${instance}`;
        mkdirSync(home, { recursive: true });
        servers.set(instance, await RedisServer.start(home, instance));
      }
      await Bun.write(
        configPath,
        formatDatabaseConfig(databases, (instance) => servers.get(instance)!.socketPath),
      );
      await db.connect();
      return db;
    } catch (error) {
      await db[Symbol.asyncDispose]();
      throw error;
    }
  }

  get appl(): Database {
    return this.#client("APPL_DB");
  }

  get config(): Database {
    return this.#client("CONFIG_DB");
  }

  get state(): Database {
    return this.#client("STATE_DB");
  }

  /** The server that holds a database. */
  server(name: DatabaseName): RedisServer {
    return this.servers.get(this.databases[name].instance)!;
  }

  /** Connects the clients again, after a server was restarted. */
  async connect(): Promise<void> {
    for (const client of this.#clients.values()) client[Symbol.dispose]();
    const names = Object.keys(this.databases) as DatabaseName[];
    const open = async (name: DatabaseName) =>
      [name, await Database.open(this.server(name).socketPath, this.databases[name].id)] as const;
    this.#clients = new Map(await Promise.all(names.map(open)));
  }

  /** Records what happens to matching keys of one database, and on channels of its server. */
  async record(name: DatabaseName, pattern = "*", channels: readonly string[] = []): Promise<KeyspaceRecorder> {
    const follow: Subscriptions = { keys: { [this.databases[name].id]: pattern }, channels };
    const recorder = await KeyspaceRecorder.open(this.server(name).socketPath, follow);
    this.#recorders.push(recorder);
    return recorder;
  }

  #client(name: DatabaseName): Database {
    return this.#clients.get(name)!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of [...this.#clients.values(), ...this.#recorders]) client[Symbol.dispose]();
    for (const server of this.servers.values()) await server[Symbol.asyncDispose]();
  }
}

/** The text of a database_config.json, as docker-database writes it. */
export function formatDatabaseConfig(
  databases: Readonly<Record<string, DatabaseEntry>>,
  socketPath: (instance: string) => string,
): string {
  const instances = [...new Set(Object.values(databases).map((entry) => entry.instance))];
  return JSON.stringify(
    {
      INSTANCES: Object.fromEntries(
        instances.map((name, i) => [
          name,
          {
            hostname: "127.0.0.1",
            port: 6379 + i,
            unix_socket_path: socketPath(name),
            persistence_for_warm_boot: "yes",
          },
        ]),
      ),
      DATABASES: databases,
      VERSION: "1.0",
    },
    null,
    2,
  );
}

import { type ConnectorHandlers, type Database, DatabaseLostError } from "../../src/swss/database.ts";
import type { ConnectorFactory } from "../../src/swss/databases.ts";
import { MemoryDatabase } from "../../src/swss/memorydatabase.ts";
import type { DatabaseName } from "../../src/swss/schema.ts";

/** The three databases in memory; all of them are lost at once, and come back empty, when a test says so. */
export class LosableDatabases {
  readonly #handlers = new Map<DatabaseName, ConnectorHandlers>();
  #databases = new Map<DatabaseName, MemoryDatabase>();

  /** Makes their connectors. */
  readonly open: ConnectorFactory = (name, handlers) => {
    this.#handlers.set(name, handlers);
    return { open: () => this.#connect(name, handlers), close: () => {} };
  };

  /** A database as it is now. */
  get(name: DatabaseName): Database {
    return this.#databases.get(name)!;
  }

  /** Redis dies with all it holds. */
  lose(): void {
    this.#databases = new Map();
    for (const [name, { onLost }] of this.#handlers) onLost(new DatabaseLostError(`${name}: connection closed`));
  }

  /** Another Redis is there. */
  bringBack(): void {
    for (const [name, handlers] of this.#handlers) this.#connect(name, handlers);
  }

  #connect(name: DatabaseName, handlers: ConnectorHandlers): void {
    const database = new MemoryDatabase(name, 0, name === "APPL_DB" ? ":" : "|");
    this.#databases.set(name, database);
    void handlers.onConnected(database);
  }
}

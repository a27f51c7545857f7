import type { Clock } from "../util/clock.ts";
import { type Connector, type ConnectorHandlers, type Database, DatabaseLostError, ReplyError } from "./database.ts";
import type { DatabaseName } from "./schema.ts";

/** Makes the connector of a database. */
export type ConnectorFactory = (name: DatabaseName, handlers: ConnectorHandlers) => Connector;

/** Who wants to know of the databases. */
export interface DatabasesObserver {
  /** Connected; the database counts as usable when this resolves. */
  onConnected(database: Database): Promise<void>;
  /** The database can be used; `again` when it could not be before. */
  onUsable(name: DatabaseName, again: boolean): void;
  /** The database was usable and is gone. */
  onLost(name: DatabaseName): void;
  /** Why the database cannot be used, once for each new reason. */
  onFailed(name: DatabaseName, reason: string): void;
  /** Something that needs all databases failed and will be tried again. */
  onRetry(error: Error): void;
  /** The database answered so many commands that were sent at once, the last after `tookMs`. */
  onAnswered?(name: DatabaseName, commands: number, tookMs: number): void;
}

/** Between two tries of something that Redis refused. */
const RETRY_MS = 500;

/** The databases of a daemon, each with its own connection; any of them may be gone while the others are there. */
export class Databases implements Disposable {
  readonly #clock: Clock;
  readonly #observer: DatabasesObserver;
  readonly #connectors: Connector[];
  readonly #usable = new Map<DatabaseName, Database>();
  readonly #failures = new Map<DatabaseName, string>();
  /** How often each became usable. */
  readonly #gains = new Map<DatabaseName, number>();
  /** The names of all. */
  readonly names: readonly DatabaseName[];
  #waiting = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<never>();

  constructor(names: readonly DatabaseName[], open: ConnectorFactory, clock: Clock, observer: DatabasesObserver) {
    this.#clock = clock;
    this.#observer = observer;
    this.names = names;
    this.#closed.promise.catch(() => {});
    this.#connectors = names.map((name) =>
      open(name, {
        onConnected: async (database) => {
          await observer.onConnected(database);
          this.#gained(name, database);
        },
        onLost: (error) => {
          this.#usable.delete(name);
          observer.onLost(name);
          this.#failed(name, error.message);
        },
        onFailed: (error) => this.#failed(name, error.message),
        onAnswered: (commands, tookMs) => observer.onAnswered?.(name, commands, tookMs),
      }),
    );
    for (const connector of this.#connectors) connector.open();
  }

  /** The database, or undefined while it is not usable. */
  get(name: DatabaseName): Database | undefined {
    return this.#usable.get(name);
  }

  /** True when all databases are usable. */
  get allUsable(): boolean {
    return this.#usable.size === this.names.length;
  }

  /** How often the database could be used again after it had been lost. */
  returns(name: DatabaseName): number {
    return Math.max(0, (this.#gains.get(name) ?? 0) - 1);
  }

  /** Why databases cannot be used, each once. */
  get failures(): string[] {
    return [...new Set(this.#failures.values())];
  }

  /** Why the database cannot be used; "" when it can, or when nobody knows yet. */
  failure(name: DatabaseName): string {
    return this.#failures.get(name) ?? "";
  }

  /** Resolves when all databases are usable; rejects with DatabaseLostError when they are closed before. */
  async whenUsable(): Promise<void> {
    while (!this.allUsable) await Promise.race([this.#waiting.promise, this.#closed.promise]);
  }

  /**
   * Runs `step` with the databases, and again when one is lost or refuses. What the step does must bear being repeated.
   * Rejects with DatabaseLostError only when the databases are closed.
   */
  async persist<Result>(step: (get: (name: DatabaseName) => Database) => Promise<Result>): Promise<Result> {
    for (;;) {
      await this.whenUsable();
      try {
        return await step((name) => this.#require(name));
      } catch (error) {
        if (!(error instanceof DatabaseLostError || error instanceof ReplyError)) throw error;
        this.#observer.onRetry(error);
        const pause = new Promise<void>((resolve) => this.#clock.after(RETRY_MS, resolve));
        await Promise.race([pause, this.#closed.promise]);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#closed.reject(new DatabaseLostError("closed"));
    for (const connector of this.#connectors) connector.close();
  }

  #require(name: DatabaseName): Database {
    const database = this.#usable.get(name);
    if (!database) throw new DatabaseLostError(`${name}: lost`);
    return database;
  }

  #gained(name: DatabaseName, database: Database): void {
    this.#usable.set(name, database);
    this.#gains.set(name, (this.#gains.get(name) ?? 0) + 1);
    this.#observer.onUsable(name, this.#failures.delete(name));
    this.#waiting.resolve();
    this.#waiting = Promise.withResolvers();
  }

  #failed(name: DatabaseName, reason: string): void {
    if (this.#failures.get(name) === reason) return;
    this.#failures.set(name, reason);
    this.#observer.onFailed(name, reason);
  }
}

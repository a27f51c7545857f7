import { type Connector, type Database } from "../../src/swss/database.ts";
import type { DatabaseLocation, RedisAddress } from "../../src/swss/dbconfig.ts";
import { type ConnectorOptions, DBConnector } from "../../src/swss/dbconnector.ts";
import { systemClock } from "../../src/util/clock.ts";
import { within } from "../support/deadline.ts";

/** How a connection is made. */
export interface ConnectionOptions extends Partial<ConnectorOptions> {
  readonly id?: number;
  /** What the handler of a new connection does, default nothing. */
  readonly onConnected?: (database: Database) => Promise<void>;
}

/** A connector under test, and what it says: `connected`, `lost REASON`, `failed REASON`. */
export class Connection implements Disposable {
  readonly said: string[] = [];
  readonly databases: Database[] = [];
  /** How many commands each answer was for, and how long each took in milliseconds. */
  readonly answers: (readonly [commands: number, tookMs: number])[] = [];
  readonly #connector: Connector;
  #watchers: (() => void)[] = [];

  constructor(address: RedisAddress, options: ConnectionOptions = {}) {
    const location: DatabaseLocation = { name: "STATE_DB", address, id: options.id ?? 6, separator: "|" };
    const answerMs = options.answerMs ?? 5000;
    const { writer = "native", retryMs = 20 } = options;
    this.#connector = new DBConnector(
      location,
      systemClock,
      { connectMs: answerMs, answerMs, retryMs, writer },
      {
        onConnected: async (database) => {
          await options.onConnected?.(database);
          this.databases.push(database);
          this.#say("connected");
        },
        onLost: (error) => this.#say(`lost ${error.message}`),
        onFailed: (error) => this.#say(`failed ${error.message}`),
        onAnswered: (commands, tookMs) => void this.answers.push([commands, tookMs]),
      },
    );
    this.#connector.open();
  }

  /** Waits until the `count`th line that begins with `start` was said, and returns it. */
  async until(start: string, count = 1): Promise<string> {
    const find = () => this.said.filter((line) => line.startsWith(start))[count - 1];
    const { promise, resolve } = Promise.withResolvers<string>();
    const look = () => {
      const line = find();
      if (line !== undefined) resolve(line);
    };
    this.#watchers.push(look);
    look();
    return within(`"${start}" number ${count}; said: ${this.said.join(", ")}`, promise, 5);
  }

  /** The newest database, connected. */
  async database(count = 1): Promise<Database> {
    await this.until("connected", count);
    return this.databases.at(-1)!;
  }

  close(): void {
    this.#connector.close();
  }

  #say(line: string): void {
    this.said.push(line);
    for (const look of this.#watchers) look();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

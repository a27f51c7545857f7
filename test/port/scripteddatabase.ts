import {
  type Database,
  DatabaseLostError,
  type MessageListener,
  type Reply,
  ReplyError,
} from "../../src/swss/database.ts";
import type { DatabaseName } from "../../src/swss/schema.ts";

/** Commands that were sent and wait for what the test makes of them. */
export interface PendingBatch {
  readonly commands: readonly (readonly string[])[];
  /** Answers them, one reply each. */
  answer(...replies: readonly (Reply | ReplyError)[]): Promise<void>;
  /** Loses the connection instead. */
  lose(): Promise<void>;
}

/** Lets all promises that are due go on. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A database whose every answer is given by the test, when the test says. */
export class ScriptedDatabase implements Database {
  readonly writer = "native";
  readonly pending: PendingBatch[] = [];
  readonly patterns: string[] = [];
  #listener: MessageListener = () => {};

  constructor(
    readonly name: DatabaseName = "STATE_DB",
    readonly id = 6,
    readonly separator = "|",
  ) {}

  write(commands: readonly (readonly string[])[]): Promise<(Reply | ReplyError)[]> {
    return this.batch(commands);
  }

  async call(...command: string[]): Promise<Reply> {
    const [reply] = await this.batch([command]);
    if (reply instanceof ReplyError) throw reply;
    return reply!;
  }

  batch(commands: readonly (readonly string[])[]): Promise<(Reply | ReplyError)[]> {
    const { promise, resolve, reject } = Promise.withResolvers<(Reply | ReplyError)[]>();
    this.pending.push({
      commands,
      answer: (...replies) => {
        if (replies.length !== commands.length)
          throw new Error(`${commands.length} commands, ${replies.length} replies`);
        resolve([...replies]);
        return settle();
      },
      lose: () => {
        reject(new DatabaseLostError(`${this.name}: lost`));
        return settle();
      },
    });
    return promise;
  }

  async psubscribe(pattern: string, listener: MessageListener): Promise<void> {
    this.patterns.push(pattern);
    this.#listener = listener;
  }

  /** Publishes to the subscriber. */
  publish(channel: string, message: string): void {
    this.#listener(channel, message);
  }

  /** The oldest batch that waits; throws when there is none. */
  next(): PendingBatch {
    const batch = this.pending.shift();
    if (!batch) throw new Error("nothing was sent");
    return batch;
  }
}

import { RedisClient } from "bun";

import { type Reply, ReplyError } from "./database.ts";
import type { DatabaseLocation } from "./dbconfig.ts";
import { encodeWords } from "./word.ts";

/** The code of the errors that are a reply of the server; all others say that the connection is of no more use. */
const SERVER_ERROR = "ERR_REDIS_SERVER_ERROR";

/** Redis is at a place that the client's URL cannot name. */
const PLAIN_PATH = /^[\w./-]+$/;

/**
 * The connections for the writes of flushes through Bun's own client, which takes less time for one than node-redis does.
 * A client that pipelines sends when the turn of the event loop ends; one that does not sends at once, but one command at a
 * time. So there is one of each: single commands, which are most, are on their way some 20 us earlier.
 */
export class NativeWriter {
  /** Resolves with the reason when a connection has ended. */
  readonly ended: Promise<Error>;
  readonly #id: number;
  readonly #single: RedisClient;
  readonly #many: RedisClient;

  constructor(location: DatabaseLocation, connectMs: number) {
    this.#id = location.id;
    this.#single = makeClient(location, connectMs, false);
    this.#many = makeClient(location, connectMs, true);
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- it is no EventTarget
    this.ended = new Promise((resolve) => (this.#single.onclose = this.#many.onclose = resolve));
  }

  /** Whether the client can be told where the database is. */
  static canReach({ address }: DatabaseLocation): boolean {
    return !("path" in address) || PLAIN_PATH.test(address.path);
  }

  /** Connects, by RESP 3, which Redis has since version 6. Throws ReplyError, or what the client throws. */
  async open(): Promise<void> {
    await Promise.all([this.#single, this.#many].map((client) => this.#open(client)));
  }

  async #open(client: RedisClient): Promise<void> {
    await client.connect();
    try {
      await client.send("SELECT", [`${this.#id}`]);
    } catch (error) {
      throw isServerError(error) ? new ReplyError(error.message) : error;
    }
  }

  /** Asks both connections whether they are there. Rejects when one is of no more use. */
  async ping(): Promise<void> {
    await Promise.all([this.#single.send("PING", []), this.#many.send("PING", [])]);
  }

  /**
   * Sends the commands, of which there is one at least, in order and all at once. Tells all replies when the last is there,
   * error replies in their places, or calls `failed` when the connection is of no more use. No promise, since this is in
   * the way of every event.
   */
  write(
    commands: readonly (readonly string[])[],
    done: (replies: (Reply | ReplyError)[]) => void,
    failed: (error: Error) => void,
  ): void {
    const client = commands.length === 1 ? this.#single : this.#many;
    const replies: (Reply | ReplyError)[] = [];
    let left = commands.length;
    for (let i = 0; i < commands.length; i++) {
      const [verb] = commands[i]!;
      const take = (reply: Reply | ReplyError): void => {
        replies[i] = reply;
        if (--left === 0) done(replies);
      };
      client.send(verb!, encode(commands[i]!.slice(1))).then(
        (reply: unknown) => take(toReply(reply)),
        (error: unknown) => {
          if (isServerError(error)) take(new ReplyError(error.message));
          else failed(error as Error);
        },
      );
    }
  }

  /** Ends the connections; answers that are awaited fail. */
  close(): void {
    this.#single.close();
    this.#many.close();
  }
}

function makeClient(location: DatabaseLocation, connectMs: number, enableAutoPipelining: boolean): RedisClient {
  return new RedisClient(formatUrl(location), {
    connectionTimeout: connectMs,
    autoReconnect: false,
    enableOfflineQueue: false, // what was not written when the connection broke is reconciled, not replayed
    enableAutoPipelining,
  });
}

function formatUrl({ address }: DatabaseLocation): string {
  if ("path" in address) return `redis+unix://${address.path}`;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `redis://${host}:${address.port}`;
}

/** The client takes bytes, too, though its types do not say so. */
function encode(words: readonly string[]): string[] {
  return encodeWords(words) as string[];
}

/** Writes are answered with numbers and simple strings. */
function toReply(reply: unknown): Reply {
  return typeof reply === "string" || typeof reply === "number" ? reply : null;
}

function isServerError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && error.code === SERVER_ERROR;
}

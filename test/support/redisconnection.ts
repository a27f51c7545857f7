import type { Socket } from "bun";

import { within } from "./deadline.ts";
import { encodeCommand, type Reply, ReplyReader, RespError } from "./resp.ts";

/** Takes each reply in the order of the connection, with the time at which its bytes arrived (performance.now()). */
export type ReplyListener = (reply: Reply, atMs: number) => void;

/** A connection to a Redis server over its Unix socket. It does not come back when it is lost: then every use throws. */
export class RedisConnection implements Disposable {
  readonly #socket: Socket;
  readonly #lost: { error: Error | undefined };
  #unsent: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket, lost: { error: Error | undefined }) {
    this.#socket = socket;
    this.#lost = lost;
  }

  /** Connects; `onLost` is called once, also when it is closed from this side. */
  static async open(
    socketPath: string,
    onReply: ReplyListener,
    onLost: (error: Error) => void,
  ): Promise<RedisConnection> {
    const reader = new ReplyReader();
    const lost: { error: Error | undefined } = { error: undefined };
    let connection: RedisConnection | undefined;
    const lose = (error: Error) => {
      if (lost.error) return;
      lost.error = error;
      onLost(error);
    };
    const socket = await Bun.connect({
      unix: socketPath,
      socket: {
        data(_, chunk) {
          const atMs = performance.now();
          for (const reply of reader.feed(chunk)) onReply(reply, atMs);
        },
        drain: () => connection && connection.#flush(),
        close: () => lose(new Error(`Redis connection lost: ${socketPath}`)),
        error: (_, error) => lose(error),
      },
    });
    connection = new RedisConnection(socket, lost);
    return connection;
  }

  /** Sends a command; throws when the connection is lost. */
  send(words: readonly string[]): void {
    if (this.#lost.error) throw this.#lost.error;
    const command = encodeCommand(words);
    this.#unsent = this.#unsent.length === 0 ? command : Buffer.concat([this.#unsent, command]);
    this.#flush();
  }

  #flush(): void {
    const sent = this.#socket.write(this.#unsent);
    this.#unsent = this.#unsent.subarray(Math.max(0, sent));
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }
}

/** Commands and their replies over one connection, in order; pipelined when several are called at once. */
export class RedisCommands implements Disposable {
  readonly #waiting: PromiseWithResolvers<Reply>[] = [];
  #connection: RedisConnection | undefined;

  /** Connects and selects a database. */
  static async open(socketPath: string, database: number): Promise<RedisCommands> {
    const commands = new RedisCommands();
    commands.#connection = await RedisConnection.open(
      socketPath,
      (reply) => commands.#answer(reply),
      (error) => commands.#fail(error),
    );
    await commands.call("SELECT", `${database}`);
    return commands;
  }

  /** Runs a command and returns its reply; throws RespError for an error reply, and after 10 s without any. */
  async call(...words: readonly string[]): Promise<Reply> {
    const waiting = Promise.withResolvers<Reply>();
    this.#connection!.send(words);
    this.#waiting.push(waiting);
    return within(`reply to ${words[0]} ${words[1] ?? ""}`, waiting.promise, 10);
  }

  #answer(reply: Reply): void {
    const waiting = this.#waiting.shift()!;
    if (reply instanceof RespError) waiting.reject(reply);
    else waiting.resolve(reply);
  }

  #fail(error: Error): void {
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }

  [Symbol.dispose](): void {
    this.#connection?.[Symbol.dispose]();
  }
}

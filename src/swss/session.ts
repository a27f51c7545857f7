import { ErrorReply, RedisClient, RESP_TYPES } from "@redis/client";

import type { Clock } from "../util/clock.ts";
import { Limit } from "../util/limit.ts";
import { DatabaseLostError, type MessageListener, type Reply, ReplyError, type Writer } from "./database.ts";
import type { DatabaseLocation } from "./dbconfig.ts";
import { NativeWriter } from "./nativewriter.ts";
import type { Connection } from "./reconnector.ts";
import { completeTracingChannel } from "./tracing.ts";
import { encodeWords } from "./word.ts";

/** How a connection is made. */
export interface SessionOptions {
  /** How long to wait for a connection. */
  readonly connectMs: number;
  /** How long to wait for the answer to a command or to a piece of a batch. */
  readonly answerMs: number;
  readonly writer: Writer;
  /** So many commands that were sent at once were answered, the last after `tookMs`. */
  readonly onAnswered?: ((commands: number, tookMs: number) => void) | undefined;
}

/** How often a TCP connection is asked whether its other end is still there. */
const TCP_HEARTBEAT_MS = 2000;
/** A Unix socket says so by itself; but a server may be set to close what is idle for longer. */
const UNIX_HEARTBEAT_MS = 20_000;
/** Commands that are sent before an answer is awaited: the deadline is for a piece of work that does not grow with the ports. */
const COMMANDS_AT_ONCE = 1000;

completeTracingChannel();

/** createClient() would make a class with a method for each of 400 commands anew for each database: 1 MiB that nobody calls. */
function makeClient(location: DatabaseLocation, connectMs: number) {
  const { address } = location;
  const shared = { connectTimeout: connectMs, reconnectStrategy: false as const };
  return new RedisClient({
    RESP: 2, // Redis before 6 is still in the field and has no HELLO
    socket: "path" in address ? { ...shared, path: address.path, tls: false } : { ...shared, ...address },
    database: location.id,
    disableOfflineQueue: true, // what was not written when the connection broke is reconciled, not replayed
    disableClientInfo: true,
    maintNotifications: "disabled",
    // One deadline a batch is set here; node-redis would make an AbortSignal for each command.
    commandOptions: { timeout: 0, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  });
}

type Client = ReturnType<typeof makeClient>;

function decodeReply(reply: unknown): Reply {
  if (reply instanceof Buffer) return reply.toString("latin1");
  if (Array.isArray(reply)) return reply.map(decodeReply);
  return typeof reply === "string" || typeof reply === "number" ? reply : null;
}

/** The connections to one database from their making to their end, which is that of the first that ends. */
export class Session implements Connection {
  readonly name;
  readonly id;
  readonly separator;
  readonly ended: Promise<Error>;
  readonly #location: DatabaseLocation;
  readonly #clock: Clock;
  readonly #options: SessionOptions;
  readonly #limit: Limit;
  readonly #clients: Client[] = [];
  #writer: NativeWriter | undefined;
  #end!: (reason: Error) => void;
  #cancelBeat = (): void => {};
  #reason: Error | undefined;

  constructor(location: DatabaseLocation, clock: Clock, options: SessionOptions) {
    this.name = location.name;
    this.id = location.id;
    this.separator = location.separator;
    this.#location = location;
    this.#clock = clock;
    this.#options = options;
    const { answerMs } = options;
    this.#limit = new Limit(clock, answerMs, () => this.close(new Error(`no answer within ${answerMs} ms`)));
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  get writer(): Writer {
    return this.#writer ? "native" : "node-redis";
  }

  get reason(): Error | undefined {
    return this.#reason;
  }

  async open(): Promise<void> {
    await this.#connect();
    await this.call("PING");
    if (this.#options.writer === "native") await this.#openWriter();
    this.#beat();
  }

  /** Asks on each connection now and then, so that one that is open on one side only is noticed. */
  #beat(): void {
    if (this.#reason) return;
    const everyMs = "host" in this.#location.address ? TCP_HEARTBEAT_MS : UNIX_HEARTBEAT_MS;
    this.#cancelBeat = this.#clock.after(everyMs, () => {
      const answers: Promise<unknown>[] = this.#clients.map((client) =>
        client.sendCommand(["PING"]).catch((error: unknown) => this.#failure(error)),
      );
      if (this.#writer) answers.push(this.#writer.ping().catch((error: unknown) => this.#failure(error)));
      this.#limit.on(Promise.all(answers)).then(
        () => this.#beat(),
        () => {},
      );
    });
  }

  close(reason: Error): void {
    if (this.#reason) return;
    this.#reason = reason instanceof ErrorReply ? new ReplyError(reason.message) : reason;
    this.#cancelBeat();
    this.#limit.close(this.#lost()); // a client may have lost sight of a command, and would never fail it
    for (const client of this.#clients) if (client.isOpen) client.destroy();
    this.#writer?.close();
    this.#end(this.#reason);
  }

  async call(...command: string[]): Promise<Reply> {
    const [reply] = await this.batch([command]);
    if (reply instanceof ReplyError) throw reply;
    return reply!;
  }

  batch(commands: readonly (readonly string[])[]): Promise<(Reply | ReplyError)[]> {
    return inPieces(commands, (piece) => this.#send(piece));
  }

  write(commands: readonly (readonly string[])[]): Promise<(Reply | ReplyError)[]> {
    const writer = this.#writer;
    return writer ? inPieces(commands, (piece) => this.#sendThrough(writer, piece)) : this.batch(commands);
  }

  async psubscribe(pattern: string, listener: MessageListener): Promise<void> {
    if (this.#reason) throw this.#lost();
    // A RESP 2 connection that subscribes can do nothing else.
    const client = this.#clients[1] ?? (await this.#connect());
    const hear = (message: Buffer, channel: Buffer) => listener(channel.toString("latin1"), message.toString("latin1"));
    const subscribed = client.pSubscribe(pattern, hear, true).catch((error: unknown) => this.#failure(error));
    const failure = await this.#limit.on(subscribed);
    if (failure instanceof ReplyError) throw failure;
  }

  async #send(commands: readonly (readonly string[])[]): Promise<(Reply | ReplyError)[]> {
    const client = this.#clients[0]!;
    if (this.#reason) throw this.#lost();
    const answers = commands.map((command) =>
      client
        .sendCommand(encodeWords(command))
        .then(decodeReply) // which fails, too, on an array that is nested deeper than the stack is
        .catch((error: unknown) => this.#failure(error)),
    );
    const sinceMs = this.#clock.now();
    const replies = await this.#limit.on(Promise.all(answers));
    this.#options.onAnswered?.(commands.length, this.#clock.now() - sinceMs);
    return replies;
  }

  #sendThrough(writer: NativeWriter, commands: readonly (readonly string[])[]): Promise<(Reply | ReplyError)[]> {
    const { promise, resolve, reject } = Promise.withResolvers<(Reply | ReplyError)[]>();
    const awaited = this.#limit.begin(reject);
    if (this.#reason) return promise;
    const done = (replies: (Reply | ReplyError)[]): void => {
      this.#limit.end(awaited);
      this.#options.onAnswered?.(commands.length, this.#clock.now() - awaited.sinceMs);
      resolve(replies);
    };
    if (commands.length === 0) done([]);
    else writer.write(commands, done, (error) => this.close(error));
    return promise;
  }

  /** Where Bun's client cannot be used, because the server is too old for RESP 3, node-redis writes. */
  async #openWriter(): Promise<void> {
    const [info] = await this.batch([["COMMAND", "INFO", "HELLO"]]);
    const isKnown = Array.isArray(info) && Array.isArray(info[0]);
    if (!isKnown || !NativeWriter.canReach(this.#location)) return;
    if (this.#reason) throw this.#lost();
    const writer = (this.#writer = new NativeWriter(this.#location, this.#options.connectMs));
    void writer.ended.then((reason) => this.close(reason));
    await this.#limit.on(writer.open());
  }

  async #connect(): Promise<Client> {
    const client = makeClient(this.#location, this.#options.connectMs);
    client.on("error", (error: Error) => this.close(error));
    client.on("end", () => this.close(new Error("the connection was closed")));
    this.#clients.push(client);
    const connected = client.connect().then(() => {
      if (this.#reason) client.destroy(); // one that is destroyed while it connects comes about all the same
    });
    try {
      await this.#limit.on(connected);
    } catch (error) {
      this.close(error as Error);
    }
    if (this.#reason) throw this.#lost();
    return client;
  }

  /** An error reply is a value; anything else means that the connection is of no more use. */
  #failure(error: unknown): ReplyError {
    if (error instanceof ErrorReply) return new ReplyError(error.message);
    this.close(error as Error);
    throw this.#lost();
  }

  #lost(): DatabaseLostError {
    return new DatabaseLostError(`${this.name}: ${this.#reason?.message ?? "lost"}`);
  }
}

/** Sends commands, and replies with what comes back. */
type Send = (commands: readonly (readonly string[])[]) => Promise<(Reply | ReplyError)[]>;

/** Sends many commands in pieces of bounded size, one after the other. */
function inPieces(commands: readonly (readonly string[])[], send: Send): Promise<(Reply | ReplyError)[]> {
  return commands.length <= COMMANDS_AT_ONCE ? send(commands) : piecewise(commands, send);
}

async function piecewise(commands: readonly (readonly string[])[], send: Send): Promise<(Reply | ReplyError)[]> {
  const replies: (Reply | ReplyError)[] = [];
  for (let at = 0; at < commands.length; at += COMMANDS_AT_ONCE) {
    replies.push(...(await send(commands.slice(at, at + COMMANDS_AT_ONCE))));
  }
  return replies;
}

import { watch } from "node:fs";
import { basename, dirname } from "node:path";

import { createClient, ErrorReply, RESP_TYPES } from "@redis/client";

import { Backoff } from "../util/backoff.ts";
import type { Clock } from "../util/clock.ts";
import {
  type Connector,
  type ConnectorHandlers,
  type Database,
  DatabaseLostError,
  type MessageListener,
  type Reply,
  ReplyError,
} from "./database.ts";
import type { DatabaseLocation } from "./dbconfig.ts";

/** How long to wait for Redis. */
export interface ConnectorTimeouts {
  /** For a connection. */
  readonly connectMs: number;
  /** For the answer to a command or to a piece of a batch. */
  readonly answerMs: number;
  /** The longest pause between two attempts to connect. */
  readonly retryMs: number;
}

const FIRST_RETRY_MS = 20;
/** A server that answers with an error is there and soon ready, as while it loads its data. */
const NOT_READY_RETRY_MS = 200;
/** How often each connection is asked whether it is still there. */
const HEARTBEAT_MS = 2000;
/** Commands that are sent before an answer is awaited: the deadline is for a piece of work that does not grow with the ports. */
const COMMANDS_AT_ONCE = 1000;

function makeClient(location: DatabaseLocation, connectMs: number) {
  const { address } = location;
  const shared = { connectTimeout: connectMs, reconnectStrategy: false as const };
  return createClient({
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

/** Text that is not ASCII goes out as the bytes it stands for. */
function encodeArgument(text: string): string | Buffer {
  // oxlint-disable-next-line no-control-regex
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, "latin1");
}

function decodeReply(reply: unknown): Reply {
  if (reply instanceof Buffer) return reply.toString("latin1");
  if (Array.isArray(reply)) return reply.map(decodeReply);
  return typeof reply === "string" || typeof reply === "number" ? reply : null;
}

/** One connection from its making to its end. */
class Session implements Database {
  readonly name;
  readonly id;
  readonly separator;
  /** Resolves with the reason when the connection has ended. */
  readonly ended: Promise<Error>;
  readonly #location: DatabaseLocation;
  readonly #clock: Clock;
  readonly #timeouts: ConnectorTimeouts;
  readonly #clients: Client[] = [];
  #end!: (reason: Error) => void;
  #reason: Error | undefined;

  constructor(location: DatabaseLocation, clock: Clock, timeouts: ConnectorTimeouts) {
    this.name = location.name;
    this.id = location.id;
    this.separator = location.separator;
    this.#location = location;
    this.#clock = clock;
    this.#timeouts = timeouts;
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  /** Why the connection has ended, if it has. */
  get reason(): Error | undefined {
    return this.#reason;
  }

  /** Connects, and makes sure that the server serves. Throws DatabaseLostError, ReplyError. */
  async open(): Promise<void> {
    await this.#connect();
    await this.call("PING");
    this.#beat();
  }

  /** Asks on each connection now and then, so that one that is open on one side only is noticed. */
  #beat(): void {
    const cancel = this.#clock.after(HEARTBEAT_MS, () => {
      const answers = this.#clients.map((client) => client.ping().catch((error: unknown) => this.#failure(error)));
      this.#inTime(Promise.all(answers)).then(
        () => this.#beat(),
        () => {},
      );
    });
    void this.ended.then(cancel);
  }

  /** Ends the connection; commands that wait for an answer fail with DatabaseLostError. */
  close(reason: Error): void {
    if (this.#reason) return;
    this.#reason = reason instanceof ErrorReply ? new ReplyError(reason.message) : reason;
    for (const client of this.#clients) if (client.isOpen) client.destroy();
    this.#end(this.#reason);
  }

  async call(...command: string[]): Promise<Reply> {
    const [reply] = await this.batch([command]);
    if (reply instanceof ReplyError) throw reply;
    return reply!;
  }

  async batch(commands: readonly (readonly string[])[]): Promise<(Reply | ReplyError)[]> {
    if (commands.length <= COMMANDS_AT_ONCE) return this.#send(commands);
    const replies: (Reply | ReplyError)[] = [];
    for (let at = 0; at < commands.length; at += COMMANDS_AT_ONCE) {
      replies.push(...(await this.#send(commands.slice(at, at + COMMANDS_AT_ONCE))));
    }
    return replies;
  }

  async psubscribe(pattern: string, listener: MessageListener): Promise<void> {
    if (this.#reason) throw this.#lost();
    // A RESP 2 connection that subscribes can do nothing else.
    const client = this.#clients[1] ?? (await this.#connect());
    const hear = (message: Buffer, channel: Buffer) => listener(channel.toString("latin1"), message.toString("latin1"));
    const subscribed = client.pSubscribe(pattern, hear, true).catch((error: unknown) => this.#failure(error));
    const failure = await this.#inTime(subscribed);
    if (failure instanceof ReplyError) throw failure;
  }

  async #send(commands: readonly (readonly string[])[]): Promise<(Reply | ReplyError)[]> {
    const client = this.#clients[0]!;
    if (this.#reason) throw this.#lost();
    const answers = commands.map((command) =>
      client.sendCommand(command.map(encodeArgument)).then(decodeReply, (error: unknown) => this.#failure(error)),
    );
    return this.#inTime(Promise.all(answers));
  }

  async #connect(): Promise<Client> {
    const client = makeClient(this.#location, this.#timeouts.connectMs);
    client.on("error", (error: Error) => this.close(error));
    client.on("end", () => this.close(new Error("the connection was closed")));
    this.#clients.push(client);
    try {
      await this.#inTime(client.connect());
    } catch (error) {
      this.close(error as Error);
      throw this.#lost();
    }
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

  /** No answer in time ends the connection: it may be half-open, and nothing is known of what was carried out. */
  async #inTime<Value>(answer: Promise<Value>): Promise<Value> {
    const { answerMs } = this.#timeouts;
    const cancel = this.#clock.after(answerMs, () => this.close(new Error(`no answer within ${answerMs} ms`)));
    try {
      return await answer;
    } finally {
      cancel();
    }
  }
}

/** Keeps a connection to one database: connects, and connects again for as long as it is not closed. */
export class DBConnector implements Connector {
  readonly #location: DatabaseLocation;
  readonly #clock: Clock;
  readonly #timeouts: ConnectorTimeouts;
  readonly #handlers: ConnectorHandlers;
  #session: Session | undefined;
  #cancelRetry: (() => void) | undefined;
  #closed = false;
  #usable = false;

  constructor(location: DatabaseLocation, clock: Clock, timeouts: ConnectorTimeouts, handlers: ConnectorHandlers) {
    this.#location = location;
    this.#clock = clock;
    this.#timeouts = timeouts;
    this.#handlers = handlers;
  }

  open(): void {
    void this.#run();
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry?.();
    this.#session?.close(new Error("closed"));
  }

  async #run(): Promise<void> {
    const { retryMs } = this.#timeouts;
    const backoff = new Backoff(Math.min(FIRST_RETRY_MS, retryMs), retryMs);
    while (!this.#closed) {
      const startedMs = this.#clock.now();
      const error = await this.#attempt(() => backoff.reset());
      if (this.#closed) return;
      if (this.#usable) {
        this.#usable = false;
        this.#handlers.onLost(error);
      } else {
        this.#handlers.onFailed(error);
      }
      // The time that an attempt took counts: one that waited for an answer in vain is followed at once by the next.
      const pauseMs = error instanceof ReplyError ? NOT_READY_RETRY_MS : backoff.next();
      await this.#pause(pauseMs - (this.#clock.now() - startedMs));
    }
  }

  /** Waits, but no longer than until a Unix socket appears. */
  async #pause(pauseMs: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    this.#cancelRetry = this.#clock.after(Math.max(0, pauseMs), over.resolve);
    const { address } = this.#location;
    using _watch = "path" in address ? watchForSocket(address.path, over.resolve) : undefined;
    await over.promise;
    this.#cancelRetry();
  }

  /** One connection: resolves with the reason of its end. */
  async #attempt(succeeded: () => void): Promise<Error> {
    const session = (this.#session = new Session(this.#location, this.#clock, this.#timeouts));
    try {
      await session.open();
      await this.#handlers.onConnected(session);
    } catch (error) {
      session.close(error as Error);
      return session.reason!;
    }
    this.#usable = true;
    succeeded();
    return session.ended;
  }
}

/** Calls `appeared` when something happens to the path; a directory that is not there cannot be watched. */
function watchForSocket(path: string, appeared: () => void): Disposable | undefined {
  try {
    const watcher = watch(dirname(path), (_event, name) => {
      if (name === basename(path)) appeared();
    });
    watcher.on("error", () => {});
    return { [Symbol.dispose]: () => watcher.close() };
  } catch {
    return undefined;
  }
}

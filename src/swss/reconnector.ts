import { Backoff } from "../util/backoff.ts";
import type { Clock } from "../util/clock.ts";
import { type Connector, type ConnectorHandlers, type Database, ReplyError } from "./database.ts";

/** One connection from its making to its end. */
export interface Connection extends Database {
  /** Resolves with the reason when it has ended. */
  readonly ended: Promise<Error>;
  /** Why it has ended, if it has. */
  readonly reason: Error | undefined;
  /** Connects, and makes sure that the server serves. Throws DatabaseLostError, ReplyError. */
  open(): Promise<void>;
  /** Ends it; commands that wait for an answer fail with DatabaseLostError. */
  close(reason: Error): void;
}

/** How connections are made. */
export interface ReconnectorParts {
  readonly clock: Clock;
  /** Makes a connection that is not open yet. */
  readonly makeConnection: () => Connection;
  /** The longest pause between two attempts. */
  readonly retryMs: number;
  /** From 0 to 1, for jitter. */
  readonly random?: () => number;
  /** Calls `appeared` when the next attempt may be worth its while before the pause is over. */
  readonly watch?: (appeared: () => void) => Disposable | undefined;
}

const FIRST_RETRY_MS = 20;
/** A server that answers with an error is there and soon ready, as while it loads its data. */
const NOT_READY_RETRY_MS = 200;

/** Keeps a connection: connects, and connects again for as long as it is not closed. */
export class Reconnector implements Connector {
  readonly #parts: ReconnectorParts;
  readonly #handlers: ConnectorHandlers;
  #connection: Connection | undefined;
  #endPause = (): void => {};
  #closed = false;
  #usable = false;

  constructor(parts: ReconnectorParts, handlers: ConnectorHandlers) {
    this.#parts = parts;
    this.#handlers = handlers;
  }

  open(): void {
    void this.#run();
  }

  close(): void {
    this.#closed = true;
    this.#endPause();
    this.#connection?.close(new Error("closed"));
  }

  async #run(): Promise<void> {
    const { clock, retryMs, random } = this.#parts;
    const backoff = new Backoff(Math.min(FIRST_RETRY_MS, retryMs), retryMs, random);
    while (!this.#closed) {
      const startedMs = clock.now();
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
      const appeared = await this.#pause(pauseMs - (clock.now() - startedMs));
      // A socket is there a moment before its server listens.
      if (appeared) backoff.reset();
    }
  }

  /** Waits, but no longer than until what is watched tells; true when it did. */
  async #pause(pauseMs: number): Promise<boolean> {
    const { clock, watch } = this.#parts;
    const over = Promise.withResolvers<boolean>();
    const cancel = clock.after(Math.max(0, pauseMs), () => over.resolve(false));
    this.#endPause = () => over.resolve(false);
    using _watch = watch?.(() => over.resolve(true));
    const appeared = await over.promise;
    cancel();
    return appeared;
  }

  /** One connection: resolves with the reason of its end. */
  async #attempt(succeeded: () => void): Promise<Error> {
    const connection = (this.#connection = this.#parts.makeConnection());
    try {
      await connection.open();
      await this.#handlers.onConnected(connection);
    } catch (error) {
      connection.close(error as Error);
      return connection.reason!;
    }
    this.#usable = true;
    succeeded();
    return connection.ended;
  }
}

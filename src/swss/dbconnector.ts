import { watch } from "node:fs";
import { basename, dirname } from "node:path";

import { Backoff } from "../util/backoff.ts";
import type { Clock } from "../util/clock.ts";
import { type Connector, type ConnectorHandlers, ReplyError } from "./database.ts";
import type { DatabaseLocation } from "./dbconfig.ts";
import { Session, type SessionOptions } from "./session.ts";

/** How a connection is kept. */
export interface ConnectorOptions extends SessionOptions {
  /** The longest pause between two attempts to connect; on this machine it is shorter. */
  readonly retryMs: number;
}

const FIRST_RETRY_MS = 20;
/** The longest pause where an attempt costs next to nothing: a Redis of this machine is used within a second. */
const MOST_LOCAL_RETRY_MS = 500;
/** A server that answers with an error is there and soon ready, as while it loads its data. */
const NOT_READY_RETRY_MS = 200;

/** Keeps a connection to one database: connects, and connects again for as long as it is not closed. */
export class DBConnector implements Connector {
  readonly #location: DatabaseLocation;
  readonly #clock: Clock;
  readonly #options: ConnectorOptions;
  readonly #handlers: ConnectorHandlers;
  #session: Session | undefined;
  #cancelRetry: (() => void) | undefined;
  #closed = false;
  #usable = false;

  constructor(location: DatabaseLocation, clock: Clock, options: ConnectorOptions, handlers: ConnectorHandlers) {
    this.#location = location;
    this.#clock = clock;
    this.#options = options;
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
    const retryMs = Math.min(this.#options.retryMs, isLocal(this.#location) ? MOST_LOCAL_RETRY_MS : Infinity);
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
      const appeared = await this.#pause(pauseMs - (this.#clock.now() - startedMs));
      // A socket is there a moment before its server listens.
      if (appeared) backoff.reset();
    }
  }

  /** Waits, but no longer than until something happens to the path of a Unix socket; true when it did. */
  async #pause(pauseMs: number): Promise<boolean> {
    const over = Promise.withResolvers<boolean>();
    this.#cancelRetry = this.#clock.after(Math.max(0, pauseMs), () => over.resolve(false));
    const { address } = this.#location;
    using _watch = "path" in address ? watchForSocket(address.path, () => over.resolve(true)) : undefined;
    const appeared = await over.promise;
    this.#cancelRetry();
    return appeared;
  }

  /** One connection: resolves with the reason of its end. */
  async #attempt(succeeded: () => void): Promise<Error> {
    const session = (this.#session = new Session(this.#location, this.#clock, this.#options));
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

/** True for a server that cannot be on another machine. */
function isLocal({ address }: DatabaseLocation): boolean {
  return "path" in address || /^(127\.|::1$|localhost$)/.test(address.host);
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

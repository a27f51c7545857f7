import { watch } from "node:fs";
import { basename, dirname } from "node:path";

import { Backoff } from "../util/backoff.ts";
import type { Clock } from "../util/clock.ts";
import { type Connector, type ConnectorHandlers, ReplyError } from "./database.ts";
import type { DatabaseLocation } from "./dbconfig.ts";
import { Session, type SessionOptions } from "./session.ts";

/** How a connection is kept. */
export interface ConnectorOptions extends SessionOptions {
  /** The longest pause between two attempts to connect. */
  readonly retryMs: number;
}

const FIRST_RETRY_MS = 20;
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
    this.#options = { ...options, onAnswered: (commands, tookMs) => handlers.onAnswered?.(commands, tookMs) };
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
    const { retryMs } = this.#options;
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

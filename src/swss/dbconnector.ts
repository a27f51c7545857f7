import { watch } from "node:fs";
import { basename, dirname } from "node:path";

import type { Clock } from "../util/clock.ts";
import type { ConnectorHandlers } from "./database.ts";
import type { DatabaseLocation } from "./dbconfig.ts";
import { Reconnector } from "./reconnector.ts";
import { Session, type SessionOptions } from "./session.ts";

/** How a connection is kept. */
export interface ConnectorOptions extends SessionOptions {
  /** The longest pause between two attempts to connect; on this machine it is shorter. */
  readonly retryMs: number;
}

/** The longest pause where an attempt costs next to nothing: a Redis of this machine is used within a second. */
const MOST_LOCAL_RETRY_MS = 500;

/** Keeps a connection to one database of Redis. */
export class DBConnector extends Reconnector {
  constructor(location: DatabaseLocation, clock: Clock, options: ConnectorOptions, handlers: ConnectorHandlers) {
    const { address } = location;
    const told = {
      ...options,
      onAnswered: (commands: number, tookMs: number) => handlers.onAnswered?.(commands, tookMs),
    };
    const parts = {
      clock,
      makeConnection: () => new Session(location, clock, told),
      retryMs: isLocal(location) ? Math.min(options.retryMs, MOST_LOCAL_RETRY_MS) : options.retryMs,
      watch: (appeared: () => void) => ("path" in address ? watchForSocket(address.path, appeared) : undefined),
    };
    super(parts, handlers);
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

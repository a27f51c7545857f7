import { type Connector, type ConnectorHandlers, ReplyError } from "../../src/swss/database.ts";
import type { DatabaseName } from "../../src/swss/schema.ts";
import { Backoff } from "../../src/util/backoff.ts";
import { type ConnectionSite, SimulatedSession } from "./connection.ts";

const FIRST_RETRY_MS = 20;
const NOT_READY_RETRY_MS = 200;

/** Keeps a connection to a simulated server, as DBConnector does to a real one. */
export class SimulatedConnector implements Connector {
  readonly #name: DatabaseName;
  readonly #site: ConnectionSite;
  readonly #handlers: ConnectorHandlers;
  #closed = false;
  #usable = false;
  #over = () => {};
  session: SimulatedSession | undefined;

  constructor(name: DatabaseName, site: ConnectionSite, handlers: ConnectorHandlers) {
    this.#name = name;
    this.#site = site;
    this.#handlers = handlers;
  }

  open(): void {
    void this.#run();
  }

  close(): void {
    this.#closed = true;
    this.#over();
    this.session?.close(new Error("closed"));
  }

  async #run(): Promise<void> {
    const { clock, random, retryMs } = this.#site;
    const backoff = new Backoff(Math.min(FIRST_RETRY_MS, retryMs), retryMs, () => random.next());
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
      const pauseMs = error instanceof ReplyError ? NOT_READY_RETRY_MS : backoff.next();
      await new Promise<void>((resolve) => {
        this.#over = resolve;
        clock.after(pauseMs - (clock.now() - startedMs), resolve);
      });
    }
  }

  async #attempt(succeeded: () => void): Promise<Error> {
    const session = (this.session = new SimulatedSession(this.#name, this.#site));
    try {
      await session.open();
      await this.#handlers.onConnected(session);
    } catch (error) {
      session.close(error as Error);
      return session.reason!;
    }
    this.#usable = true;
    succeeded();
    return session.ended.promise;
  }
}

import type { Server } from "node:net";

import { getLog } from "../log/logger.ts";
import { Backoff } from "../util/backoff.ts";
import type { Clock } from "../util/clock.ts";
import type { Front } from "./front.ts";
import { listening, plainServer } from "./listener.ts";
import { describeListenError } from "./listenerror.ts";
import { isInPlace, placeSocket, removeSocket } from "./socketfile.ts";
import type { ServerFacts } from "./sources.ts";

const RETRY_FIRST_MS = 1000;
const RETRY_MOST_MS = 60_000;
/** How often it is looked whether the socket is still in its place. */
const LOOK_MS = 10_000;

const log = getLog("admin");

/** The HTTP server on the admin socket: what it may be asked to change, nobody can ask for over TCP. */
export class AdminServer {
  readonly #clock: Clock;
  readonly #front: Front;
  readonly #path: string;
  readonly #retry = new Backoff(RETRY_FIRST_MS, RETRY_MOST_MS);
  #server: Server | undefined;
  #inode = 0;
  #failure = "";
  #cancel = () => {};
  #working: Promise<void> = Promise.resolve();
  #isClosed = false;

  /** `path` is "" for none. */
  constructor(clock: Clock, front: Front, path: string) {
    this.#clock = clock;
    this.#front = front;
    this.#path = path;
  }

  /** Begins to listen; resolves when that was tried once. */
  start(): Promise<void> {
    this.#cancel();
    this.#working = this.#working.then(() => (this.#path === "" || this.#isClosed ? undefined : this.#listen()));
    return this.#working;
  }

  /** How the server is. */
  get facts(): ServerFacts {
    return { listening: this.#server ? [this.#path] : [], failure: this.#failure, certificateExpiresWallMs: undefined };
  }

  /** Stops listening, removes the socket and ends all connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#working;
    this.#cancel();
    if (this.#server) removeSocket(this.#path, this.#inode);
    this.#server?.close();
    this.#server = undefined;
    this.#front.close();
  }

  async #listen(): Promise<void> {
    const server = plainServer(this.#front);
    const before = this.#failure;
    try {
      this.#inode = await placeSocket(this.#path, (path) => listening(server, () => server.listen({ path })));
      this.#server = server;
      this.#failure = "";
      this.#retry.reset();
      log.notice("listening on {path}", { path: this.#path });
      this.#cancel = this.#clock.after(LOOK_MS, () => this.#look());
    } catch (error) {
      server.close();
      this.#failure = `${this.#path}: ${describeListenError(error)}`;
      if (this.#failure !== before)
        log.error("cannot listen on {failure}; it will be tried again", { failure: this.#failure });
      this.#cancel = this.#clock.after(this.#retry.next(), () => void this.start());
    }
  }

  /** A socket that somebody removed or replaced is of no use. */
  #look(): void {
    if (isInPlace(this.#path, this.#inode)) {
      this.#cancel = this.#clock.after(LOOK_MS, () => this.#look());
      return;
    }
    log.warn("the socket {path} is gone; it is made again", { path: this.#path });
    this.#server?.close();
    this.#server = undefined;
    void this.start();
  }
}

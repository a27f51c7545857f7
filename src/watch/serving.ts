import type { Config } from "../config/schema.ts";
import { adminSocketPath } from "../http/adminsocketpath.ts";
import type { SourceParts } from "./daemonsources.ts";
import type { ServersCounters } from "./serverreadings.ts";
import type { Servers } from "./servers.ts";

/** How long the servers wait for the end of the start. One that takes longer waits for Redis, and they and the alerts tell that. */
const PATIENCE_MS = 500;

/** What is served with. */
export type Served = Pick<Servers, "start" | "reload" | "close" | "facts" | "counters">;

/** Makes the servers of a daemon that began at `startedMs`, on the clock that never jumps. */
export type ServersFactory = (parts: SourceParts, startedMs: number) => Promise<Served>;

/**
 * The servers, opened when the start does not need the time any more: to read their program takes longer than to connect
 * to Redis. A configuration without any has nothing of it in memory.
 */
export class Serving {
  readonly #parts: SourceParts;
  readonly #startedMs: number;
  readonly #makeServers: ServersFactory;
  #servers: Served | undefined;
  #opening: Promise<void> | undefined;
  #isClosed = false;
  #cancel = () => {};

  /** `startedMs` is when the daemon began, on the clock that never jumps. */
  constructor(parts: SourceParts, startedMs: number, makeServersBy: ServersFactory = makeServers) {
    this.#parts = parts;
    this.#startedMs = startedMs;
    this.#makeServers = makeServersBy;
  }

  /** The start begins: when it takes long `onLong` is called, and the servers open. */
  begin(onLong: () => void): void {
    this.#cancel = this.#parts.clock.after(PATIENCE_MS, () => {
      onLong();
      void this.open();
    });
  }

  /** Opens the servers, unless they are open or were closed; resolves when that was tried once. */
  open(): Promise<void> {
    this.#cancel();
    this.#opening ??= this.#open();
    return this.#opening;
  }

  /** Why the servers are not as configured; "" when they are, or are not open yet. */
  get failure(): string {
    if (!this.#servers) return "";
    const { http, admin } = this.#servers.facts;
    return [http.failure, admin.failure].filter(Boolean).join("; ");
  }

  /** What the servers have counted; undefined before they are open. */
  get counters(): ServersCounters | undefined {
    return this.#servers?.counters;
  }

  /** Reads the files of certificates again. */
  reload(): void {
    void this.#servers?.reload();
  }

  /** Ends all connections and listens no more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    await this.#opening;
    await this.#servers?.close();
  }

  async #open(): Promise<void> {
    if (this.#isClosed || !wantsServers(this.#parts.config)) return;
    this.#servers = await this.#makeServers(this.#parts, this.#startedMs);
    if (!this.#isClosed) await this.#servers.start();
  }
}

function wantsServers(config: Config): boolean {
  return config.http.listen.length > 0 || adminSocketPath(config) !== "";
}

async function makeServers(parts: SourceParts, startedMs: number): Promise<Served> {
  const { Servers } = await import("./servers.ts");
  return new Servers(parts, startedMs);
}

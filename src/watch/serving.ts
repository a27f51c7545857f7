import { adminSocketPath } from "../http/adminsocketpath.ts";
import type { SourceParts } from "./daemonsources.ts";
import type { Servers } from "./servers.ts";

/** How long the servers wait for the end of the start. One that takes longer waits for Redis, and they tell that. */
const PATIENCE_MS = 500;

/**
 * The servers, opened when the start does not need the time any more: to read their program takes longer than to connect
 * to Redis. A configuration without any has nothing of it in memory.
 */
export class Serving {
  readonly #parts: SourceParts;
  readonly #startedMs: number;
  #servers: Servers | undefined;
  #opening: Promise<void> | undefined;
  #isClosed = false;
  #cancel = () => {};

  /** `startedMs` is when the daemon began, on the clock that never jumps. */
  constructor(parts: SourceParts, startedMs: number) {
    this.#parts = parts;
    this.#startedMs = startedMs;
  }

  /** The start begins: the servers open when it takes long. */
  begin(): void {
    this.#cancel = this.#parts.clock.after(PATIENCE_MS, () => void this.open());
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
    const { config } = this.#parts;
    if (this.#isClosed || (config.http.listen.length === 0 && adminSocketPath(config) === "")) return;
    const { Servers } = await import("./servers.ts");
    if (this.#isClosed) return;
    this.#servers = new Servers(this.#parts, this.#startedMs);
    await this.#servers.start();
  }
}

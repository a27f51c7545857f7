import type { Config } from "../config/schema.ts";
import { parseSocketAddress } from "../config/socketaddress.ts";
import { AdminServer } from "../http/adminserver.ts";
import { adminSocketPath } from "../http/adminsocketpath.ts";
import type { CredentialFiles } from "../http/credentials.ts";
import { Front } from "../http/front.ts";
import { ADMIN_LIMITS, SERVER_LIMITS } from "../http/limits.ts";
import { Router } from "../http/router.ts";
import { adminRoutes, serverRoutes } from "../http/routes.ts";
import { HttpServer } from "../http/server.ts";
import { Turnstile } from "../http/turnstile.ts";
import { DaemonSources, type ServersFacts, type SourceParts } from "./daemonsources.ts";
import type { ServerCounters, ServersCounters } from "./serverreadings.ts";

/** The HTTP server and the admin socket of the daemon. All that they answer goes through one turnstile. */
export class Servers {
  readonly #fronts: { readonly http: Front; readonly admin: Front };
  readonly #http: HttpServer;
  readonly #admin: AdminServer;

  /** `startedMs` is when the daemon began, on the clock that never jumps. */
  constructor(parts: SourceParts, startedMs: number) {
    const { clock, config, watch } = parts;
    const sources = new DaemonSources(parts, () => this.facts, startedMs);
    const turnstile = new Turnstile(clock);
    const router = new Router(clock, serverRoutes(sources, clock), turnstile);
    const adminRouter = new Router(clock, adminRoutes(sources, watch.silences, clock), turnstile);
    const addresses = config.http.listen.map((text) => parseSocketAddress(text)!);
    const front = new Front(clock, SERVER_LIMITS, router, turnstile);
    this.#http = new HttpServer(clock, front, { addresses, files: credentialFiles(config) });
    const adminFront = new Front(clock, ADMIN_LIMITS, adminRouter, turnstile);
    this.#fronts = { http: front, admin: adminFront };
    this.#admin = new AdminServer(clock, adminFront, adminSocketPath(config));
  }

  /** How the servers are. */
  get facts(): ServersFacts {
    return { http: this.#http.facts, admin: this.#admin.facts };
  }

  /** What the servers have counted. */
  get counters(): ServersCounters {
    return { http: countersOf(this.#fronts.http), admin: countersOf(this.#fronts.admin) };
  }

  /** Begins to listen; resolves when that was tried once. */
  async start(): Promise<void> {
    await Promise.all([this.#http.start(), this.#admin.start()]);
  }

  /** Reads the files of certificates again. */
  async reload(): Promise<void> {
    await this.#http.reload();
  }

  /** Stops listening and ends all connections. */
  async close(): Promise<void> {
    await Promise.all([this.#http.close(), this.#admin.close()]);
  }
}

function countersOf({ counters, connections }: Front): ServerCounters {
  return { requests: counters, connections: connections.counters, open: connections.size };
}

function credentialFiles({ http }: Config): CredentialFiles | undefined {
  const { certificate, key, client_ca: clientCa } = http;
  return certificate === "" ? undefined : { certificate, key, clientCa };
}

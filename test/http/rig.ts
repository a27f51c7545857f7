import type { SocketAddress } from "../../src/config/socketaddress.ts";
import type { CredentialFiles } from "../../src/http/credentials.ts";
import { Front } from "../../src/http/front.ts";
import { type HttpLimits, SERVER_LIMITS } from "../../src/http/limits.ts";
import { Router } from "../../src/http/router.ts";
import { serverRoutes } from "../../src/http/routes.ts";
import { HttpServer } from "../../src/http/server.ts";
import { Turnstile } from "../../src/http/turnstile.ts";
import { type Clock, systemClock } from "../../src/util/clock.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { RawClient } from "./rawclient.ts";
import { NOW_MS, SampleDaemon } from "./sample.ts";

/** An address of this machine with a port that is free. */
export const ANY_PORT: SocketAddress = { host: "127.0.0.1", port: 0, isLoopback: true };

/** A clock whose hours are turned by hand and whose turns are those of the event loop. */
export function handTurned(clock: FakeClock): Clock {
  return {
    now: () => clock.now(),
    wallNow: () => clock.wallNow(),
    after: (delayMs, task) => clock.after(delayMs, task),
    soon: (task) => systemClock.soon(task),
  };
}

/** What a rig is made from. */
export interface RigOptions {
  readonly limits?: Partial<HttpLimits>;
  readonly files?: CredentialFiles;
  readonly addresses?: readonly SocketAddress[];
  readonly clock?: FakeClock;
}

/** A server that tells of a sample daemon; time goes on when the test says so. */
export class HttpRig implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly daemon = new SampleDaemon();
  readonly front: Front;
  readonly server: HttpServer;
  readonly scheme: "http" | "https";

  constructor({ limits, files, addresses = [ANY_PORT], clock = new FakeClock(NOW_MS) }: RigOptions = {}) {
    this.clock = clock;
    this.scheme = files ? "https" : "http";
    const turned = handTurned(clock);
    const turnstile = new Turnstile(turned);
    const router = new Router(turned, serverRoutes(this.daemon, turned), turnstile);
    this.front = new Front(turned, { ...SERVER_LIMITS, ...limits }, router, turnstile);
    this.server = new HttpServer(turned, this.front, { addresses, files });
  }

  /** Starts one. */
  static async start(options: RigOptions = {}): Promise<HttpRig> {
    const rig = new HttpRig(options);
    await rig.server.start();
    return rig;
  }

  /** The port of the first address. */
  get port(): number {
    return Number(/:(\d+)$/.exec(this.server.facts.listening[0]!)![1]);
  }

  /** Asks for something. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.scheme}://127.0.0.1:${this.port}${path}`, init);
  }

  /** Asks for JSON, and expects it. */
  async json(path: string): Promise<unknown> {
    return (await this.fetch(path)).json();
  }

  /** A connection that can do anything. */
  connect(): Promise<RawClient> {
    return RawClient.open(this.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }
}

/** A request as it goes over the wire. */
export function request(path: string, headers = "", method = "GET"): string {
  return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`;
}

import { AdminServer } from "../../src/http/adminserver.ts";
import { Front } from "../../src/http/front.ts";
import { ADMIN_LIMITS } from "../../src/http/limits.ts";
import { Router } from "../../src/http/router.ts";
import { adminRoutes } from "../../src/http/routes.ts";
import { Turnstile } from "../../src/http/turnstile.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { handTurned } from "./rig.ts";
import { NOW_MS, SampleDaemon } from "./sample.ts";

/** An admin socket of a sample daemon; time goes on when the test says so. */
export class AdminRig implements AsyncDisposable {
  readonly clock = new FakeClock(NOW_MS);
  readonly daemon = new SampleDaemon();
  readonly front: Front;
  readonly server: AdminServer;

  constructor(readonly path: string) {
    const turned = handTurned(this.clock);
    const turnstile = new Turnstile(turned);
    const router = new Router(turned, adminRoutes(this.daemon, this.daemon, turned), turnstile);
    this.front = new Front(turned, ADMIN_LIMITS, router, turnstile);
    this.server = new AdminServer(turned, this.front, path);
  }

  /** Starts one. */
  static async start(path: string): Promise<AdminRig> {
    const rig = new AdminRig(path);
    await rig.server.start();
    return rig;
  }

  /** Asks for something. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`http://localhost${path}`, { ...init, unix: this.path });
  }

  /** Asks for JSON, and expects it. */
  async json(path: string): Promise<unknown> {
    return (await this.fetch(path)).json();
  }

  /** Sends JSON. */
  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return this.fetch(path, {
      method: "POST",
      body: text,
      headers: { "Content-Type": "application/json", ...headers },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }
}

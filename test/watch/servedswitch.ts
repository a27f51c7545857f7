import { join } from "node:path";

import { DEFAULT_CONFIG } from "../../src/config/schema.ts";
import { type Ended, runPortsyncd } from "../cli/portsyncd.ts";
import { Daemon, type DaemonConfig, type DaemonOptions } from "../support/daemon.ts";
import { waitUntil } from "../support/deadline.ts";
import { canUseNamespaces } from "../support/namespace.ts";
import { canUseRedis } from "../support/redis.ts";
import { all } from "../support/requirement.ts";
import { Switch } from "../support/switch.ts";
import { type Answer, NamespaceClient } from "./namespaceclient.ts";

/** What every test with a served switch needs. */
export const canServe = all(canUseNamespaces(), canUseRedis());

/** A switch whose daemon has its servers where the default configuration has them, and somebody who asks. */
export class ServedSwitch implements AsyncDisposable {
  /** The path of the admin socket. */
  readonly adminSocket: string;

  private constructor(
    readonly box: Switch,
    readonly client: NamespaceClient,
  ) {
    this.adminSocket = join(box.directory, "admin.sock");
  }

  /** Opens one without a daemon. */
  static async open(): Promise<ServedSwitch> {
    const box = await Switch.open();
    return new ServedSwitch(box, new NamespaceClient(box.namespace));
  }

  /** The options of a daemon with servers. */
  options(config: DaemonConfig = {}): Partial<DaemonOptions> {
    const { listen } = DEFAULT_CONFIG.http;
    const http = { listen, admin_socket: this.adminSocket, ...(config["http"] as DaemonConfig | undefined) };
    // The machine may be busy: what takes long is another test's matter.
    const performance = { max_latency_us: 60_000_000 };
    return { args: ["--log-level", "info"], config: { performance, ...config, http } };
  }

  /** Starts a daemon on a plain Linux machine with these ports, all up, and waits until it is ready. */
  async standalone(ports: readonly string[], config: DaemonConfig = {}): Promise<Daemon> {
    await this.box.links.add(ports, { up: true, carrier: true });
    const daemon = await this.box.start(this.options({ mode: "standalone", ...config }));
    await daemon.waitForLog(/admin: listening on/);
    await this.box.expectStateEqualsKernel(ports);
    return daemon;
  }

  /** What the daemon answers on its admin socket. */
  async admin(path: string): Promise<Answer> {
    const response = await fetch(`http://localhost${path}`, { unix: this.adminSocket });
    return { status: response.status, type: response.headers.get("content-type")!, body: await response.text() };
  }

  /** Waits until the daemon says this of its health, on the admin socket. */
  async untilHealth(pattern: RegExp): Promise<Answer> {
    let last: Answer | undefined;
    const probe = async () => pattern.test((last = await this.admin("/-/healthy")).body) && last;
    return waitUntil(`health like ${pattern}`, probe, { seconds: 30, everyMs: 50, seen: () => last });
  }

  /** Runs a command of the program with the configuration of the daemon. */
  command(...args: readonly string[]): Promise<Ended> {
    return runPortsyncd(...args, "--config", join(this.box.directory, "portsyncd.conf"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.box[Symbol.asyncDispose]();
  }
}

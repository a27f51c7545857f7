import { readFileSync } from "node:fs";

import type { Subprocess } from "bun";

import { type Child, DIES_WITH_US, eachLine, spawnChild } from "./child.ts";
import { waitUntil, within } from "./deadline.ts";
import { needsCommands, type Requirement } from "./requirement.ts";

/** Whether a private redis-server can be started here. */
export function canUseRedis(): Requirement {
  return needsCommands("redis-server");
}

/** A private redis-server on a Unix socket, set up as on a SONiC switch; it dies with its owner. */
export class RedisServer implements AsyncDisposable {
  #process: Child | undefined;

  private constructor(
    readonly directory: string,
    readonly socketPath: string,
    readonly options: readonly string[],
  ) {}

  /** Starts one whose socket is `directory/name.sock`, with more options, and returns when it accepts connections. */
  static async start(directory: string, name = "redis", ...options: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(directory, `${directory}/${name}.sock`, options);
    await server.start();
    return server;
  }

  /** Its process; throws when it was killed. */
  get process(): Subprocess {
    if (!this.#process) throw new Error(`${this.socketPath} is not running`);
    return this.#process;
  }

  /** Starts it, empty, on the same socket as before. */
  async start(): Promise<void> {
    if (this.#process) throw new Error(`${this.socketPath} is running already`);
    const options = {
      port: "0",
      unixsocket: this.socketPath,
      unixsocketperm: "777",
      save: "",
      appendonly: "no",
      databases: "100",
      "notify-keyspace-events": "AKE",
      "client-output-buffer-limit": "pubsub 0 0 0",
      dir: this.directory,
    };
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const process = spawnChild([...DIES_WITH_US, "redis-server", ...words, ...this.options]);
    this.#process = process;
    const ready = Promise.withResolvers<void>();
    const said: string[] = [];
    void eachLine(process.stdout, (line) => {
      said.push(line);
      if (/ready to accept connections/i.test(line)) ready.resolve();
    }).then(() => ready.reject(new Error(`redis-server ended: ${said.slice(-5).join(" | ")}`)));
    ready.promise.catch(() => {});
    await within(`redis-server on ${this.socketPath}`, ready.promise, 10);
  }

  /** Ends it at once, with all it holds. */
  async kill(): Promise<void> {
    this.process.kill("SIGKILL");
    await within("end of redis-server", this.process.exited, 5);
    this.#process = undefined;
  }

  /** Kills it and starts it again, empty. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** Stops it with SIGSTOP, so that connections stay and nothing is answered; returns when it has stopped. */
  async freeze(): Promise<void> {
    this.process.kill("SIGSTOP");
    const stat = `/proc/${this.process.pid}/stat`;
    await waitUntil("stop of redis-server", () => /\) T/.test(readFileSync(stat, "latin1")), { everyMs: 1 });
  }

  /** Lets it go on after freeze(). */
  thaw(): void {
    this.process.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process) await this.kill();
  }
}

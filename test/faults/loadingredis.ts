import { type Child, DIES_WITH_US, eachLine, spawnChild } from "../support/child.ts";
import { within } from "../support/deadline.ts";
import type { RedisServer } from "../support/redis.ts";

/** How long loading a key takes, and thereby all of some 100. */
const KEY_MICROSECONDS = 20_000;

/** A redis-server that loads the data of one that was killed, slowly, and answers LOADING meanwhile. */
export class LoadingRedis implements AsyncDisposable {
  readonly #process: Child;
  /** Resolves when it has loaded all and serves. */
  readonly loaded: Promise<void>;

  private constructor(process: Child, loaded: Promise<void>) {
    this.#process = process;
    this.loaded = loaded;
  }

  /** Starts it in the place of `server`, which must have saved its data; returns when it takes connections. */
  static async start(server: RedisServer): Promise<LoadingRedis> {
    const options = {
      port: "0",
      unixsocket: server.socketPath,
      unixsocketperm: "777",
      save: "",
      databases: "100",
      "notify-keyspace-events": "AKE",
      "key-load-delay": `${KEY_MICROSECONDS}`,
      "loading-process-events-interval-bytes": "1024",
      dir: server.directory,
    };
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const process = spawnChild([...DIES_WITH_US, "redis-server", ...words]);
    const loaded = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const see = (line: string) => {
      if (/Loading RDB/i.test(line)) started.resolve();
      if (/ready to accept connections/i.test(line)) loaded.resolve();
    };
    void eachLine(process.stdout, see).then(() => loaded.reject(new Error("redis-server ended while it loaded")));
    loaded.promise.catch(() => {});
    await within("start of redis-server", started.promise, 10);
    return new LoadingRedis(process, loaded.promise);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await within("end of redis-server", this.#process.exited, 5);
  }
}

import { type WaitOptions, within } from "./deadline.ts";
import { RedisConnection } from "./redisconnection.ts";
import type { Reply } from "./resp.ts";

/** Something Redis reported: a keyspace event, or a PUBLISH on a channel. */
export interface RedisEvent {
  /** The database of a keyspace event; null for a PUBLISH. */
  readonly db: number | null;
  /** The key, or the channel of a PUBLISH. */
  readonly key: string;
  /** The command such as `hset` or `del`, or the payload of a PUBLISH. */
  readonly event: string;
  /** When its bytes arrived here, on performance.now(). */
  readonly atMs: number;
}

/** What a recorder follows. */
export interface Subscriptions {
  /** Patterns of keys by database: `{ 6: "PORT_TABLE|*" }`. */
  readonly keys?: Readonly<Record<number, string>>;
  readonly channels?: readonly string[];
}

const KEYSPACE = /^__keyspace@(\d+)__:([\s\S]*)$/;

/** Records what Redis reports, in its order. */
export class KeyspaceRecorder implements Disposable {
  readonly events: RedisEvent[] = [];
  readonly #listeners = new Set<(event: RedisEvent) => void>();
  readonly #pongs: PromiseWithResolvers<void>[] = [];
  readonly #subscribed = Promise.withResolvers<void>();
  #awaited = 0;
  #connection: RedisConnection | undefined;

  /** Subscribes; what happens after this returns is recorded. */
  static async open(socketPath: string, follow: Subscriptions): Promise<KeyspaceRecorder> {
    const recorder = new KeyspaceRecorder();
    const patterns = Object.entries(follow.keys ?? {}).map(([db, pattern]) => `__keyspace@${db}__:${pattern}`);
    const channels = follow.channels ?? [];
    recorder.#awaited = patterns.length + channels.length;
    const connection = await RedisConnection.open(
      socketPath,
      (reply, atMs) => recorder.#see(reply, atMs),
      (error) => recorder.#fail(error),
    );
    recorder.#connection = connection;
    if (patterns.length > 0) connection.send(["PSUBSCRIBE", ...patterns]);
    if (channels.length > 0) connection.send(["SUBSCRIBE", ...channels]);
    await within("subscription", recorder.#subscribed.promise, 10);
    return recorder;
  }

  /** Calls `listener` at each event from now on; the returned function ends that. */
  on(listener: (event: RedisEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The events of one key, such as `["hset", "del"]`. */
  of(key: string, db?: number): string[] {
    return this.events
      .filter((seen) => seen.key === key && (db === undefined || seen.db === db))
      .map(({ event }) => event);
  }

  /** Returns when all that happened in Redis before the call is recorded. */
  async sync(): Promise<void> {
    const pong = Promise.withResolvers<void>();
    this.#connection!.send(["PING"]);
    this.#pongs.push(pong);
    await within("PONG of the subscription", pong.promise, 10);
  }

  /** Waits, without polling, for an event that matches: the first recorded one from `from` on, or one to come. */
  async waitFor(
    what: string,
    matches: (event: RedisEvent) => boolean,
    options: Pick<WaitOptions, "seconds"> & { readonly from?: number } = {},
  ): Promise<RedisEvent> {
    const recorded = this.events.slice(options.from ?? 0).find(matches);
    if (recorded) return recorded;
    const found = Promise.withResolvers<RedisEvent>();
    const stop = this.on((event) => matches(event) && found.resolve(event));
    try {
      return await within(what, found.promise, options.seconds ?? 10);
    } catch (error) {
      const last = this.events.slice(-5).map(({ db, key, event }) => `${event} ${db ?? ""} ${key}`);
      throw new Error(`${(error as Error).message}; the last events: ${last.join(", ") || "none"}`, { cause: error });
    } finally {
      stop();
    }
  }

  /** Forgets what was recorded. */
  clear(): void {
    this.events.length = 0;
  }

  #see(reply: Reply, atMs: number): void {
    if (!Array.isArray(reply)) throw new Error(`unexpected in a subscription: ${Bun.inspect(reply)}`);
    const words = reply as readonly string[];
    if (words[0] === "pong") this.#pongs.shift()?.resolve();
    else if (words[0] === "pmessage") this.#record(words[2]!, words[3]!, atMs);
    else if (words[0] === "message") this.#record(words[1]!, words[2]!, atMs);
    else if (--this.#awaited === 0) this.#subscribed.resolve();
  }

  #record(channel: string, event: string, atMs: number): void {
    const [, db, key] = KEYSPACE.exec(channel) ?? [];
    const seen = { db: db === undefined ? null : Number(db), key: key ?? channel, event, atMs };
    this.events.push(seen);
    for (const listener of this.#listeners) listener(seen);
  }

  #fail(error: Error): void {
    this.#subscribed.reject(error);
    for (const pong of this.#pongs.splice(0)) pong.reject(error);
  }

  [Symbol.dispose](): void {
    this.#connection?.[Symbol.dispose]();
  }
}

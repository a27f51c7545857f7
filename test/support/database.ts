import { RedisCommands } from "./redisconnection.ts";
import type { Reply } from "./resp.ts";

/** The fields of a hash; bytes as latin-1. */
export type Fields = Readonly<Record<string, string>>;

/** One database of a Redis server, in the words tests need. Keys and values are latin-1 strings, a character a byte. */
export class Database implements Disposable {
  private constructor(
    readonly id: number,
    readonly commands: RedisCommands,
  ) {}

  /** Connects to a server's Unix socket. */
  static async open(socketPath: string, id: number): Promise<Database> {
    return new Database(id, await RedisCommands.open(socketPath, id));
  }

  /** Any command. */
  call(...words: readonly string[]): Promise<Reply> {
    return this.commands.call(...words);
  }

  /** All fields; empty when there is no such key. */
  async hgetall(key: string): Promise<Record<string, string>> {
    return Object.fromEntries(await this.entries(key));
  }

  /** All fields in the order of Redis. */
  async entries(key: string): Promise<[string, string][]> {
    const flat = (await this.call("HGETALL", key)) as readonly string[];
    return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!]);
  }

  async hget(key: string, field: string): Promise<string | null> {
    return (await this.call("HGET", key, field)) as string | null;
  }

  /** Sets fields with one HSET. */
  async hset(key: string, fields: Fields): Promise<void> {
    await this.call("HSET", key, ...Object.entries(fields).flat());
  }

  async hdel(key: string, ...fields: readonly string[]): Promise<number> {
    return (await this.call("HDEL", key, ...fields)) as number;
  }

  async del(...keys: readonly string[]): Promise<number> {
    return (await this.call("DEL", ...keys)) as number;
  }

  async exists(key: string): Promise<boolean> {
    return (await this.call("EXISTS", key)) === 1;
  }

  /** The keys that match, sorted. */
  async keys(pattern: string): Promise<string[]> {
    return [...((await this.call("KEYS", pattern)) as readonly string[])].sort();
  }

  async smembers(key: string): Promise<string[]> {
    return [...((await this.call("SMEMBERS", key)) as readonly string[])].sort();
  }

  async eval(script: string, keys: readonly string[] = [], args: readonly string[] = []): Promise<Reply> {
    return this.call("EVAL", script, `${keys.length}`, ...keys, ...args);
  }

  async publish(channel: string, payload: string): Promise<number> {
    return (await this.call("PUBLISH", channel, payload)) as number;
  }

  async flush(): Promise<void> {
    await this.call("FLUSHDB");
  }

  /** Every hash that matches, by key. */
  async hashes(pattern: string): Promise<Map<string, Record<string, string>>> {
    const keys = await this.keys(pattern);
    const rows = await Promise.all(keys.map((key) => this.hgetall(key)));
    return new Map(keys.map((key, i) => [key, rows[i]!]));
  }

  [Symbol.dispose](): void {
    this.commands[Symbol.dispose]();
  }
}

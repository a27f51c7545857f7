import {
  type Connector,
  type ConnectorHandlers,
  type Database,
  type MessageListener,
  type Reply,
  ReplyError,
} from "./database.ts";
import type { DatabaseName } from "./schema.ts";

const WRONG_ARITY = "ERR wrong number of arguments";

/** A database in this process' memory, for `--store memory`: hashes, and the notifications of their changes. */
export class MemoryDatabase implements Database {
  readonly writer = "native";
  readonly #hashes = new Map<string, Map<string, string>>();
  readonly #listeners: { prefix: string; listener: MessageListener }[] = [];

  constructor(
    readonly name: DatabaseName,
    readonly id: number,
    readonly separator: string,
  ) {}

  /** The connector of a database that is always there. */
  connector(handlers: ConnectorHandlers): Connector {
    return {
      open: () => void handlers.onConnected(this),
      close: () => {},
    };
  }

  async call(...command: string[]): Promise<Reply> {
    const reply = this.#run(command);
    if (reply instanceof ReplyError) throw reply;
    return reply;
  }

  async batch(commands: readonly (readonly string[])[]): Promise<(Reply | ReplyError)[]> {
    return commands.map((command) => this.#run(command));
  }

  write(commands: readonly (readonly string[])[]): Promise<(Reply | ReplyError)[]> {
    return this.batch(commands);
  }

  async psubscribe(pattern: string, listener: MessageListener): Promise<void> {
    this.#listeners.push({ prefix: pattern.replace(/\*$/, ""), listener });
  }

  #run([verb, key = "", ...rest]: readonly string[]): Reply | ReplyError {
    const hash = this.#hashes.get(key);
    switch (verb) {
      case "HSET":
        return this.#hset(key, rest);
      case "DEL":
        return this.#del(key);
      case "HGET":
        return hash?.get(rest[0]!) ?? null;
      case "HMGET":
        return rest.map((field) => hash?.get(field) ?? null);
      case "HGETALL":
        return [...(hash ?? [])].flat();
      case "HEXISTS":
        return hash?.has(rest[0]!) ? 1 : 0;
      case "HLEN":
        return hash?.size ?? 0;
      case "KEYS":
        return this.#matching(key);
      case "SCAN":
        return ["0", this.#matching(rest[1] ?? "*")];
      case "CONFIG":
        return ["notify-keyspace-events", "AK"];
      case "EVALSHA":
        return this.#produce(rest);
      default:
        return new ReplyError(`ERR unknown command '${verb}'`);
    }
  }

  #matching(pattern: string): string[] {
    return [...this.#hashes.keys()].filter((key) => key.startsWith(pattern.replace(/\*$/, "")));
  }

  #hset(key: string, values: readonly string[]): Reply | ReplyError {
    if (values.length === 0 || values.length % 2 === 1) return new ReplyError(WRONG_ARITY);
    const hash = this.#hashes.get(key) ?? new Map<string, string>();
    const before = hash.size;
    for (let i = 0; i < values.length; i += 2) hash.set(values[i]!, values[i + 1]!);
    this.#hashes.set(key, hash);
    this.#notify(key, "hset");
    return hash.size - before;
  }

  #del(key: string): Reply {
    const existed = this.#hashes.delete(key);
    if (existed) this.#notify(key, "del");
    return existed ? 1 : 0;
  }

  /** ProducerStateTable's script, with the consumer at the other end: nobody else is here to pop the row. */
  #produce([, , , pending = "", , key, ...values]: readonly string[]): Reply | ReplyError {
    return key === undefined ? new ReplyError(WRONG_ARITY) : this.#hset(pending.replace(/^_/, ""), values);
  }

  #notify(key: string, event: string): void {
    const channel = `__keyspace@${this.id}__:${key}`;
    for (const { prefix, listener } of this.#listeners) if (channel.startsWith(prefix)) listener(channel, event);
  }
}

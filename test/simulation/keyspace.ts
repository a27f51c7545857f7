import { type Reply, ReplyError } from "../../src/swss/database.ts";

/** What a key holds: a hash, a set or a string. */
export type Value = Map<string, string> | Set<string> | string;

/** Hears of every change of a key, as keyspace notifications name it. */
export type KeyListener = (key: string, event: string) => void;

const WRONG_TYPE = new ReplyError("WRONGTYPE Operation against a key holding the wrong kind of value");

/** Commands that change something. */
export const WRITES: ReadonlySet<string> = new Set(["HSET", "HDEL", "DEL", "SET", "EVAL", "EVALSHA", "FLUSHALL"]);

/** One database of Redis: keys, and the commands that the daemon and its neighbours use. */
export class Keyspace {
  readonly #keys = new Map<string, Value>();
  readonly #onChange: KeyListener;

  constructor(onChange: KeyListener) {
    this.#onChange = onChange;
  }

  /** What a key holds. */
  get(key: string): Value | undefined {
    return this.#keys.get(key);
  }

  /** The fields of a hash; empty where there is none. */
  hash(key: string): ReadonlyMap<string, string> {
    const value = this.#keys.get(key);
    return value instanceof Map ? value : new Map();
  }

  /** Names of all keys. */
  keys(): string[] {
    return [...this.#keys.keys()];
  }

  /** All keys with copies of their values. */
  snapshot(): Map<string, Value> {
    return new Map([...this.#keys].map(([key, value]) => [key, copy(value)]));
  }

  /** Puts a snapshot in the place of everything; nobody is told, as after a restart or FLUSHALL. */
  restore(snapshot: ReadonlyMap<string, Value>): void {
    this.#keys.clear();
    for (const [key, value] of snapshot) this.#keys.set(key, copy(value));
  }

  /** Runs one command that is about one key or a pattern of keys. */
  run([verb, key = "", ...rest]: readonly string[]): Reply | ReplyError {
    if (verb === "DEL") return this.#del(key);
    if (verb === "SET") return this.#set(key, rest[0] ?? "");
    if (verb === "KEYS") return this.#matching(key);
    if (verb === "SCAN") return ["0", this.#matching(rest[1] ?? "*")];
    const value = this.#keys.get(key);
    if (value !== undefined && !(value instanceof Map)) return WRONG_TYPE;
    switch (verb) {
      case "HSET":
        return this.#hset(key, rest);
      case "HDEL":
        return this.#hdel(key, rest);
      case "HGET":
        return value?.get(rest[0]!) ?? null;
      case "HMGET":
        return rest.map((field) => value?.get(field) ?? null);
      case "HGETALL":
        return [...(value ?? [])].flat();
      case "HEXISTS":
        return value?.has(rest[0]!) ? 1 : 0;
      case "HLEN":
        return value?.size ?? 0;
      default:
        return new ReplyError(`ERR unknown command '${verb}'`);
    }
  }

  /** SADD. */
  addMember(key: string, member: string): number {
    const set = this.#keys.get(key) ?? new Set<string>();
    if (!(set instanceof Set)) throw new TypeError(`${key} is no set`);
    this.#keys.set(key, set);
    if (set.has(member)) return 0;
    set.add(member);
    return 1;
  }

  /** SREM. */
  removeMember(key: string, member: string): void {
    const set = this.#keys.get(key);
    if (set instanceof Set && set.delete(member) && set.size === 0) this.#keys.delete(key);
  }

  #matching(pattern: string): string[] {
    const prefix = pattern.replace(/\*$/, "");
    return [...this.#keys.keys()].filter((key) => key.startsWith(prefix));
  }

  #set(key: string, text: string): string {
    this.#keys.set(key, text);
    this.#onChange(key, "set");
    return "OK";
  }

  #del(key: string): number {
    const existed = this.#keys.delete(key);
    if (existed) this.#onChange(key, "del");
    return existed ? 1 : 0;
  }

  #hset(key: string, values: readonly string[]): Reply | ReplyError {
    if (values.length === 0 || values.length % 2 === 1) return new ReplyError("ERR wrong number of arguments");
    const hash = (this.#keys.get(key) ?? new Map<string, string>()) as Map<string, string>;
    const before = hash.size;
    for (let i = 0; i < values.length; i += 2) hash.set(values[i]!, values[i + 1]!);
    this.#keys.set(key, hash);
    this.#onChange(key, "hset");
    return hash.size - before;
  }

  #hdel(key: string, fields: readonly string[]): number {
    const hash = this.#keys.get(key) as Map<string, string> | undefined;
    const removed = fields.filter((field) => hash?.delete(field)).length;
    if (removed > 0) this.#onChange(key, "hdel");
    if (hash?.size === 0) this.#del(key);
    return removed;
  }
}

function copy(value: Value): Value {
  if (value instanceof Map) return new Map(value);
  return value instanceof Set ? new Set(value) : value;
}

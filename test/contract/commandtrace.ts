import type { Database } from "../support/database.ts";
import { within } from "../support/deadline.ts";
import { RedisConnection } from "../support/redisconnection.ts";

/** `1700000000.123456 [6 unix:/run/redis.sock] "HSET" "key" ...`; a command of a script has `lua` in place of the client. */
const LINE = /^[\d.]+ \[(\d+) ([^\]]*)\] (.*)$/s;
const WORD = /"((?:[^"\\]|\\.)*)"/gs;

/** A command that a Redis server carried out. */
export interface TracedCommand {
  readonly db: number;
  /** True for what a script called. */
  readonly fromScript: boolean;
  readonly words: readonly string[];
}

/** Hears every command that a Redis server carries out, by MONITOR. */
export class CommandTrace implements Disposable {
  readonly commands: TracedCommand[] = [];
  readonly #waiting = new Set<() => void>();
  #connection: RedisConnection | undefined;

  /** Returns when it hears. */
  static async open(socketPath: string): Promise<CommandTrace> {
    const trace = new CommandTrace();
    const ready = Promise.withResolvers<void>();
    trace.#connection = await RedisConnection.open(
      socketPath,
      (reply) => (reply === "OK" ? ready.resolve() : trace.#see(String(reply))),
      ready.reject,
    );
    trace.#connection.send(["MONITOR"]);
    await within("MONITOR", ready.promise, 5);
    return trace;
  }

  /** Commands with this verb, scripts' own left out, as words after the verb. */
  of(verb: string, key?: string): (readonly string[])[] {
    return this.commands
      .filter(({ words, fromScript }) => !fromScript && words[0] === verb && (key === undefined || words[1] === key))
      .map(({ words }) => words.slice(1));
  }

  /** Returns when a command that matches was heard. */
  async waitFor(what: string, matches: (command: TracedCommand) => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => void (this.commands.some(matches) && resolve());
    this.#waiting.add(look);
    look();
    await within(what, promise, 10).finally(() => this.#waiting.delete(look));
  }

  /** Returns when everything that the server carried out before the call was heard. */
  async sync(database: Database): Promise<void> {
    const mark = `mark ${this.commands.length}`;
    await database.call("ECHO", mark);
    await this.waitFor(mark, ({ words }) => words[1] === mark);
  }

  #see(line: string): void {
    const [, db, client, rest] = LINE.exec(line) ?? [];
    if (db === undefined) return;
    const words = [...rest!.matchAll(WORD)].map(([, word]) => unescapeWord(word!));
    this.commands.push({ db: Number(db), fromScript: client === "lua", words });
    for (const look of this.#waiting) look();
  }

  [Symbol.dispose](): void {
    this.#connection?.[Symbol.dispose]();
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", a: "\x07", b: "\b" };

function unescapeWord(word: string): string {
  return word.replace(/\\(?:x([0-9a-f]{2})|(.))/gs, (_, hex: string | undefined, letter: string) =>
    hex === undefined ? (ESCAPES[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

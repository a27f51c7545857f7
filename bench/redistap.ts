import { close, connect, recv, send, socket } from "../ffi/libc.ts";
import { AF_UNIX, MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_STREAM } from "../ffi/sys/socket.ts";
import { encodeSockaddrUn } from "../ffi/sys/un.ts";
import { encodeCommand, type Reply, ReplyReader } from "../test/support/resp.ts";
import { monotonicMs, waitReadable } from "./libc.ts";

const PATIENCE_MS = 2000;

/**
 * A connection to Redis that blocks the thread until an answer comes: what arrives is stamped with nothing but the kernel's
 * wake-up between, no event loop.
 */
export class RedisTap implements Disposable {
  readonly #fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  readonly #reader = new ReplyReader();
  readonly #bytes = new Uint8Array(65_536);
  #replies: Reply[] = [];
  #arrivedMs = 0;

  constructor(socketPath: string) {
    connect(this.#fd, encodeSockaddrUn(socketPath));
  }

  /** When the bytes of the last reply arrived, on monotonicMs(). */
  get arrivedMs(): number {
    return this.#arrivedMs;
  }

  /** Sends a command and does not wait for its reply. */
  send(...words: readonly string[]): void {
    send(this.#fd, encodeCommand(words), 0);
  }

  /** The next reply or message. Throws when none comes within 2 s. */
  next(): Reply {
    while (this.#replies.length === 0) {
      if (!waitReadable(this.#fd, PATIENCE_MS)) throw new Error(`nothing from Redis within ${PATIENCE_MS} ms`);
      this.#read();
    }
    return this.#replies.shift()!;
  }

  /** Drops what has arrived. */
  drain(): void {
    while (waitReadable(this.#fd, 0)) this.#read();
    this.#replies = [];
  }

  /** Subscribes to the keyspace events of a database. */
  follow(database: number, pattern: string): void {
    this.send("PSUBSCRIBE", `__keyspace@${database}__:${pattern}`);
    this.next();
  }

  /** Waits for an event of `key` and returns when it arrived, on monotonicMs(). */
  untilChanged(key: string): number {
    for (;;) {
      const message = this.next();
      if (Array.isArray(message) && String(message[2]).endsWith(`:${key}`)) return this.#arrivedMs;
    }
  }

  #read(): void {
    const length = recv(this.#fd, this.#bytes, MSG_DONTWAIT);
    this.#arrivedMs = monotonicMs();
    if (length <= 0) throw new Error("the connection to Redis was lost");
    this.#replies.push(...this.#reader.feed(this.#bytes.subarray(0, length)));
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}

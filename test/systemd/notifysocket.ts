import type { FdSocketOptions, Socket } from "bun";

import { bind, close, socket } from "../../ffi/libc.ts";
import { AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from "../../ffi/sys/socket.ts";
import { encodeSockaddrUn } from "../../ffi/sys/un.ts";
import { within } from "../support/deadline.ts";

/** The service manager's end of sd_notify(3): a Unix datagram socket that keeps what it is told. */
export class NotifySocket implements Disposable {
  /** Every datagram as text, in the order of arrival. */
  readonly datagrams: string[] = [];
  readonly #listeners = new Set<() => void>();
  #socket: Socket | undefined;

  /** `path` is the value for NOTIFY_SOCKET: a path, or `@name` for the abstract namespace. */
  private constructor(readonly path: string) {}

  /** Binds a socket and returns when datagrams are read. */
  static async open(path: string): Promise<NotifySocket> {
    const notify = new NotifySocket(path);
    const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    try {
      bind(fd, encodeSockaddrUn(path));
    } catch (error) {
      close(fd);
      throw error;
    }
    // Declared, but missing in Bun.connect's overloads; one callback a datagram.
    const adopt = Bun.connect as unknown as (options: FdSocketOptions<undefined>) => Promise<Socket>;
    notify.#socket = await adopt({ fd, socket: { data: (_socket, bytes) => notify.#see(bytes.toString()) } });
    return notify;
  }

  /** Waits for a datagram that matches, from the one at index `from` on, and returns it. */
  async waitFor(pattern: RegExp, options: { readonly from?: number; readonly seconds?: number } = {}): Promise<string> {
    const found = Promise.withResolvers<string>();
    const look = () => {
      const match = this.datagrams.slice(options.from ?? 0).find((datagram) => pattern.test(datagram));
      if (match !== undefined) found.resolve(match);
    };
    this.#listeners.add(look);
    look();
    try {
      return await within(`datagram like ${pattern}`, found.promise, options.seconds ?? 10);
    } catch (error) {
      const seen = this.datagrams.map((datagram) => JSON.stringify(datagram)).join(" ");
      throw new Error(`${(error as Error).message}; there were ${seen || "none"}`, { cause: error });
    } finally {
      this.#listeners.delete(look);
    }
  }

  /** The index of the first datagram that matches; -1 without one. */
  indexOf(pattern: RegExp): number {
    return this.datagrams.findIndex((datagram) => pattern.test(datagram));
  }

  #see(datagram: string): void {
    this.datagrams.push(datagram);
    for (const listener of this.#listeners) listener();
  }

  [Symbol.dispose](): void {
    this.#socket?.terminate();
  }
}

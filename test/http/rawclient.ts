import { connect, type Socket } from "node:net";

import { waitUntil, within } from "../support/deadline.ts";

/** A client that sends what it likes over TCP or a Unix socket, and keeps what comes back. */
export class RawClient implements Disposable {
  /** All that came, one character for each byte. */
  received = "";
  /** Whether the other side has closed. */
  isClosed = false;
  readonly #socket: Socket;
  readonly #closed = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Uint8Array) => (this.received += Buffer.from(bytes).toString("latin1")));
    for (const event of ["end", "close", "error"])
      socket.on(event, () => {
        this.isClosed = true;
        this.#closed.resolve();
      });
  }

  /** Connects to a port of 127.0.0.1, or to a path. */
  static async open(where: number | string, host = "127.0.0.1"): Promise<RawClient> {
    const socket = typeof where === "number" ? connect(where, host) : connect(where);
    const client = new RawClient(socket);
    await within("connection", new Promise<void>((resolve) => socket.once("connect", resolve)), 5);
    return client;
  }

  /** Sends text, one byte for each character. */
  send(text: string): void {
    this.#socket.write(Buffer.from(text, "latin1"));
  }

  /** Takes nothing that comes. */
  pause(): void {
    this.#socket.pause();
  }

  /** Waits for something to come. */
  async receives(pattern: RegExp): Promise<string> {
    await waitUntil(`${pattern}`, () => pattern.test(this.received), {
      seen: () => this.received.slice(0, 2000),
      hopeless: () => (this.isClosed && !pattern.test(this.received) ? `closed after ${this.received}` : undefined),
    });
    return this.received;
  }

  /** Waits until the other side closes; all that came. */
  async ends(): Promise<string> {
    await within("end of the connection", this.#closed.promise, 5);
    return this.received;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

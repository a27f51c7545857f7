import type { Socket, UnixSocketListener } from "bun";

import { ReplyReader } from "../support/resp.ts";
import { honestReply } from "./honestreply.ts";

/** What a server does wrong. */
export interface Hostility {
  /** With the answer to which command; `connect` is before any, and is answered by nothing. */
  readonly to: string;
  /** Where its bytes stand to the right answer. */
  readonly place: "instead" | "before" | "after";
  /** One character for each byte. */
  readonly bytes: string;
  /** How many bytes are sent at once; 0 for all. */
  readonly piece: number;
  /** What becomes of the connection then. */
  readonly afterwards: "goes on" | "is closed" | "is reset" | "is silent" | "is flooded";
}

/** What is still to be sent, and in which way. */
interface Outgoing {
  text: string;
  readonly piece: number;
  readonly afterwards: Hostility["afterwards"];
}

interface Connection {
  readonly reader: ReplyReader;
  readonly outgoing: Outgoing[];
  isSending: boolean;
  isSilent: boolean;
  /** What the kernel did not take yet. */
  unsent: Buffer;
  /** Bytes of the flood that are still to come. */
  flood: number;
}

/** A flood: more than a connection should live to see. */
const FLOOD_BYTES = 2 ** 30;
const FLOOD = Buffer.alloc(65_536, "x");

/** A server on a Unix socket that answers every command as an empty Redis does, but for one; ECHO only when it behaves. */
export class HostileServer implements Disposable {
  readonly #listener: UnixSocketListener<Connection>;
  readonly #sockets = new Set<Socket<Connection>>();
  #onEmpty = (): void => {};
  #hostility: Hostility | undefined;

  constructor(path: string, hostility: Hostility) {
    this.#hostility = hostility;
    this.#listener = Bun.listen<Connection>({
      unix: path,
      socket: {
        open: (socket) => this.#open(socket),
        data: (socket, chunk) => this.#hear(socket, chunk),
        drain: (socket) => flush(socket),
        close: (socket) => this.#close(socket),
        error: () => {},
      },
    });
  }

  /** From here on new connections are served well; those that there are end. */
  behave(): void {
    this.#hostility = undefined;
    for (const socket of this.#sockets) socket.terminate();
  }

  /** Resolves when nobody is connected. */
  async empty(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    if (this.#sockets.size > 0) await promise;
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
  }

  #close(socket: Socket<Connection>): void {
    this.#sockets.delete(socket);
    if (this.#sockets.size === 0) this.#onEmpty();
  }

  #open(socket: Socket<Connection>): void {
    const unsent = Buffer.alloc(0);
    socket.data = { reader: new ReplyReader(), outgoing: [], isSending: false, isSilent: false, unsent, flood: 0 };
    this.#sockets.add(socket);
    if (this.#hostility?.to === "connect") answer(socket, this.#hostility, "");
  }

  #hear(socket: Socket<Connection>, chunk: Buffer): void {
    // A command is an array of strings, as some replies are.
    for (const [word = "", ...args] of socket.data.reader.feed(chunk) as string[][]) {
      const hostility = this.#hostility;
      const verb = word.toUpperCase(); // the client writes some in small letters
      const right = hostility && verb === "ECHO" ? "-ERR not now\r\n" : honestReply([verb, ...args]);
      answer(socket, verb === hostility?.to ? hostility : undefined, right);
    }
  }
}

/** Sends the right answer, or what hostility makes of it; nothing more after one that ends the connection. */
function answer(socket: Socket<Connection>, hostility: Hostility | undefined, right: string): void {
  const { data } = socket;
  if (data.isSilent) return;
  const { bytes = "", place = "before", piece = 0, afterwards = "goes on" } = hostility ?? {};
  const text = { instead: bytes, before: bytes + right, after: right + bytes }[place];
  data.outgoing.push({ text, piece, afterwards });
  data.isSilent = afterwards !== "goes on";
  if (!data.isSending) send(socket);
}

/** Sends what is outgoing in order; a piece a turn, so that the other side may see each alone. */
function send(socket: Socket<Connection>): void {
  const { data } = socket;
  const next = data.outgoing[0];
  data.isSending = next !== undefined;
  if (!next) return;
  const length = next.piece || next.text.length;
  data.unsent = Buffer.concat([data.unsent, Buffer.from(next.text.slice(0, length), "latin1")]);
  next.text = next.text.slice(length);
  flush(socket);
  if (next.text !== "") {
    setImmediate(() => send(socket));
    return;
  }
  data.outgoing.shift();
  if (next.afterwards === "is closed") socket.end();
  else if (next.afterwards === "is reset") socket.terminate();
  else if (next.afterwards === "is flooded") data.flood = FLOOD_BYTES;
  flush(socket);
  send(socket);
}

/** Gives the kernel what it takes, the flood last; goes on when there is room again. */
function flush(socket: Socket<Connection>): void {
  const { data } = socket;
  for (;;) {
    if (data.unsent.length > 0) data.unsent = data.unsent.subarray(Math.max(0, socket.write(data.unsent)));
    if (data.unsent.length > 0 || data.flood <= 0) return;
    data.unsent = FLOOD;
    data.flood -= FLOOD.length;
  }
}

import type { Socket, UnixSocketListener } from "bun";

import { isBeyondTheClient } from "./hostilereplies.ts";
import { ReplyCutter } from "./replycutter.ts";

/** What becomes of some replies on their way. */
export interface Corruption {
  /** How many replies pass before it begins. */
  readonly after: number;
  /** How many replies it befalls. */
  readonly times: number;
  readonly place: "instead" | "before" | "after";
  /** One character for each byte. */
  readonly bytes: string;
  /** Whether the connections are reset when it begins, so that it befalls new ones. */
  readonly resets: boolean;
}

interface Side {
  peer: Socket<Side> | undefined;
  unsent: Buffer;
}

/** Stands on a Unix socket in front of a real Redis server, and corrupts some of its replies. */
export class ReplyCorruptor implements Disposable {
  readonly #listener: UnixSocketListener<Side>;
  readonly #clients = new Set<Socket<Side>>();
  #corruption: Corruption | undefined;
  #passed = 0;
  #corrupted = 0;

  constructor(
    readonly path: string,
    readonly serverPath: string,
  ) {
    this.#listener = Bun.listen<Side>({
      unix: path,
      socket: {
        open: (client) => this.#open(client),
        data: (client, chunk) => put(client.data, chunk),
        drain: (client) => flush(client.data.peer?.data),
        close: (client) => this.#close(client),
        error: () => {},
      },
    });
  }

  /** Corrupts replies that come from here on. */
  begin(corruption: Corruption): void {
    this.#corruption = corruption;
    this.#passed = 0;
    this.#corrupted = 0;
    if (corruption.resets) for (const client of this.#clients) client.terminate();
  }

  /** True when all the replies were corrupted that were to be. */
  get isOver(): boolean {
    return this.#corrupted >= (this.#corruption?.times ?? 0);
  }

  /** Passes everything on as it is. */
  end(): void {
    this.#corruption = undefined;
  }

  #open(client: Socket<Side>): void {
    this.#clients.add(client);
    client.data = { peer: undefined, unsent: Buffer.alloc(0) };
    const cutter = new ReplyCutter();
    const toClient: Side = { peer: client, unsent: Buffer.alloc(0) };
    void Bun.connect<Side>({
      unix: this.serverPath,
      socket: {
        open: (server) => {
          server.data = toClient;
          client.data.peer = server;
          flush(client.data);
        },
        data: (_, chunk) => {
          for (const reply of cutter.feed(chunk)) put(toClient, Buffer.from(this.#pass(reply), "latin1"));
        },
        drain: () => flush(client.data),
        close: () => void client.end(),
        error: () => {},
      },
    }).catch(() => client.terminate());
  }

  #close(client: Socket<Side>): void {
    this.#clients.delete(client);
    client.data.peer?.end();
  }

  #pass(reply: string): string {
    const corruption = this.#corruption;
    if (!corruption || this.isOver || this.#passed++ < corruption.after) return reply;
    const { bytes, place } = corruption;
    this.#corrupted++;
    const corrupted = { instead: bytes, before: bytes + reply, after: reply + bytes }[place];
    return isBeyondTheClient(corrupted) ? reply : corrupted;
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
  }
}

/** What a side sends goes to its peer. */
function put(side: Side, chunk: Buffer): void {
  side.unsent = Buffer.concat([side.unsent, chunk]);
  flush(side);
}

function flush(side: Side | undefined): void {
  if (!side?.peer || side.unsent.length === 0) return;
  side.unsent = side.unsent.subarray(Math.max(0, side.peer.write(side.unsent)));
}

import type { Socket, TCPSocketListener } from "bun";

import { systemClock } from "../../src/util/clock.ts";
import { inNamespace } from "../support/innamespace.ts";
import { Namespace } from "../support/namespace.ts";

/** Bytes on their way to one side, in order. */
class Outlet {
  #socket: Socket | undefined;
  #unsent: Buffer = Buffer.alloc(0);
  #late: { readonly chunk: Buffer; readonly cancel: () => void }[] = [];

  open(socket: Socket): void {
    this.#socket = socket;
    this.flush();
  }

  send(chunk: Buffer, delayMs: number): void {
    if (delayMs === 0 && this.#late.length === 0) this.#write(chunk);
    else this.#late.push({ chunk, cancel: systemClock.after(delayMs, () => this.#write(this.#late.shift()!.chunk)) });
  }

  /** Sends what waits for its time now. */
  hurry(): void {
    for (const { chunk, cancel } of this.#late.splice(0)) {
      cancel();
      this.#write(chunk);
    }
  }

  forget(): void {
    for (const { cancel } of this.#late.splice(0)) cancel();
  }

  flush(): void {
    if (!this.#socket || this.#unsent.length === 0) return;
    const sent = this.#socket.write(this.#unsent);
    this.#unsent = this.#unsent.subarray(Math.max(0, sent));
  }

  #write(chunk: Buffer): void {
    this.#unsent = this.#unsent.length === 0 ? chunk : Buffer.concat([this.#unsent, chunk]);
    this.flush();
  }
}

/** One connection through the proxy. */
class Pair {
  readonly toClient = new Outlet();
  readonly toServer = new Outlet();
  server: Socket | undefined;
  /** Nothing passes any more, and nobody is told. */
  dead = false;

  constructor(readonly client: Socket) {}

  end(how: "end" | "terminate"): void {
    this.toClient.forget();
    this.toServer.forget();
    this.client[how]();
    this.server?.[how]();
  }
}

/** Stands between the daemon and a Redis server, on a TCP port of the daemon's namespace, and spoils the connection. */
export class RedisProxy implements Disposable {
  readonly #namespace: Namespace;
  readonly #serverPath: string;
  readonly #pairs = new Map<Socket, Pair>();
  #listener: TCPSocketListener | undefined;
  #port = 0;
  #delayMs = 0;
  #swallows = false;
  #connections = 0;

  /** Listens, and passes everything on. */
  constructor(namespace: Namespace, serverPath: string) {
    this.#namespace = namespace;
    this.#serverPath = serverPath;
    this.accept();
  }

  /** Where it listens, on 127.0.0.1. */
  get port(): number {
    return this.#port;
  }

  /** How many connections it took so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Takes connections (again). */
  accept(): void {
    this.#listener ??= inNamespace(this.#namespace, () =>
      Bun.listen<undefined>({
        hostname: "127.0.0.1",
        port: this.#port,
        socket: {
          open: (client) => this.#open(client),
          data: (client, chunk) => this.#pass(client, chunk),
          drain: (client) => this.#pairs.get(client)?.toClient.flush(),
          close: (client) => this.#closed(client),
        },
      }),
    );
    this.#port = this.#listener.port;
  }

  /** Ends all connections with RST. */
  reset(): void {
    for (const pair of this.#pairs.values()) pair.end("terminate");
    this.#pairs.clear();
  }

  /** Nobody listens any more: connections are reset, new ones refused. */
  refuse(): void {
    this.#listener?.stop();
    this.#listener = undefined;
    this.reset();
  }

  /** Answers take so long; with 0, those that are on their way come at once. */
  delay(delayMs: number): void {
    this.#delayMs = delayMs;
    if (delayMs === 0) for (const pair of this.#pairs.values()) pair.toClient.hurry();
  }

  /** What passes from here on is lost without a word, on connections that exist and on new ones. */
  swallow(): void {
    this.#swallows = true;
    for (const pair of this.#pairs.values()) pair.dead = true;
  }

  /** New connections are served again; those that were swallowed stay half-open. */
  serve(): void {
    this.#swallows = false;
  }

  #open(client: Socket): void {
    const pair = new Pair(client);
    pair.dead = this.#swallows;
    this.#connections++;
    this.#pairs.set(client, pair);
    pair.toClient.open(client);
    void Bun.connect({
      unix: this.#serverPath,
      socket: {
        open: (server) => {
          pair.server = server;
          pair.toServer.open(server);
        },
        data: (_, chunk) => {
          if (!pair.dead) pair.toClient.send(Buffer.from(chunk), this.#delayMs);
        },
        drain: () => pair.toServer.flush(),
        close: () => {
          if (!pair.dead) this.#drop(pair);
        },
        connectError: () => this.#drop(pair),
      },
    }).catch(() => {});
  }

  #pass(client: Socket, chunk: Buffer): void {
    const pair = this.#pairs.get(client);
    if (pair && !pair.dead) pair.toServer.send(Buffer.from(chunk), 0);
  }

  #closed(client: Socket): void {
    const pair = this.#pairs.get(client);
    if (pair) this.#drop(pair);
  }

  #drop(pair: Pair): void {
    this.#pairs.delete(pair.client);
    pair.end("end");
  }

  [Symbol.dispose](): void {
    this.refuse();
  }
}

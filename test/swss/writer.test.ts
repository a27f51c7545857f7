import { afterAll, beforeAll, describe, expect } from "bun:test";
import { mkdirSync } from "node:fs";
import { networkInterfaces } from "node:os";

import type { Socket } from "bun";

import { type Database, DatabaseLostError, ReplyError, type Writer, WRITERS } from "../../src/swss/database.ts";
import type { RedisAddress } from "../../src/swss/dbconfig.ts";
import { Database as Client } from "../support/database.ts";
import { waitUntil } from "../support/deadline.ts";
import { canUseRedis, RedisServer } from "../support/redis.ts";
import { all, type Requirement } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { Connection } from "./connection.ts";

// What both writers of a flush promise, over each kind of address.

const able = canUseRedis();
const loopback: Requirement = Object.values(networkInterfaces()).some((addresses) => addresses?.[0]?.internal)
  ? { ok: true }
  : { ok: false, reason: "the loopback interface is down" };
const BYTES = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
const FIELDS = ["state", "ok", "netdev_oper_status", "up", "admin_status", "up", "mtu", "9100"];
const ROW = { state: "ok", netdev_oper_status: "up", admin_status: "up", mtu: "9100" };

/** A server of the test's own on both kinds of address, and a client beside the one that is tested. */
class Bench implements AsyncDisposable {
  readonly #owned: AsyncDisposableStack;

  private constructor(
    owned: AsyncDisposableStack,
    readonly server: RedisServer,
    readonly address: RedisAddress,
    readonly client: Client,
  ) {
    this.#owned = owned;
  }

  static async open(kind: "unix" | "tcp", ...options: readonly string[]): Promise<Bench> {
    const owned = new AsyncDisposableStack();
    const dir = owned.use(new TempDir());
    const port = kind === "tcp" ? freePort() : 0;
    const server = owned.use(await RedisServer.start(dir.path, "redis", "--port", `${port}`, ...options));
    const client = owned.use(await Client.open(server.socketPath, 6));
    return new Bench(owned, server, port ? { host: "127.0.0.1", port } : { path: server.socketPath }, client);
  }

  /** The ids of the connections that are not this bench's; `resp` is that of CLIENT LIST. */
  async connections(resp?: number): Promise<string[]> {
    const own = String(await this.client.call("CLIENT", "ID"));
    const list = String(await this.client.call("CLIENT", "LIST"))
      .trim()
      .split("\n");
    const found = list.map((line) => new Map(line.split(" ").map((word) => word.split("=", 2) as [string, string])));
    return found
      .filter((words) => words.get("id") !== own && (resp === undefined || words.get("resp") === `${resp}`))
      .map((words) => words.get("id")!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

interface RelayedConnection {
  readonly client: Socket<undefined>;
  server?: Socket<undefined>;
  isMute: boolean;
}

/** Passes on what is said to a server and what it answers, until a connection is to be open on one side only. */
class Relay implements Disposable {
  readonly #pairs: RelayedConnection[] = [];
  readonly #listener;

  constructor(serverPath: string) {
    this.#listener = Bun.listen<undefined>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (client) => this.#open(client, serverPath),
        data: (client, bytes) => this.#pass(client, bytes),
      },
    });
  }

  get address(): RedisAddress {
    return { host: "127.0.0.1", port: this.#listener.port };
  }

  /** How many connections there were. */
  get connections(): number {
    return this.#pairs.length;
  }

  /** Loses all that is said over a connection from here on. */
  mute(connection: number): void {
    this.#pairs[connection]!.isMute = true;
  }

  #open(client: Socket<undefined>, unix: string): void {
    const pair: RelayedConnection = { client, isMute: false };
    this.#pairs.push(pair);
    client.pause();
    const data = (_: unknown, bytes: Buffer) => void (pair.isMute || client.write(bytes));
    const open = (server: Socket<undefined>) => {
      pair.server = server;
      client.resume();
    };
    void Bun.connect<undefined>({ unix, socket: { open, data } });
  }

  #pass(client: Socket<undefined>, bytes: Buffer): void {
    const pair = this.#pairs.find((each) => each.client === client)!;
    if (!pair.isMute) pair.server!.write(bytes);
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
    for (const { server } of this.#pairs) server?.terminate();
  }
}

function isLost(answer: Promise<unknown>): Promise<boolean> {
  return answer.then(
    () => false,
    (error: unknown) => error instanceof DatabaseLostError,
  );
}

function writers(kind: "unix" | "tcp", body: (writer: Writer, requirement: Requirement, kind: "unix" | "tcp") => void) {
  for (const writer of WRITERS)
    describe(`Database.write of ${writer} over ${kind}`, () =>
      body(writer, kind === "tcp" ? all(able, loopback) : able, kind));
}

for (const each of ["unix", "tcp"] as const)
  writers(each, (writer, requirement, kind) => {
    let bench: Bench;
    beforeAll(async () => {
      if (requirement.ok) bench = await Bench.open(kind);
    });
    afterAll(async () => {
      await bench?.[Symbol.asyncDispose]();
    });
    const connect = (options: object = {}) => new Connection(bench.address, { writer, ...options });

    testWith(
      requirement,
      `Database tells how many commands were answered, and after how long (${writer})`,
      async () => {
        await using own = await Bench.open(kind);
        using connection = new Connection(own.address, { writer });
        const database = await connection.database();
        connection.answers.length = 0;
        await database.call("SET", "string", "x");
        await database.write([
          ["HSET", "string", "f", "v"],
          ["HSET", "hash", "f", "v"],
        ]);
        await database.batch(Array.from({ length: 2500 }, () => ["HLEN", "hash"]));
        expect(connection.answers.map(([commands]) => commands)).toEqual([1, 2, 1000, 1000, 500]);
        for (const [, tookMs] of connection.answers) expect(tookMs).toBeGreaterThan(0);
        connection.answers.length = 0;
        await own.server.freeze();
        const lost = database.write([["HSET", "hash", "f", "v"]]).catch((error: Error) => error.name);
        await own.server.kill();
        expect([await lost, connection.answers]).toEqual(["DatabaseLostError", []]);
      },
    );

    testWith(
      requirement,
      `Database.write of ${writer} has connections of its own, or none beside the others`,
      async () => {
        using connection = connect();
        await connection.database();
        expect(await bench.connections(3)).toHaveLength(writer === "native" ? 2 : 0);
        expect(await bench.connections()).toHaveLength(writer === "native" ? 3 : 1);
        expect(connection.databases[0]!.writer).toBe(writer);
      },
    );

    testWith(requirement, "Database.write writes a row to the database of the connection's id", async () => {
      using connection = connect({ id: 42 });
      const database = await connection.database();
      expect(await database.write([["HSET", "PORT_TABLE|Ethernet0", ...FIELDS]])).toEqual([4]);
      using other = await Client.open(bench.server.socketPath, 42);
      expect(await other.hgetall("PORT_TABLE|Ethernet0")).toEqual(ROW);
      expect(await database.write([["HSET", "PORT_TABLE|Ethernet0", ...FIELDS]])).toEqual([0]);
      expect(
        await database.write([
          ["DEL", "PORT_TABLE|Ethernet0"],
          ["DEL", "PORT_TABLE|Ethernet0"],
        ]),
      ).toEqual([1, 0]);
    });

    testWith(requirement, "Database.write gives every byte as it is", async () => {
      using connection = connect();
      const database = await connection.database();
      expect(await database.write([["HSET", `key${BYTES}`, BYTES, `${BYTES}\r\n$-1\r\n`]])).toEqual([1]);
      expect(await database.call("HGETALL", `key${BYTES}`)).toEqual([BYTES, `${BYTES}\r\n$-1\r\n`]);
    });

    testWith(requirement, "Database.write has errors in their places, and the connection lives on", async () => {
      using connection = connect();
      const database = await connection.database();
      await database.call("SET", "text", "no hash");
      const replies = await database.write([
        ["HSET", "a", "f", "1"],
        ["HSET", "text", "f", "1"],
        ["DEL", "a"],
        ["FLY"],
      ]);
      expect(replies.map((reply) => (reply instanceof ReplyError ? reply.code : reply))).toEqual([
        1,
        "WRONGTYPE",
        1,
        "ERR",
      ]);
      expect(await database.write([])).toEqual([]);
      expect(await database.write([["HSET", "text", "f", "1"]])).toEqual([expect.any(ReplyError)]);
      expect(await database.write([["HSET", "b", "f", "1"]])).toEqual([1]);
      expect(connection.said).toEqual(["connected"]);
    });

    testWith(requirement, "Database.write keeps the order of thousands of commands", async () => {
      using connection = connect();
      const database = await connection.database();
      const commands = Array.from({ length: 3500 }, (_, i) => (i % 1000 === 999 ? ["FLY"] : ["RPUSH", "list", `${i}`]));
      const replies = await database.write(commands);
      expect(replies.flatMap((reply, i) => (reply instanceof ReplyError ? [i] : []))).toEqual([999, 1999, 2999]);
      const wanted = commands.flatMap(([, , word]) => (word === undefined ? [] : [word]));
      expect(await database.call("LRANGE", "list", "0", "-1")).toEqual(wanted);
    });

    testWith(requirement, "Database.write is lost with any of the connections, and there is another", async () => {
      using connection = connect();
      let database: Database = await connection.database();
      for (let round = 1; round <= (await bench.connections()).length; round++) {
        const victim = (await bench.connections())[round - 1]!;
        await bench.client.call("CLIENT", "KILL", "ID", victim);
        await connection.until("lost", round);
        expect(await isLost(database.write([["DEL", "k"]]))).toBe(true);
        database = await connection.database(round + 1);
        expect(await database.write([["DEL", "k"]])).toEqual([0]);
      }
    });

    testWith(requirement, "Database.write leaves no connection behind when it is closed", async () => {
      const connection = connect();
      const database = await connection.database();
      connection.close();
      expect(await isLost(database.write([["DEL", "k"]]))).toBe(true);
      await waitUntil("end of all connections", async () => (await bench.connections()).length === 0, { everyMs: 1 });
      expect(connection.said).toEqual(["connected"]);
    });

    testWith(requirement, "Database.write is lost with the server, not replayed, and works with the next", async () => {
      await using own = await Bench.open(kind);
      using connection = new Connection(own.address, { writer });
      const former = await connection.database();
      await own.server.freeze();
      const unanswered = isLost(former.write([["HSET", "k", "f", "unanswered"]]));
      await own.server.kill();
      expect(await unanswered).toBe(true);
      expect(await isLost(former.write([["HSET", "k", "f", "after"]]))).toBe(true);
      await connection.until("failed");
      await own.server.start();
      const database = await connection.database(2);
      expect(await database.call("KEYS", "*")).toEqual([]);
      expect(await database.write([["HSET", "k", "f", "1"]])).toEqual([1]);
    });

    testWith(requirement, "Database.write gives up a server that does not answer in time", async () => {
      await using own = await Bench.open(kind);
      using connection = new Connection(own.address, { writer, answerMs: 100 });
      const database = await connection.database();
      await own.server.freeze();
      expect(await isLost(database.write([["HSET", "k", "f", "1"]]))).toBe(true);
      expect(await connection.until("lost")).toBe("lost no answer within 100 ms");
      own.server.thaw();
      const next = await connection.database(2);
      expect(await next.write([["DEL", "k"]])).toEqual([expect.any(Number)]);
    });
  });

for (const writer of WRITERS)
  describe(`Database.write of ${writer} over a connection that is open on one side only`, () => {
    const requirement = all(able, loopback);

    testWith(requirement, "is given up, and works over the next", async () => {
      await using bench = await Bench.open("unix");
      using relay = new Relay(bench.server.socketPath);
      using connection = new Connection(relay.address, { writer, answerMs: 200 });
      const former = await connection.database();
      for (let each = 0; each < relay.connections; each++) relay.mute(each);
      expect(await isLost(former.write([["HSET", "k", "f", "lost"]]))).toBe(true);
      expect(await connection.until("lost")).toBe("lost no answer within 200 ms");
      const database = await connection.database(2);
      expect(await database.write([["HSET", "k", "f", "1"]])).toEqual([1]);
    });

    testWith(requirement, "is found out without a write, whichever of the connections it is", async () => {
      await using bench = await Bench.open("unix");
      for (let each = 0; each < (writer === "native" ? 3 : 1); each++) {
        using relay = new Relay(bench.server.socketPath);
        using connection = new Connection(relay.address, { writer, answerMs: 200 });
        await connection.database();
        relay.mute(each);
        expect(await connection.until("lost")).toBe("lost no answer within 200 ms");
        expect(await (await connection.database(2)).write([["DEL", "k"]])).toEqual([0]);
      }
    });
  });

describe("Database.write of native falls back on node-redis", () => {
  testWith(able, "where Redis knows no RESP 3", async () => {
    await using bench = await Bench.open("unix", "--rename-command", "HELLO", "");
    using connection = new Connection(bench.address, { writer: "native" });
    const database = await connection.database();
    expect(await bench.connections()).toHaveLength(1);
    expect(database.writer).toBe("node-redis");
    expect(await database.write([["HSET", "k", ...FIELDS]])).toEqual([4]);
  });

  testWith(able, "where Redis does not say what it knows", async () => {
    await using bench = await Bench.open("unix", "--rename-command", "COMMAND", "");
    using connection = new Connection(bench.address, { writer: "native" });
    const database = await connection.database();
    expect(await bench.connections()).toHaveLength(1);
    expect(database.writer).toBe("node-redis");
    expect(await database.write([["HSET", "k", ...FIELDS]])).toEqual([4]);
  });

  for (const name of ["a b", "a%41b", "a?b", "a#b", "\u00e4"])
    testWith(able, `where no URL can name the socket's directory: ${JSON.stringify(name)}`, async () => {
      await using dir = new TempDir();
      mkdirSync(dir.file(name));
      await using server = await RedisServer.start(dir.file(name));
      using connection = new Connection({ path: server.socketPath }, { writer: "native" });
      const database = await connection.database();
      expect(await database.write([["HSET", "k", ...FIELDS]])).toEqual([4]);
    });
});

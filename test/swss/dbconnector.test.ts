import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { networkInterfaces } from "node:os";

import { DatabaseLostError, ReplyError } from "../../src/swss/database.ts";
import { Database as Client } from "../support/database.ts";
import { within } from "../support/deadline.ts";
import { canUseRedis, RedisServer } from "../support/redis.ts";
import type { Requirement } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { Connection } from "./connection.ts";

const able = canUseRedis();
const loopback: Requirement = Object.values(networkInterfaces()).some((addresses) => addresses?.[0]?.internal)
  ? { ok: true }
  : { ok: false, reason: "the loopback interface is down" };
const BYTES = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));

let dir: TempDir;
let server: RedisServer;
beforeAll(async () => {
  dir = new TempDir();
  if (able.ok) server = await RedisServer.start(dir.path);
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

/** The name of the error with which `promise` fails. */
function errorName(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "none",
    (error: Error) => error.name,
  );
}

describe("DBConnector", () => {
  testWith(able, "DBConnector selects the database of its id, whatever number that is (rules 30, 47)", async () => {
    using connection = new Connection({ path: server.socketPath }, { id: 73 });
    const database = await connection.database();
    expect([database.name, database.id, database.separator]).toEqual(["STATE_DB", 73, "|"]);
    await database.call("HSET", "where", "f", "1");
    using client = await Client.open(server.socketPath, 73);
    expect(await client.hgetall("where")).toEqual({ f: "1" });
  });

  testWith(able, "DBConnector.call takes and gives every byte as it is", async () => {
    using connection = new Connection({ path: server.socketPath });
    const database = await connection.database();
    await database.call("HSET", `key${BYTES}`, BYTES, `${BYTES}\r\n$-1\r\n`);
    expect(await database.call("HGETALL", `key${BYTES}`)).toEqual([BYTES, `${BYTES}\r\n$-1\r\n`]);
    using client = await Client.open(server.socketPath, 6);
    expect(await client.hgetall(`key${BYTES}`)).toEqual({ [BYTES]: `${BYTES}\r\n$-1\r\n` });
    expect(await database.call("KEYS", "key*")).toEqual([`key${BYTES}`]);
  });

  testWith(able, "DBConnector.call gives numbers, text, nil and nested arrays as Redis has them", async () => {
    using connection = new Connection({ path: server.socketPath });
    const database = await connection.database();
    expect(await database.call("EVAL", "return {1, 'a', {false, '', {}}}", "0")).toEqual([1, "a", [null, "", []]]);
    expect(await database.call("HGET", "nokey", "f")).toBeNull();
    expect(await database.call("HMGET", "nokey", "f", "g")).toEqual([null, null]);
    expect(await database.call("PING")).toBe("PONG");
    expect(await database.call("ECHO", "")).toBe("");
    expect(await database.call("ECHO", "x".repeat(1_000_000))).toHaveLength(1_000_000);
  });

  testWith(
    able,
    "DBConnector.batch has replies in order and errors in their places, and the connection lives on",
    async () => {
      using connection = new Connection({ path: server.socketPath });
      const database = await connection.database();
      await database.call("SET", "text", "no hash");
      const replies = await database.batch([
        ["HSET", "hash", "f", "1"],
        ["HSET", "text", "f", "1"],
        ["FLY"],
        ["EVALSHA", "0".repeat(40), "0"],
        ["HGET", "hash", "f"],
      ]);
      expect(replies.map((reply) => (reply instanceof ReplyError ? reply.code : reply))).toEqual([
        1,
        "WRONGTYPE",
        "ERR",
        "NOSCRIPT",
        "1",
      ]);
      expect(await errorName(database.call("HGET", "text", "f"))).toBe("ReplyError");
      expect(await database.batch([])).toEqual([]);
      expect(await database.call("PING")).toBe("PONG");
      expect(connection.said).toEqual(["connected"]);
    },
  );

  testWith(able, "DBConnector.batch keeps the order of thousands of commands", async () => {
    using connection = new Connection({ path: server.socketPath });
    const database = await connection.database();
    const commands = Array.from({ length: 3500 }, (_, i) => (i % 1000 === 999 ? ["FLY"] : ["RPUSH", "list", `${i}`]));
    const replies = await database.batch(commands);
    expect(replies.flatMap((reply, i) => (reply instanceof ReplyError ? [i] : []))).toEqual([999, 1999, 2999]);
    const wanted = commands.flatMap(([, , word]) => (word === undefined ? [] : [word]));
    expect(await database.call("LRANGE", "list", "0", "-1")).toEqual(wanted);
  });

  testWith(
    able,
    "DBConnector.psubscribe hears each message byte for byte, from when it resolves, beside commands",
    async () => {
      using connection = new Connection({ path: server.socketPath });
      const database = await connection.database();
      const heard: string[][] = [];
      const last = Promise.withResolvers<void>();
      await database.psubscribe("__keyspace@6__:PORT_TABLE|*", (channel, message) => {
        heard.push([channel, message]);
        if (channel.endsWith("last")) last.resolve();
      });
      await database.psubscribe("other*", (channel, message) => heard.push([channel, message]));
      await database.call("HSET", `PORT_TABLE|${BYTES}`, "f", "1");
      await database.call("DEL", `PORT_TABLE|${BYTES}`);
      await database.call("HSET", "OTHER|a", "f", "1");
      await database.call("PUBLISH", "other", BYTES);
      await database.call("HSET", "PORT_TABLE|last", "f", "1");
      await within("last message", last.promise, 5);
      expect(heard).toEqual([
        [`__keyspace@6__:PORT_TABLE|${BYTES}`, "hset"],
        [`__keyspace@6__:PORT_TABLE|${BYTES}`, "del"],
        ["other", BYTES],
        ["__keyspace@6__:PORT_TABLE|last", "hset"],
      ]);
    },
  );

  testWith(
    able,
    "DBConnector connects again after Redis was killed, and what was asked for meanwhile is lost, not replayed",
    async () => {
      await using own = new TempDir();
      await using redis = await RedisServer.start(own.path);
      using connection = new Connection({ path: redis.socketPath });
      const former = await connection.database();
      await redis.freeze();
      const unanswered = errorName(former.call("HSET", "k", "f", "unanswered"));
      await redis.kill();
      expect(await unanswered).toBe("DatabaseLostError");
      expect(await connection.until("lost")).toMatch(/^lost ./);
      expect(await errorName(former.call("HSET", "k", "f", "after"))).toBe("DatabaseLostError");
      expect(await errorName(former.batch([["PING"]]))).toBe("DatabaseLostError");
      expect(await errorName(former.psubscribe("x", () => {}))).toBe("DatabaseLostError");
      await connection.until("failed");
      await redis.start();
      const database = await connection.database(2);
      expect(await database.call("KEYS", "*")).toEqual([]);
      expect(connection.said.filter((line) => line.startsWith("lost"))).toHaveLength(1);
    },
  );

  testWith(able, "DBConnector takes the loss of the subscription for the loss of the database", async () => {
    using connection = new Connection({ path: server.socketPath });
    const database = await connection.database();
    await database.psubscribe("x*", () => {});
    using client = await Client.open(server.socketPath, 6);
    await client.call("CLIENT", "KILL", "TYPE", "pubsub");
    await connection.until("lost");
    const next = await connection.database(2);
    expect(await next.call("PING")).toBe("PONG");
    expect(await errorName(database.call("PING"))).toBe("DatabaseLostError");
  });

  testWith(
    able,
    "DBConnector gives up a connection that does not answer in time: nothing is known of its commands",
    async () => {
      await using own = new TempDir();
      await using redis = await RedisServer.start(own.path);
      using connection = new Connection({ path: redis.socketPath }, { answerMs: 100 });
      const database = await connection.database();
      await redis.freeze();
      const lost = database.batch([["HSET", "k", "f", "1"]]);
      expect(await lost.catch((error: unknown) => error)).toBeInstanceOf(DatabaseLostError);
      expect(await connection.until("lost")).toBe("lost no answer within 100 ms");
      redis.thaw();
      const next = await connection.database(2);
      expect(await next.call("PING")).toBe("PONG");
    },
  );

  testWith(able, "DBConnector ends a connection whose handler refuses it, and tries again", async () => {
    let attempts = 0;
    using connection = new Connection(
      { path: server.socketPath },
      {
        onConnected: async (database) => {
          await database.call("PING");
          if (++attempts < 3) throw new ReplyError("LOADING Redis is loading");
        },
      },
    );
    await connection.until("connected");
    expect(connection.said).toEqual([
      "failed LOADING Redis is loading",
      "failed LOADING Redis is loading",
      "connected",
    ]);
  });

  testWith(able, "DBConnector fails while the id is one that the server has not", async () => {
    using connection = new Connection({ path: server.socketPath }, { id: 65_535 });
    expect(await connection.until("failed")).toMatch(/out of range/);
  });

  testWith(able, "DBConnector.close ends the connection and makes no other", async () => {
    using client = await Client.open(server.socketPath, 6);
    const connection = new Connection({ path: server.socketPath });
    const database = await connection.database();
    await database.psubscribe("x*", () => {});
    const subscribers = async () => String(await client.call("CLIENT", "LIST", "TYPE", "pubsub")).trim();
    expect(await subscribers()).not.toBe("");
    connection.close();
    expect(await errorName(database.call("PING"))).toBe("DatabaseLostError");
    for (let tries = 0; (await subscribers()) !== "" && tries < 1000; tries++);
    expect(await subscribers()).toBe("");
    expect(connection.said).toEqual(["connected"]);
  });
});

describe("DBConnector without Redis", () => {
  for (const kind of ["unix", "tcp"] as const) {
    testWith(
      kind === "unix" ? { ok: true } : loopback,
      `DBConnector gives up a ${kind} server that accepts and never answers, and tries again`,
      async () => {
        await using own = new TempDir();
        let accepted = 0;
        const second = Promise.withResolvers<void>();
        const socket = {
          open: () => void (++accepted === 2 && second.resolve()),
          data: () => {},
        };
        const path = own.file("silent.sock");
        const listener =
          kind === "unix" ? Bun.listen({ unix: path, socket }) : Bun.listen({ hostname: "127.0.0.1", port: 0, socket });
        try {
          const address = kind === "unix" ? { path } : { host: "127.0.0.1", port: (listener as { port: number }).port };
          using connection = new Connection(address, { answerMs: 50 });
          expect(await connection.until("failed")).toBe("failed no answer within 50 ms");
          await within("second attempt", second.promise, 5);
          expect(connection.databases).toEqual([]);
        } finally {
          listener.stop(true);
        }
      },
    );
  }

  test("DBConnector says why there is no connection, and tries again", async () => {
    await using own = new TempDir();
    using connection = new Connection({ path: own.file("nobody.sock") });
    expect(await connection.until("failed", 2)).toMatch(/ENOENT/);
  });

  test("DBConnector gives up a server that does not speak RESP", async () => {
    await using own = new TempDir();
    const path = own.file("http.sock");
    const listener = Bun.listen({
      unix: path,
      socket: { data: (socket) => void socket.write("HTTP/1.1 400 Bad Request\r\n\r\n") },
    });
    try {
      using connection = new Connection({ path }, { answerMs: 200 });
      expect(await connection.until("failed")).toMatch(/^failed ./);
      expect(connection.databases).toEqual([]);
    } finally {
      listener.stop(true);
    }
  });
});

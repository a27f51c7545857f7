import { describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { join } from "node:path";

import type { SocketAddress } from "../../src/config/socketaddress.ts";
import { collectLog } from "../port/loglines.ts";
import { waitUntil } from "../support/deadline.ts";
import { canUseNamespaces, Namespace } from "../support/namespace.ts";
import type { Requirement } from "../support/requirement.ts";
import { testWith } from "../support/testwith.ts";
import { RawClient } from "./rawclient.ts";
import { ANY_PORT, HttpRig, request } from "./rig.ts";

/** A program that listens already. */
async function occupy(): Promise<{ port: number; server: Server } & AsyncDisposable> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ host: "127.0.0.1", port: 0 }, resolve));
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { server, port: (server.address() as { port: number }).port, [Symbol.asyncDispose]: close };
}

function loopback(port: number, host = "127.0.0.1"): SocketAddress {
  return { host, port, isLoopback: true };
}

const hasIpv6: Requirement = await new Promise((resolve) => {
  const server = createServer();
  server.once("error", () => resolve({ ok: false, reason: "no IPv6 here" }));
  server.listen({ host: "::1", port: 0 }, () => server.close(() => resolve({ ok: true })));
});

describe("HttpServer", () => {
  const log = collectLog();

  test("is off without addresses, and finds nothing wrong with that", async () => {
    await using rig = await HttpRig.start({ addresses: [] });
    await rig.server.reload();
    expect(rig.server.facts).toEqual({ listening: [], failure: "", certificateExpiresWallMs: undefined });
    expect([rig.clock.timers, log()]).toEqual([0, []]);
  });

  test("says where it listens", async () => {
    await using rig = await HttpRig.start();
    expect(rig.server.facts).toEqual({
      listening: [`127.0.0.1:${rig.port}`],
      failure: "",
      certificateExpiresWallMs: undefined,
    });
    expect(log()).toEqual([`NOTICE :- http: listening on http://127.0.0.1:${rig.port}`]);
  });

  test("says why it cannot listen, serves where it can, and listens as soon as that works", async () => {
    await using other = await occupy();
    await using rig = await HttpRig.start({ addresses: [ANY_PORT, loopback(other.port)] });
    const reason = `127.0.0.1:${other.port}: another program listens there`;
    expect(rig.server.facts).toMatchObject({ listening: [`127.0.0.1:${rig.port}`], failure: reason });
    expect((await rig.fetch("/-/ready", { headers: { Connection: "close" } })).status).toBe(200);
    await rig.clock.run(10_000);
    const told = log().filter((line) => line.startsWith("ERROR"));
    expect(told).toEqual([`ERROR :- http: cannot listen on "${reason}"; it will be tried again`]); // once
    await other[Symbol.asyncDispose]();
    await rig.clock.run(60_000);
    expect(rig.server.facts).toMatchObject({
      listening: [`127.0.0.1:${rig.port}`, `127.0.0.1:${other.port}`],
      failure: "",
    });
    expect(rig.clock.timers).toBe(0);
  });

  test("tries again less and less often, once a minute in the end", async () => {
    await using other = await occupy();
    await using rig = await HttpRig.start({ addresses: [loopback(other.port)] });
    for (let i = 0; i < 10; i++) await rig.clock.run(60_000);
    const delays = rig.clock.delays;
    expect(delays.length).toBeLessThan(25);
    expect(delays[0]).toBeLessThanOrEqual(1000);
    expect(delays.at(-1)).toBeGreaterThanOrEqual(48_000);
    expect(Math.max(...delays)).toBeLessThanOrEqual(60_000);
  });

  test("says that an address is not one of this machine", async () => {
    await using rig = await HttpRig.start({ addresses: [{ host: "192.0.2.1", port: 9101, isLoopback: false }] });
    expect(rig.server.facts.failure).toBe("192.0.2.1:9101: this machine has no such address");
  });

  testWith(hasIpv6, "listens on ::1, too, and knows it by its name", async () => {
    await using rig = await HttpRig.start({ addresses: [loopback(0, "::1")] });
    using client = await RawClient.open(rig.port, "::1");
    client.send(`GET /-/ready HTTP/1.1\r\nHost: [::1]:${rig.port}\r\nConnection: close\r\n\r\n`);
    expect(await client.ends()).toStartWith("HTTP/1.1 200 ");
  });

  testWith(
    canUseNamespaces(),
    "finds nothing wrong with a machine that has no IPv6 while 127.0.0.1 is served",
    async () => {
      await using namespace = await Namespace.open();
      const program = [process.execPath, join(import.meta.dir, "serverprogram.ts")];
      const lists = ["127.0.0.1:9101 [::1]:9101", "[::1]:9101 127.0.0.1:9101", "[::1]:9101"];
      const command = 'echo 1 >/proc/sys/net/ipv6/conf/lo/disable_ipv6 && exec "$@"';
      const output = await namespace.run(["sh", "-c", command, "sh", ...program, ...lists]);
      const found = output
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as object);
      expect(found).toEqual([
        { listening: ["127.0.0.1:9101"], failure: "" },
        { listening: ["127.0.0.1:9101"], failure: "" },
        { listening: [], failure: "[::1]:9101: this machine has no such address" },
      ]);
    },
  );

  test("ends all connections and leaves its port when it is closed", async () => {
    const rig = await HttpRig.start();
    const { port } = rig;
    using idle = await rig.connect();
    using asking = await rig.connect();
    rig.daemon.metrics = () => new Promise<string>(() => {});
    asking.send(request("/metrics"));
    await waitUntil("question", () => rig.clock.timers > 2);
    await rig.server.close();
    await Promise.all([idle.ends(), asking.ends()]);
    await using again = await HttpRig.start({ addresses: [loopback(port)] });
    expect(again.server.facts.failure).toBe("");
  });

  test("tries nothing again when it was closed while it began", async () => {
    await using other = await occupy();
    const rig = new HttpRig({ addresses: [loopback(other.port)] });
    const starting = rig.server.start();
    await Promise.resolve(); // it has asked the kernel
    await rig.server.close();
    await starting;
    expect(rig.clock.timers).toBe(0);
  });

  test("begins nothing when it was closed before", async () => {
    const rig = new HttpRig();
    await rig.server.close();
    await rig.server.start();
    expect(rig.server.facts.listening).toEqual([]);
    expect(rig.clock.timers).toBe(0);
  });
});

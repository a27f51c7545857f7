import { describe, expect, test } from "bun:test";

import { collectLog } from "../port/loglines.ts";
import { waitUntil } from "../support/deadline.ts";
import { HttpRig, request } from "./rig.ts";

const HOST = "Host: localhost\r\n";

/** What must not be answered with what was asked for: what is sent, the status (0: none), and whether it is no HTTP at all. */
const HOSTILE: readonly (readonly [name: string, sent: string, status: number, isMalformed: boolean])[] = [
  ["a header of 9,000 bytes", request("/-/ready", `X: ${"a".repeat(9000)}\r\n`), 431, true],
  ["a header without end", `GET /-/ready HTTP/1.1\r\n${HOST}X: ${"a".repeat(100_000)}`, 431, true],
  ["a URL of 20,000 bytes", request(`/${"a".repeat(20_000)}`), 431, true],
  ["a thousand headers", request("/-/ready", "a: bcdefgh\r\n".repeat(1000)), 431, true],
  ["both a length and chunks", request("/-/ready", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400, true],
  ["two lengths", request("/-/ready", "Content-Length: 3\r\nContent-Length: 4\r\n"), 400, true],
  ["a length that is no number", request("/-/ready", "Content-Length: 1x\r\n"), 400, true],
  ["line feeds only", `GET /-/ready HTTP/1.1\n${HOST.trim()}\n\n`, 400, true],
  ["a zero byte in the URL", request("/\0"), 400, true],
  ["a header with a zero byte", request("/-/ready", "X: \0\r\n"), 400, true],
  ["the start of a TLS handshake", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, true],
  ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, true],
  ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n", 400, true],
  ["a body where none belongs", request("/-/ready", "Content-Length: 5\r\n"), 413, false],
  ["chunks where none belong", request("/-/ready", "Transfer-Encoding: chunked\r\n"), 413, false],
  ["no Host", "GET /-/ready HTTP/1.1\r\n\r\n", 400, false],
  ["no Host of HTTP/1.0", "GET /-/ready HTTP/1.0\r\n\r\n", 400, false],
  ["two Hosts", request("/-/ready", "Host: localhost\r\n"), 400, false],
  ["the Host of another site", `GET /-/ready HTTP/1.1\r\nHost: evil.example\r\n\r\n`, 421, false],
  ["a proxy's target", request("http://localhost/-/ready"), 400, false],
  ["a target that is no path", request("*", "", "OPTIONS"), 400, false],
  ["CONNECT", `CONNECT localhost:80 HTTP/1.1\r\n${HOST}\r\n`, 0, false],
  ["a POST", request("/-/ready", "Content-Length: 5\r\n", "POST"), 405, false],
  ["TRACE", request("/-/ready", "", "TRACE"), 405, false],
  ["a path that is no UTF-8", request("/api/v1/ports/%ff"), 400, false],
  ["a way out of the path", request("/api/v1/ports/..%2f..%2fetc%2fpasswd"), 404, false],
];

describe("Front", () => {
  const log = collectLog();

  for (const [name, sent, status, isMalformed] of HOSTILE)
    test(`refuses ${name}, and serves the next client`, async () => {
      await using rig = await HttpRig.start();
      using client = await rig.connect();
      client.send(sent);
      if (status === 0) expect(await client.ends()).toBe("");
      else {
        const answer = await client.receives(/\r\n\r\n\{[^]*\}\n$/);
        expect(answer).toStartWith(`HTTP/1.1 ${status} `);
        expect(JSON.parse(answer.split("\r\n\r\n")[1]!)).toMatchObject({ status });
      }
      expect(rig.front.counters.malformed).toBe(Number(isMalformed));
      expect((await rig.fetch("/-/ready")).status).toBe(200);
      expect(log()).toHaveLength(1); // that it listens
    });

  test("ends a connection on which it refused what it cannot tell from the next request", async () => {
    await using rig = await HttpRig.start();
    for (const sent of [
      request("/-/ready", "Content-Length: 50\r\n"),
      request("/-/ready", "Content-Length: 50\r\n", "POST"),
      "GET / HTTP/1.1\r\n\r\n",
      "nonsense\r\n\r\n",
    ]) {
      using client = await rig.connect();
      client.send(sent);
      expect(await client.ends()).toContain("\r\nConnection: close\r\n");
    }
  });

  test("says nothing more when nonsense follows a request before its answer", async () => {
    await using rig = await HttpRig.start();
    using client = await rig.connect();
    client.send(`${request("/-/ready")}nonsense\r\n\r\n`);
    expect(await client.ends()).not.toContain("HTTP/1.1 400");
  });

  test("answers one request after the other on a connection, and says when it will end it", async () => {
    await using rig = await HttpRig.start();
    using client = await rig.connect();
    client.send(request("/-/ready"));
    expect(await client.receives(/\r\n\r\nready\n$/)).toContain("\r\nKeep-Alive: timeout=75\r\n");
    client.send(request("/-/healthy", "Connection: close\r\n"));
    expect(await client.ends()).toMatch(/\r\n\r\nready\nHTTP\/1\.1 200 [^]*\r\n\r\nhealthy, 100 of 100\n$/);
  });

  test("answers HEAD with the length of what GET has, and nothing of it", async () => {
    await using rig = await HttpRig.start();
    using client = await rig.connect();
    client.send(request("/metrics", "Connection: close\r\n", "HEAD"));
    expect(await client.ends()).toMatch(/^HTTP\/1\.1 200 [^]*\r\nContent-Length: 21\r\n[^]*\r\n\r\n$/);
  });

  test("answers HTTP/1.0, and ends the connection", async () => {
    await using rig = await HttpRig.start();
    using client = await rig.connect();
    client.send(`GET /-/ready HTTP/1.0\r\n${HOST}\r\n`);
    expect(await client.ends()).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nready\n$/);
  });

  test("says with every answer that it is for nobody else and not to be kept", async () => {
    await using rig = await HttpRig.start();
    for (const path of ["/", "/metrics", "/api/v1/status", "/nothing", "/-/healthy"]) {
      const { headers } = await rig.fetch(path);
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("x-frame-options")).toBe("DENY");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
      expect(headers.get("content-security-policy")).toStartWith("default-src 'none'; ");
      expect(headers.get("access-control-allow-origin")).toBeNull();
      expect(headers.get("server")).toBeNull();
    }
  });

  test("compresses what is long, for those who take that", async () => {
    await using rig = await HttpRig.start();
    rig.daemon.text = "portsyncd_events_processed_total 1\n".repeat(1000);
    const answers = await Promise.all(
      ["gzip", "identity"].map((encoding) => rig.fetch("/metrics", { headers: { "Accept-Encoding": encoding } })),
    );
    expect(answers.map(({ headers }) => headers.get("content-encoding"))).toEqual(["gzip", null]);
    expect(answers.map(({ headers }) => headers.get("vary"))).toEqual(["Accept-Encoding", "Accept-Encoding"]);
    expect(Number(answers[0]!.headers.get("content-length"))).toBeLessThan(rig.daemon.text.length / 10);
    expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual([rig.daemon.text, rig.daemon.text]);
    const { headers } = await rig.fetch("/-/ready", { headers: { "Accept-Encoding": "gzip" } });
    expect(headers.get("content-encoding")).toBeNull();
  });

  test("gives a hundred scrapers at once the same metrics, which it asks for a few times only", async () => {
    await using rig = await HttpRig.start();
    rig.daemon.text = "portsyncd_port_flaps_total 1\n".repeat(20_000);
    const answers = await Promise.all(Array.from({ length: 100 }, () => rig.fetch("/metrics")));
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    expect(texts.filter((text) => text === rig.daemon.text)).toHaveLength(100);
    expect(rig.daemon.asked.metrics).toBeGreaterThan(0);
    expect(rig.daemon.asked.metrics).toBeLessThan(50);
  });

  test("lets the event loop turn between a hundred large answers", async () => {
    await using rig = await HttpRig.start();
    rig.daemon.text = "portsyncd_port_flaps_total 1\n".repeat(20_000);
    const clients = await Promise.all(Array.from({ length: 100 }, () => rig.connect()));
    let turns = 0;
    let immediate = setImmediate(function turn() {
      turns++;
      immediate = setImmediate(turn);
    });
    for (const client of clients) client.send(request("/metrics", "Connection: close\r\n"));
    await waitUntil("100 answers begun", () => rig.front.counters.answers.get(200) === 100);
    const before = turns;
    await Promise.all(clients.map((client) => client.ends()));
    clearImmediate(immediate);
    expect(turns - before).toBeGreaterThan(50); // in one turn they would hold up everything else for as long as all take
    for (const client of clients) client[Symbol.dispose]();
  });

  test("bears a client that goes before its answer is there", async () => {
    await using rig = await HttpRig.start();
    const answer = Promise.withResolvers<string>();
    rig.daemon.metrics = () => answer.promise;
    {
      using client = await rig.connect();
      client.send(request("/metrics"));
      await waitUntil("question", () => rig.clock.timers > 1);
    }
    await waitUntil("no connection", () => rig.front.connections.size === 0);
    answer.resolve("late 1\n");
    expect((await rig.fetch("/-/ready")).status).toBe(200);
    expect(log()).toHaveLength(1);
  });

  test("tells the log of a mistake in an answer, the client that there was one, and goes on", async () => {
    await using rig = await HttpRig.start();
    rig.daemon.metrics = () => {
      throw new TypeError("the secret of the scrape");
    };
    const answer = await rig.fetch("/metrics");
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain("secret");
    expect(
      log().filter((line) => /^ERROR :- http: GET \/metrics was not answered: .*the secret/.test(line)),
    ).toHaveLength(1);
    expect((await rig.fetch("/-/ready")).status).toBe(200);
  });
});

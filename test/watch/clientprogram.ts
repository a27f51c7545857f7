import { connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

import { eachLine } from "../support/child.ts";
import type { Wanted } from "./namespaceclient.ts";

// An HTTP client of a test, run where the daemon's network is: a wish a line on stdin, its outcome a line on stdout.

/** Between two bytes of a client that takes its time. */
const TRICKLE_MS = 50;

const scraped = { answers: 0, bytes: 0, failures: [] as string[] };
let scraping = new AbortController();
let scrapers: Promise<unknown> = Promise.resolve();
let occupier: Server | undefined;
const slow: Socket[] = [];

async function get(url: string): Promise<object> {
  const response = await fetch(url);
  return { status: response.status, type: response.headers.get("content-type"), body: await response.text() };
}

async function scrape(url: string): Promise<void> {
  for (const { signal } = scraping; !signal.aborted;) {
    const response = await fetch(url);
    const body = await response.text();
    if (response.status === 200) scraped.answers++;
    else scraped.failures.push(`${response.status} ${body}`);
    scraped.bytes += body.length;
  }
}

/** The common name of a server's certificate. */
function subject(port: number, ca: string): Promise<object> {
  const { promise, resolve, reject } = Promise.withResolvers<object>();
  const socket = connectTls({ host: "127.0.0.1", port, ca, servername: "localhost" }, () => {
    resolve({ subject: socket.getPeerCertificate().subject.CN });
    socket.destroy();
  });
  socket.on("error", reject);
  return promise;
}

function occupy(port: number): Promise<object> {
  const { promise, resolve, reject } = Promise.withResolvers<object>();
  occupier = createServer((socket) => socket.destroy()).on("error", reject);
  occupier.listen(port, "127.0.0.1", () => resolve({}));
  return promise;
}

/** Begins a request on each of so many connections, and never comes to its end. */
async function trickle(port: number, count: number): Promise<object> {
  for (let i = 0; i < count; i++) {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.write("GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
    slow.push(socket);
  }
  setInterval(() => {
    for (const socket of slow) if (!socket.destroyed) socket.write("x");
  }, TRICKLE_MS);
  return {};
}

async function carryOut(wanted: Wanted): Promise<object> {
  switch (wanted.do) {
    case "get":
      return get(wanted.url);
    case "subject":
      return subject(wanted.port, wanted.ca);
    case "occupy":
      return occupy(wanted.port);
    case "free":
      occupier?.close();
      return {};
    case "scrape":
      scraping = new AbortController();
      scrapers = Promise.all(Array.from({ length: wanted.count }, () => scrape(wanted.url)));
      return {};
    case "scraped":
      return scraped;
    case "stop":
      scraping.abort();
      await scrapers;
      return scraped;
    case "trickle":
      return trickle(wanted.port, wanted.count);
    case "open":
      return { count: slow.filter(({ destroyed }) => !destroyed).length };
  }
}

await eachLine(Bun.stdin.stream(), (line) => {
  carryOut(JSON.parse(line) as Wanted)
    .catch((error: unknown) => ({ error: String(error) }))
    .then((outcome) => console.log(JSON.stringify(outcome)));
});

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";

import { getLog } from "../log/logger.ts";
import type { Clock } from "../util/clock.ts";
import { type Answer, problemAnswer, RequestError } from "./answer.ts";
import { acceptsGzip, BodyEncoder } from "./compression.ts";
import { Connections } from "./connections.ts";
import { hasBody, readInquiry } from "./inquiry.ts";
import type { HttpLimits } from "./limits.ts";
import type { Inquiry, Router } from "./router.ts";
import type { Turnstile } from "./turnstile.ts";

/** What every answer says: it is what it says it is, for nobody else, and not to be kept. */
const HEADERS: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};

/** What node:http calls a request that it cannot read, as status codes; all others are 400. */
const MALFORMED: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431 };

const log = getLog("http");

/** What was asked and answered. */
export interface FrontCounters {
  /** Answers by status code. */
  readonly answers: Map<number, number>;
  /** What could not be read as HTTP. */
  malformed: number;
}

/**
 * Speaks HTTP/1.1 on connections that listeners accept, and has requests answered by a router: node's parser, with
 * deadlines and bounds of our own, since node's begin after the TLS handshake and Bun's server has none.
 */
export class Front {
  readonly counters: FrontCounters = { answers: new Map(), malformed: 0 };
  readonly connections: Connections;
  readonly #limits: HttpLimits;
  readonly #router: Router;
  readonly #turnstile: Turnstile;
  readonly #http: Server;
  readonly #encoder = new BodyEncoder();

  /** `turnstile` is that of all that answers. */
  constructor(clock: Clock, limits: HttpLimits, router: Router, turnstile: Turnstile) {
    this.#limits = limits;
    this.#router = router;
    this.#turnstile = turnstile;
    this.connections = new Connections(clock, limits);
    const { mostHeaderBytes, mostHeaders, idleMs } = limits;
    this.#http = createServer({ maxHeaderSize: mostHeaderBytes, keepAliveTimeout: idleMs, requestTimeout: 0 });
    this.#http.maxHeadersCount = mostHeaders;
    const onRequest = (message: IncomingMessage, response: ServerResponse): void => this.#onRequest(message, response);
    // Nobody who expects to be told to go on sends what is wanted here.
    this.#http.on("request", onRequest).on("checkContinue", onRequest).on("checkExpectation", onRequest);
    this.#http.on("connect", (_message, socket) => void socket.destroy());
    this.#http.on("clientError", (error: Error & { code?: string }, socket) =>
      this.#onMalformed(error, socket as Socket),
    );
  }

  /** Speaks HTTP on a connection that connections.admit() let in and whose TLS handshake is over. */
  serve(socket: Socket): void {
    this.#http.emit("connection", socket);
  }

  /** Ends all connections. */
  close(): void {
    this.connections.destroy();
  }

  #onRequest(message: IncomingMessage, response: ServerResponse): void {
    const { socket } = message;
    if (!this.connections.begin(socket)) return;
    response.once("close", () => this.connections.end(socket));
    this.#answer(message, response)
      .then((answer) => this.#send(message, response, answer))
      .catch((error: unknown) => {
        log.error("an answer was not sent: {error}", { error });
        socket.destroy();
      });
  }

  async #answer(message: IncomingMessage, response: ServerResponse): Promise<Answer> {
    let inquiry: Inquiry;
    try {
      inquiry = readInquiry(message, this.#limits.mostBodyBytes);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      response.shouldKeepAlive = false; // what such a client sends next is not looked at
      return error.answer;
    }
    return this.#router.answer(inquiry);
  }

  async #send(message: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
    const { status, type, headers } = answer;
    this.counters.answers.set(status, (this.counters.answers.get(status) ?? 0) + 1);
    const { bytes, headers: encoding } = await this.#encoder.encode(
      answer,
      acceptsGzip(message.headers["accept-encoding"]),
    );
    // What is left of a body that nobody read would be taken for the next request.
    if (hasBody(message) && !message.complete) response.shouldKeepAlive = false;
    const head = { ...HEADERS, "Content-Type": type, "Content-Length": bytes.length, ...encoding, ...headers };
    // To hand over a large body takes as long as to make it, and many clients may wait for the same one.
    await this.#turnstile.run(() => {
      response.writeHead(status, head).end(bytes); // which leaves out the bytes for HEAD
    });
  }

  #onMalformed(error: Error & { code?: string }, socket: Socket): void {
    const isGone = error.code === "ECONNRESET" || error.code === "EPIPE" || !socket.writable;
    // In the middle of an answer nothing else can be said.
    if (isGone || this.connections.isBusy(socket)) return void socket.destroy();
    this.counters.malformed++;
    const code = error.code ?? "";
    const { status, type, body } = problemAnswer(MALFORMED[code] ?? 400, "this is not an HTTP/1.1 request");
    log.debug("{peer} sent what is no request: {code}", { peer: socket.remoteAddress, code });
    const head = `HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}`;
    socket.end(`${head}\r\n\r\n${String(body)}`, () => socket.destroy());
  }
}

import type { IncomingMessage } from "node:http";

import { refusal } from "./answer.ts";
import { isHostAllowed } from "./hostcheck.ts";
import type { Inquiry } from "./router.ts";

/** Reads a request; Throws RequestError for one that is not to be answered. */
export function readInquiry(message: IncomingMessage, mostBodyBytes: number): Inquiry {
  checkHost(message);
  const isReading = message.method === "GET" || message.method === "HEAD";
  if (isReading && hasBody(message)) throw refusal(413, "a request that only reads has no body");
  return {
    method: message.method ?? "",
    target: message.url ?? "",
    body: () => readObject(message, mostBodyBytes),
  };
}

/** Whether a body comes with a request: it has to be read, or the connection ends with the answer. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

function checkHost({ rawHeaders, socket }: IncomingMessage): void {
  const hosts = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]!.toLowerCase() === "host");
  if (hosts.length !== 1) throw refusal(400, "a request needs one Host header");
  const { localAddress } = socket; // of a Unix socket there is none: no browser gets there
  if (localAddress !== undefined && !isHostAllowed(hosts[0]!, localAddress))
    throw refusal(421, "this is another host: on a loopback address it is called localhost, 127.0.0.1 or [::1]");
}

async function readObject(message: IncomingMessage, mostBytes: number): Promise<Readonly<Record<string, unknown>>> {
  const type = message.headers["content-type"] ?? "";
  if (!/^application\/json *(;|$)/i.test(type)) throw refusal(415, "the body must be application/json");
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > mostBytes) throw refusal(413, `the body may have at most ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  const value = parseJson(Buffer.concat(chunks));
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw refusal(400, "the body must be a JSON object");
  return value as Record<string, unknown>;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw refusal(400, "the body is not JSON");
  }
}

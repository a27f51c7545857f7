import { readFile } from "node:fs/promises";
import type { IncomingMessage, RequestOptions } from "node:http";

import { type Answer, judgeStatus } from "../alert/answer.ts";

/** Of what a receiver answers, the beginning is enough to know why. */
const MOST_TEXT_BYTES = 512;

/** Says why something failed, in the words of its code where it has one. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return code !== "" && !error.message.includes(code) ? `${error.message} (${code})` : error.message;
}

/** The beginning of an answer's text, and its end where there is more: who sends without end is not listened to. */
async function beginning(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= MOST_TEXT_BYTES) break; // which closes the connection
  }
  return Buffer.concat(chunks).subarray(0, MOST_TEXT_BYTES).toString();
}

async function answerOf(url: string, body: string, options: RequestOptions): Promise<Answer> {
  // The daemon that has nobody to tell does without these.
  const { request } = await import(url.startsWith("https:") ? "node:https" : "node:http");
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const sent = request(url, { method: "POST", agent: false, headers, ...options }, resolve) as NodeJS.WritableStream;
  sent.on("error", reject);
  sent.end(body);
  const message = await promise;
  const text = await beginning(message);
  return judgeStatus(message.statusCode ?? 0, text, message.headers["retry-after"], Date.now());
}

/**
 * Posts JSON and says what came of it; what goes wrong on the way is "failed". Over a connection of its own, straight to the
 * URL: no proxy of the environment, no redirection. `ca` is a file, or "" for the CAs of the system.
 */
export async function postJson(url: string, body: string, ca: string, signal: AbortSignal): Promise<Answer> {
  try {
    const authorities = ca !== "" && url.startsWith("https:") ? { ca: await readFile(ca) } : {};
    return await answerOf(url, body, { signal, ...authorities });
  } catch (error) {
    return { kind: "failed", reason: reasonOf(error) };
  }
}

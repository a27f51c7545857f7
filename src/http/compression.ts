import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";

import type { Answer } from "./answer.ts";

/** Shorter bodies are sent as they are. */
const LEAST_BYTES = 2048;

const compress = promisify(gzip);

/** A body as it goes over the wire. */
export interface EncodedBody {
  readonly bytes: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** Whether a client takes gzip, by its Accept-Encoding (RFC 9110 section 12.5.3). */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  for (const entry of (acceptEncoding ?? "").toLowerCase().split(",")) {
    const [, weight] = /^\s*(?:gzip|x-gzip|\*)\s*(?:;\s*q=([\d.]+)\s*)?$/.exec(entry) ?? [undefined, "0"];
    if (Number(weight ?? 1) > 0) return true;
  }
  return false;
}

/** Encodes the bodies of answers; one that several clients get is encoded once. */
export class BodyEncoder {
  readonly #plain = new WeakMap<Answer, Uint8Array>();
  readonly #gzipped = new WeakMap<Answer, Promise<Uint8Array>>();

  /** The body, compressed if the client takes that and it is worth it; a thread of zlib does it. */
  async encode(answer: Answer, gzipAccepted: boolean): Promise<EncodedBody> {
    const plain = this.#bytes(answer);
    if (plain.length < LEAST_BYTES) return { bytes: plain, headers: {} };
    const headers = { Vary: "Accept-Encoding" };
    if (!gzipAccepted) return { bytes: plain, headers };
    let gzipped = this.#gzipped.get(answer);
    if (!gzipped) {
      gzipped = compress(plain, { level: constants.Z_BEST_SPEED });
      this.#gzipped.set(answer, gzipped);
    }
    return { bytes: await gzipped, headers: { ...headers, "Content-Encoding": "gzip" } };
  }

  #bytes(answer: Answer): Uint8Array {
    if (typeof answer.body !== "string") return answer.body;
    let bytes = this.#plain.get(answer);
    if (!bytes) {
      bytes = Buffer.from(answer.body);
      this.#plain.set(answer, bytes);
    }
    return bytes;
  }
}

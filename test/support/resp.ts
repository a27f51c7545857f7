/** An error reply. */
export class RespError extends Error {
  override readonly name = "RespError";
}

/** A reply of Redis; bytes are read as latin-1, so that none is lost. */
export type Reply = string | number | null | RespError | readonly Reply[];

/** One command as RESP2; characters above U+00FF are an error of the caller. */
export function encodeCommand(words: readonly string[]): Buffer {
  return Buffer.from(`*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`, "latin1");
}

const INCOMPLETE = Symbol("incomplete");

/** Cuts a stream of bytes into replies. A codec of its own, so that tests do not see through the daemon's library. */
export class ReplyReader {
  #text = "";
  #at = 0;

  /** The replies that `chunk` completes. */
  feed(chunk: Uint8Array): Reply[] {
    this.#text += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1");
    const replies: Reply[] = [];
    let end = 0;
    for (this.#at = 0; this.#at < this.#text.length; end = this.#at) {
      const reply = this.#read();
      if (reply === INCOMPLETE) break;
      replies.push(reply);
    }
    this.#text = this.#text.slice(end);
    return replies;
  }

  #line(): string | typeof INCOMPLETE {
    const end = this.#text.indexOf("\r\n", this.#at);
    if (end < 0) return INCOMPLETE;
    const line = this.#text.slice(this.#at, end);
    this.#at = end + 2;
    return line;
  }

  #read(): Reply | typeof INCOMPLETE {
    const line = this.#line();
    if (line === INCOMPLETE) return INCOMPLETE;
    const rest = line.slice(1);
    if (line.startsWith("+")) return rest;
    if (line.startsWith("-")) return new RespError(rest);
    if (line.startsWith(":")) return Number(rest);
    if (line.startsWith("$")) return this.#bulk(Number(rest));
    if (line.startsWith("*")) return this.#array(Number(rest));
    throw new Error(`not RESP2: ${JSON.stringify(line.slice(0, 40))}`);
  }

  #bulk(length: number): Reply | typeof INCOMPLETE {
    if (length < 0) return null;
    if (this.#text.length < this.#at + length + 2) return INCOMPLETE;
    const value = this.#text.slice(this.#at, this.#at + length);
    this.#at += length + 2;
    return value;
  }

  #array(length: number): Reply | typeof INCOMPLETE {
    if (length < 0) return null;
    const items: Reply[] = [];
    for (let i = 0; i < length; i++) {
      const item = this.#read();
      if (item === INCOMPLETE) return INCOMPLETE;
      items.push(item);
    }
    return items;
  }
}

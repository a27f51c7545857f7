/** Cuts what a Redis server sends in RESP2 into replies, byte for byte as they came. */
export class ReplyCutter {
  #text = "";

  /** The replies that a chunk completes, one character for each byte. */
  feed(chunk: Uint8Array): string[] {
    this.#text += Buffer.from(chunk).toString("latin1");
    const replies: string[] = [];
    for (let end = this.#end(0); end !== undefined; end = this.#end(0)) {
      replies.push(this.#text.slice(0, end));
      this.#text = this.#text.slice(end);
    }
    return replies;
  }

  /** Where the reply ends that begins at `start`; undefined when it has not come to its end. */
  #end(start: number): number | undefined {
    const lineEnd = this.#text.indexOf("\r\n", start) + 2;
    if (lineEnd < 2) return undefined;
    const length = Number(this.#text.slice(start + 1, lineEnd - 2));
    const type = this.#text[start];
    if (type === "$" && length >= 0) return this.#text.length < lineEnd + length + 2 ? undefined : lineEnd + length + 2;
    let end: number | undefined = lineEnd;
    if (type === "*") for (let i = 0; i < length && end !== undefined; i++) end = this.#end(end);
    return end;
  }
}

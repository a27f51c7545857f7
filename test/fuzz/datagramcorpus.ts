import corpus from "./corpus/datagrams.json" with { type: "json" };

/** A datagram that is odd in one way, or that was once got wrong. */
export interface CorpusDatagram {
  /** What is odd about it. */
  readonly name: string;
  readonly hex: string;
  /** What it says, as a human reads it: `new Ethernet0`, `other`, `undecoded REASON` or, in the end, `malformed REASON`. */
  readonly says: readonly string[];
}

/** The corpus, in the order of its file. */
export const CORPUS: readonly CorpusDatagram[] = corpus;

/** The bytes that hexadecimal digits stand for; white space does not count. */
export function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}

/** Datagrams as the corpus wants them, and how they get there. */
export function formatDatagrams(datagrams: readonly Uint8Array[]): string {
  const hex = datagrams.map((each) => Buffer.from(each).toString("hex"));
  return ["to be added to test/fuzz/corpus/datagrams.json, with a name that says what is odd:", ...hex].join("\n");
}

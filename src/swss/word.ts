// oxlint-disable-next-line no-control-regex
const ASCII = /^[\x00-\x7f]*$/;

/** The words of a command for a Redis client: text that is not ASCII goes out as the bytes it stands for (latin1). */
export function encodeWords(words: readonly string[]): readonly (string | Buffer)[] {
  return ASCII.test(words.join("")) ? words : words.map((word) => Buffer.from(word, "latin1"));
}

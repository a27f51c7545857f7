/** The words of a command for a Redis client: text that is not ASCII goes out as the bytes it stands for (latin1). */
export function encodeWords(words: readonly string[]): readonly (string | Buffer)[] {
  return words.every(isAscii) ? words : words.map((word) => Buffer.from(word, "latin1"));
}

/** A loop rather than an expression over all words put together: this is in the way of every event. */
function isAscii(word: string): boolean {
  for (let i = 0; i < word.length; i++) if (word.charCodeAt(i) > 0x7f) return false;
  return true;
}

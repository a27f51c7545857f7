// Cc and Cf hold what moves a cursor or reorders text, Cs the lone surrogates, Zl and Zp the separators that end a line.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const UNSAFE_OR_QUOTE = /["\\\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const BARE = /^[\x21\x23-\x26\x28-\x7e]+$/;
const MOST_DEPTH = 4;

function escapeCharacter(character: string): string {
  if (character === '"' || character === "\\") return `\\${character}`;
  const code = character.codePointAt(0)!;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\u{${code.toString(16)}}`;
}

/** Text that cannot break a line or drive a terminal: control, format and surrogate characters become \xNN or \uNNNN. */
export function escapeControls(text: string): string {
  return text.replace(UNSAFE, escapeCharacter);
}

/** A string from outside as one word: bare when it is plain printable ASCII, else in double quotes with escapes. */
export function quoteWord(text: string): string {
  return BARE.test(text) ? text : quoteString(text);
}

/** A string from outside in double quotes, with escapes. */
export function quoteString(text: string): string {
  return `"${text.replace(UNSAFE_OR_QUOTE, escapeCharacter)}"`;
}

/** A property value as log text; never throws, whatever the value. */
export function formatValue(value: unknown, depth = 0): string {
  try {
    if (typeof value === "string") return quoteWord(value);
    if (value === undefined || value === null) return "-";
    if (value instanceof Error) return quoteWord(value.message || value.name);
    if (Array.isArray(value) && depth < MOST_DEPTH)
      return value.map((item) => formatValue(item, depth + 1)).join(", ") || "-";
    if (typeof value === "object") return quoteWord(JSON.stringify(value, replaceForJson) ?? "-");
    return quoteWord(String(value));
  } catch {
    return "unprintable";
  }
}

/** What JSON.stringify cannot write as it is: errors become their message, big integers decimal strings. */
export function replaceForJson(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Error) return value.message || value.name;
  return value;
}

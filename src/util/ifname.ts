const ASCII = /^[\0-\x7f]*$/;
const BEYOND_ASCII = /[\x80-\xff]/g;
const ESCAPED = /\/x([89a-f][\da-f])/g;

/**
 * A name is bytes. Where they are UTF-8 it is shown as text; else those beyond ASCII become `/xNN`. Two names are never
 * shown alike, since no name of a netdev has a slash: of two series with the same labels Prometheus takes none at all.
 */
export function decodeName(name: string): string {
  if (ASCII.test(name)) return name;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(name, "latin1"));
  } catch {
    return name.replace(BEYOND_ASCII, (byte) => `/x${byte.charCodeAt(0).toString(16)}`);
  }
}

/** The bytes of a name that somebody wrote as it is shown, one character for each byte. */
export function encodeName(text: string): string {
  const bytes = Buffer.from(text, "utf8").toString("latin1");
  return bytes.replace(ESCAPED, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** A name is bytes; where they are UTF-8 it is shown as text, else one character for each byte. */
export function decodeName(name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(name, "latin1"));
  } catch {
    return name;
  }
}

/** The bytes of a name that somebody wrote as text, one character for each byte. */
export function encodeName(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

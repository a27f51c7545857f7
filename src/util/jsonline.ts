/** What JSON.stringify leaves as it is, though a terminal or a reader of lines acts on it. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A value as JSON on one line that is ASCII wherever a terminal could act on it. */
export function toJsonLine(value: object): string {
  return JSON.stringify(value).replace(UNSAFE, (characters) =>
    characters
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}

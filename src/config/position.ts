/** A place in a text, both numbers from 1; columns count UTF-16 units, as smol-toml's do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The names and array indexes that lead to a value. */
export type KeyPath = readonly (string | number)[];

/** Deeper than any key of ours; below it a hostile file would cost memory by the square of its depth. */
const MOST_DEPTH = 8;

/** Where each key and array element of a TOML text stands. */
export class KeyPositions {
  readonly #lineStarts: number[];
  readonly #offsets = new Map<string, number>();

  constructor(text: string, offsets: Iterable<readonly [KeyPath, number]>) {
    this.#lineStarts = [0, ...text.matchAll(/\n/g).map((match) => match.index + 1)];
    // The first mention counts: a table may be opened by a dotted key and go on later.
    for (const [path, offset] of offsets) {
      const id = JSON.stringify(path);
      if (!this.#offsets.has(id)) this.#offsets.set(id, offset);
    }
  }

  /** The position of a key, or of the nearest table around it that the text mentions. */
  find(path: KeyPath): Position | undefined {
    for (let length = Math.min(path.length, MOST_DEPTH); length > 0; length--) {
      const offset = this.#offsets.get(JSON.stringify(path.slice(0, length)));
      if (offset !== undefined) return this.#positionOf(offset);
    }
    return undefined;
  }

  #positionOf(offset: number): Position {
    let line = 0;
    for (let end = this.#lineStarts.length; end - line > 1;) {
      const middle = (line + end) >> 1;
      if (this.#lineStarts[middle]! <= offset) line = middle;
      else end = middle;
    }
    return { line: line + 1, column: offset - this.#lineStarts[line]! + 1 };
  }
}

/** Finds the keys of a text that a TOML parser has accepted; of anything else the positions are wrong, but it ends. */
export function findKeyPositions(text: string): KeyPositions {
  return new KeyPositions(text, new Scanner(text).scan());
}

interface KeyPart {
  readonly name: string;
  readonly offset: number;
}

/** Reads keys and steps over values; the grammar of values is the parser's business. */
class Scanner {
  readonly #text: string;
  #at = 0;
  readonly #found: [KeyPath, number][] = [];
  /** How many elements each array of tables has so far. */
  readonly #lengths = new Map<string, number>();

  constructor(text: string) {
    this.#text = text;
  }

  scan(): [KeyPath, number][] {
    let table: KeyPath = [];
    for (this.#skipVoid(); this.#at < this.#text.length; this.#skipVoid()) {
      if (this.#text[this.#at] === "[") table = this.#readHeader();
      else this.#readPair(table);
    }
    return this.#found;
  }

  #readHeader(): KeyPath {
    const isArray = this.#text.startsWith("[[", this.#at);
    this.#at += isArray ? 2 : 1;
    const parts = this.#readKey("]");
    this.#at += isArray ? 2 : 1;
    let path: KeyPath = [];
    for (const [index, part] of parts.entries()) {
      path = this.#note(path, part.name, part.offset);
      const id = JSON.stringify(path);
      if (isArray && index === parts.length - 1) this.#lengths.set(id, (this.#lengths.get(id) ?? 0) + 1);
      const length = this.#lengths.get(id);
      if (length !== undefined) path = this.#note(path, length - 1, part.offset);
    }
    return path;
  }

  #readPair(table: KeyPath): void {
    let path = table;
    for (const part of this.#readKey("=")) path = this.#note(path, part.name, part.offset);
    this.#at++;
    this.#skipVoid();
    this.#readValue(path);
  }

  #readKey(end: string): KeyPart[] {
    const parts: KeyPart[] = [];
    while (this.#at < this.#text.length) {
      this.#skip(/[ \t.]*/y);
      const offset = this.#at;
      const character = this.#text[this.#at];
      if (character === end || character === undefined) break;
      const isQuoted = character === '"' || character === "'";
      const raw = this.#skip(isQuoted ? /"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/y : /[\w-]+/y);
      if (raw === "") break;
      parts.push({ name: isQuoted ? unquote(raw) : raw, offset });
    }
    return parts;
  }

  #readValue(path: KeyPath): void {
    const character = this.#text[this.#at];
    if (character === "[") this.#readArray(path);
    else if (character === "{") this.#readInlineTable(path);
    // A multi-line string may end in five quotes, of which two belong to it.
    else if (this.#text.startsWith('"""', this.#at)) this.#skip(/"""(?:[^\\]|\\[^])*?"""(?!")/y);
    else if (this.#text.startsWith("'''", this.#at)) this.#skip(/'''[^]*?'''(?!')/y);
    else if (character === '"' || character === "'") this.#skip(/"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/y);
    else this.#skip(/[^\s,\]}#]+(?: \d[^\s,\]}#]*)?/y);
  }

  #readArray(path: KeyPath): void {
    this.#at++;
    for (let index = 0; this.#atItem("]"); index++) {
      const start = this.#at;
      this.#readValue(this.#note(path, index, this.#at));
      if (this.#at === start) this.#at++;
    }
    this.#at++;
  }

  #readInlineTable(path: KeyPath): void {
    this.#at++;
    while (this.#atItem("}")) this.#readPair(path);
    this.#at++;
  }

  /** Steps to the next item of an array or inline table; false at its end. */
  #atItem(end: string): boolean {
    this.#skipVoid();
    if (this.#text[this.#at] === ",") this.#at++;
    this.#skipVoid();
    return this.#at < this.#text.length && this.#text[this.#at] !== end;
  }

  #skipVoid(): void {
    this.#skip(/(?:[ \t\r\n\uFEFF]|#[^\n]*)*/y);
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const matched = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += matched.length;
    return matched;
  }

  #note(parent: KeyPath, part: string | number, offset: number): KeyPath {
    if (parent.length >= MOST_DEPTH) return parent;
    const path = [...parent, part];
    this.#found.push([path, offset]);
    return path;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { b: "\b", t: "\t", n: "\n", f: "\f", r: "\r", e: "\x1b" };

function unquote(raw: string): string {
  const body = raw.slice(1, -1);
  if (raw[0] === "'") return body;
  return body.replace(/\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|(.))/g, (_all, x, u, long, single) => {
    const hex: string | undefined = x ?? u ?? long;
    if (hex === undefined) return ESCAPES[single] ?? single;
    const code = Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : "";
  });
}

import * as fc from "fast-check";

import { REFERENCE } from "./configreference.ts";

/** The headers and keys of the reference, line by line, every key uncommented. */
const LINES = REFERENCE.replace(/^#(?=\w+ = )/gm, "").match(/^[\w[].*/gm) ?? [];
const RULES = [
  "[[alerts.rules]]",
  'id = "redis_down"',
  "for_secs = 30",
  "[[alerts.rules]]",
  'id = "deep_queue"',
  'metric = "portsyncd_queue_depth"',
  'condition = "between"',
  "range = [100, 1e9]",
  'summary = "{value}"',
];

const NUMBERS = "0 -0 -1 1 1.5 1e400 -1e-400 nan -inf 0x7fffffffffffffff 99999999999999999999 1_000 true false".split(
  " ",
);
const TEXTS = ['""', "'x'", '"\\u0000"', '"\\ud800"', '"/"', '"sonic"', '"adopt"', '"debug"', '"""\n[log]\n"""'];
const OTHERS = ["[]", "[[]]", '["eth*"]', '["", 1, {}]', "{}", "{ a = 1 }", "{ __proto__ = { polluted = 1 } }", "["];
const TIMES = ["1979-05-27", "1979-05-27T07:32:00Z", "9999-99-99", "25:00:00", "07:32:00"];
const LONG = [`${"[".repeat(40)}${"]".repeat(40)}`, `"${"x".repeat(5000)}"`, "9".repeat(400)];
const VALUES = [...NUMBERS, ...TEXTS, ...OTHERS, ...TIMES, ...LONG];
const PLAIN_KEYS =
  "mode log log.level toString redis_prot __proto__ constructor __proto__.polluted constructor.prototype.polluted";
const ODD_KEYS = [
  '"mode"',
  "'log'.level",
  '""',
  '"a.b"',
  '"\\u0000"',
  "store . enabled",
  "id",
  "range",
  "a.b.c.d.e.f.g.h.i.j",
];
const KEYS = [...PLAIN_KEYS.split(" "), ...ODD_KEYS];
const HEADERS = [
  "[log]",
  "[ log ]",
  "[[log]]",
  "[database]",
  "[[alerts.rules]]",
  "[__proto__]",
  "[constructor.prototype]",
  "[log.level]",
  "[",
  "[]",
];
const RAW = ["\uFEFF", "\0", "\r", "\r\n", "\u2028", "\x1b[2J", "\t", "=", "\\", '"', "'''", "#", "\u{1F600}", "\x7f"];

interface LineEdit {
  readonly kind: "drop" | "double" | "swap" | "value" | "key" | "pair" | "header" | "raw" | "comment" | "cut";
  readonly at: number;
  readonly to: number;
}

const lineEdit: fc.Arbitrary<LineEdit> = fc.record({
  kind: fc.constantFrom("drop", "double", "swap", "value", "key", "pair", "header", "raw", "comment", "cut"),
  at: fc.nat(9999),
  to: fc.nat(9999),
});

function pick(list: readonly string[], at: number): string {
  return list[at % list.length]!;
}

function editLines(lines: string[], { kind, at, to }: LineEdit): void {
  const here = at % (lines.length || 1);
  const line = lines[here] ?? "";
  const there = to % (lines.length || 1);
  if (kind === "drop") lines.splice(here, 1);
  else if (kind === "double") lines.splice(there, 0, line);
  else if (kind === "swap") [lines[here], lines[there]] = [lines[there] ?? "", line];
  else if (kind === "value") lines[here] = line.replace(/= .*/, () => `= ${pick(VALUES, to)}`);
  else if (kind === "key") lines[here] = line.replace(/^\w+/, () => pick(KEYS, to));
  else if (kind === "pair") lines.splice(here, 0, `${pick(KEYS, to)} = ${pick(VALUES, at)}`);
  else if (kind === "header") lines.splice(here, 0, pick(HEADERS, to));
  else if (kind === "raw")
    lines[here] = line.slice(0, to % (line.length + 1)) + pick(RAW, at) + line.slice(to % (line.length + 1));
  else if (kind === "comment") lines[here] = `#${line}`;
  else lines.length = here;
}

const oneValue = fc.record({ kind: fc.constant("value" as const), at: fc.nat(9999), to: fc.nat(9999) });
const edits = fc.oneof(fc.array(lineEdit, { maxLength: 5 }), fc.tuple(oneValue));
const odd = fc.tuple(edits, fc.constantFrom("\n", "\r\n")).map(([all, end]) => {
  const lines = [...LINES.filter((line) => !line.startsWith("rules = ")), ...RULES];
  for (const edit of all) editLines(lines, edit);
  return Buffer.from(lines.join(end));
});
const broken = fc
  .tuple(odd, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }))
  .map(([bytes, flips]) => {
    for (const [at, byte] of flips) bytes[at % (bytes.length || 1)] = byte;
    return bytes;
  });
const lines = fc
  .array(
    fc.oneof(
      fc.constantFrom(...HEADERS),
      fc.tuple(fc.constantFrom(...KEYS), fc.constantFrom(...VALUES)).map((pair) => pair.join(" = ")),
    ),
    { maxLength: 12 },
  )
  .map((all) => Buffer.from(all.join("\n")));
const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));

/** Bytes of a configuration file: mostly the reference with something odd about it. */
export const configBytes: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 6, arbitrary: odd },
  { weight: 2, arbitrary: broken },
  { weight: 3, arbitrary: lines },
  { weight: 1, arbitrary: noise },
);

const MOST = 2 ** 20;

function filled(piece: string, bytes = MOST): string {
  return piece.repeat(Math.floor(bytes / piece.length));
}

/** Files that a reader without limits would hang or choke on, by what they are. */
export const HUGE_TEXTS: Readonly<Record<string, string>> = {
  "sixty thousand rules": filled("[[alerts.rules]]\n"),
  "fifty thousand wrong keys of one rule": `[[alerts.rules]]\n${Array.from({ length: 50_000 }, (_, i) => `k${i} = 1\n`).join("")}`,
  "a mebibyte of brackets": filled("["),
  "arrays as deep as a mebibyte allows": `a = ${filled("[", MOST / 2 - 8)}${filled("]", MOST / 2 - 8)}`,
  "inline tables as deep as a mebibyte allows": `a = ${filled("{a=", MOST - 8)}`,
  "a key of half a million parts": `${filled("a.", MOST - 8)}b = 1`,
  "a key of a mebibyte": `${filled("k", MOST - 8)} = 1`,
  "a string of a mebibyte": `mode = "${filled("x", MOST - 16)}"`,
  "a number of a hundred thousand digits": `database.redis_port = ${filled("9", 100_000)}`,
  "a string that never ends": `a = """${filled('"" ', MOST - 16)}`,
  "escapes and nothing else": `a = "${filled("\\", MOST - 16)}`,
  "fifty thousand tables of one array": filled("[[a]]\n", 300_000),
  "ten thousand keys that are not known": Array.from({ length: 10_000 }, (_, i) => `k${i} = 1\n`).join(""),
  "thirty thousand wrong elements": `standalone.port_patterns = [${filled("1,", 60_000)}]`,
};

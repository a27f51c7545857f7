/** A family of the text format. */
export interface Family {
  readonly type: string;
  readonly help: string;
  /** By the name of the series and its labels, as in `name{a="b"}`, in their order. */
  readonly series: ReadonlyMap<string, number>;
}

// A reader of the text format 0.0.4 after its description, and strict: written apart from what writes it.
const HEAD = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;

function parseNumber(text: string): number {
  if (!/^(?:[+-]?Inf|NaN|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.test(text)) throw new Error(`no number: ${text}`);
  return Number(text.replace("Inf", "Infinity"));
}

function parseLabels(text: string): Map<string, string> {
  const labels = new Map<string, string>();
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const found = LABEL.exec(text);
    if (!found) throw new Error(`no labels: ${text}`);
    const [, name, value] = found;
    if (labels.has(name!)) throw new Error(`${name} twice: ${text}`);
    const escapes: Record<string, string> = { n: "\n", '"': '"', "\\": "\\" };
    labels.set(
      name!,
      value!.replace(/\\(.)/g, (_, escaped: string) => escapes[escaped]!),
    );
  }
  return labels;
}

/** The name under which a series is found. */
export function seriesName(name: string, labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`;
}

/** Reads what /metrics shows; throws for what is not as the format says. */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const families = new Map<string, { type: string; help: string; series: Map<string, number> }>();
  let current: { name: string; type: string } | undefined;
  for (const line of text.slice(0, -1).split("\n")) {
    const head = HEAD.exec(line);
    if (head) {
      const [, kind, name, rest] = head;
      if (kind === "HELP") {
        if (families.has(name!)) throw new Error(`${name} twice`);
        families.set(name!, { type: "", help: rest!, series: new Map() });
        current = { name: name!, type: "" };
      } else {
        if (current?.name !== name || current?.type !== "") throw new Error(`the type of ${name} comes elsewhere`);
        families.get(name!)!.type = current!.type = rest!;
      }
      continue;
    }
    const sample = SAMPLE.exec(line);
    if (!sample || !current) throw new Error(`neither comment nor sample: ${line}`);
    const [, name, labels, value] = sample;
    const ends = current.type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
    if (!ends.some((end) => name === current!.name + end)) throw new Error(`${name} among ${current.name}`);
    const { series } = families.get(current.name)!;
    const key = seriesName(name!, Object.fromEntries(parseLabels(labels ?? "")));
    if (series.has(key)) throw new Error(`${key} twice`);
    series.set(key, parseNumber(value!));
  }
  return families;
}

/** All series of all families. */
export function seriesOf(families: ReadonlyMap<string, Family>): Map<string, number> {
  const all = new Map<string, number>();
  for (const { series } of families.values()) for (const [name, value] of series) all.set(name, value);
  return all;
}

import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { measuredDaemon } from "./subject.ts";

/** One line of a result: numbers have their unit in their name. */
export type Row = Readonly<Record<string, string | number>>;

/** Results by the titles under which they are printed. */
export type Tables = Readonly<Record<string, readonly Row[]>>;

/** What the numbers depend on. */
export interface Machine {
  /** What was measured. */
  readonly daemon: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly bun: string;
  readonly redis: string;
  /** The commit, with `+` when files differ from it; empty outside of a checkout. */
  readonly revision: string;
  readonly time: string;
}

const ROOT = join(import.meta.dir, "..");
const EX_USAGE = 64;

/** The machine that this runs on. */
function describeMachine(daemon: string): Machine {
  const [processor] = cpus();
  const changed = output(["git", "status", "--porcelain"]) !== "";
  return {
    daemon,
    processor: processor?.model ?? "unknown",
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    bun: Bun.version,
    redis: /v=(\S+)/.exec(output(["redis-server", "--version"]))?.[1] ?? "none",
    revision: `${output(["git", "rev-parse", "--short", "HEAD"])}${changed ? "+" : ""}`,
    time: new Date().toISOString(),
  };
}

function output(command: readonly string[]): string {
  if (Bun.which(command[0]!) === null) return "";
  return Bun.spawnSync([...command], { cwd: ROOT, stderr: "ignore" })
    .stdout.toString()
    .trim();
}

function text(value: string | number | undefined): string {
  if (typeof value !== "number") return value ?? "";
  return value.toLocaleString("en-US", { maximumFractionDigits: value < 10 ? 2 : value < 1000 ? 1 : 0 });
}

/** Rows under the names of their values, numbers to the right; for terminals, and as Markdown for the README. */
export function formatRows(rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const widths = names.map((name) => Math.max(name.length, ...rows.map((row) => text(row[name]).length)));
  const numeric = names.map((name) => rows.every((row) => typeof row[name] !== "string"));
  const pad = (cell: string, i: number) => (numeric[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!));
  const line = (cells: readonly string[]) => `| ${cells.map(pad).join(" | ")} |`;
  const rule = `| ${widths.map((width, i) => (numeric[i] ? `${"-".repeat(width - 1)}:` : "-".repeat(width))).join(" | ")} |`;
  return [line(names), rule, ...rows.map((row) => line(names.map((name) => text(row[name]))))].join("\n");
}

/** Prints results as tables, and writes them as JSON where --json says, with `raw` beside them. */
export async function report(
  bench: string,
  tables: Tables,
  jsonFile: string | undefined,
  { measured = measuredDaemon().name, raw }: { readonly measured?: string; readonly raw?: unknown } = {},
): Promise<void> {
  const machine = describeMachine(measured);
  const { daemon, processor, cores, kernel, bun, redis, revision } = machine;
  console.log(
    `${bench} of ${daemon}: ${processor}, ${cores} cores, Linux ${kernel}, Bun ${bun}, Redis ${redis}, revision ${revision}`,
  );
  for (const [title, rows] of Object.entries(tables)) console.log(`\n${title}\n${formatRows(rows)}`);
  if (jsonFile) await Bun.write(jsonFile, `${JSON.stringify({ bench, machine, tables, raw }, null, 2)}\n`);
}

/**
 * The options of a bench: whole numbers, or lists of them where the usage says `N,...`, with their defaults; and --json FILE. Prints `usage` for --help and ends
 * with 64 when the arguments are wrong.
 */
export function benchOptions<Name extends string>(
  usage: string,
  defaults: Readonly<Record<Name, string>>,
): { readonly numbers: Readonly<Record<Name, readonly number[]>>; readonly json: string | undefined } {
  const names = Object.keys(defaults) as Name[];
  const word = { type: "string" } as const;
  try {
    const options = { ...Object.fromEntries(names.map((name) => [name, word])), json: word, help: { type: "boolean" } };
    const { values } = parseArgs({ args: process.argv.slice(2), options: options as Record<string, typeof word> });
    if (values["help"]) {
      console.log(usage);
      process.exit(0);
    }
    const numbers = names.map((name) => {
      const isList = usage.includes(`--${name} N,...`);
      return [name, wholeNumbers(name, values[name] ?? defaults[name], isList)];
    });
    return { numbers: Object.fromEntries(numbers), json: values["json"] };
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(EX_USAGE);
  }
}

function wholeNumbers(name: string, words: string, isList: boolean): number[] {
  const numbers = isList ? words.split(",").map(Number) : [Number(words)];
  if (numbers.every((number) => Number.isInteger(number) && number > 0)) return numbers;
  const allowed = isList ? "are whole numbers above 0, separated by commas" : "is one whole number above 0";
  throw new Error(`--${name} ${words}: allowed ${allowed}`);
}

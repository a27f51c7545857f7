import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

/** One line of a result: numbers have their unit in their name. */
export type Row = Readonly<Record<string, string | number>>;

/** What the numbers depend on. */
export interface Machine {
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
export function describeMachine(): Machine {
  const [processor] = cpus();
  const changed = output(["git", "status", "--porcelain"]) !== "";
  return {
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
  return typeof value === "number" ? value.toLocaleString("en-US", { maximumFractionDigits: 1 }) : (value ?? "");
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

/** Prints a result as a table, and writes it as JSON where --json says. */
export async function report(bench: string, rows: readonly Row[], jsonFile: string | undefined): Promise<void> {
  const machine = describeMachine();
  const { processor, cores, kernel, bun, redis, revision } = machine;
  console.log(
    `${bench}: ${processor}, ${cores} cores, Linux ${kernel}, Bun ${bun}, Redis ${redis}, revision ${revision}`,
  );
  console.log(formatRows(rows));
  if (jsonFile) await Bun.write(jsonFile, `${JSON.stringify({ bench, machine, rows }, null, 2)}\n`);
}

/** The middle of the values; of an even number of them, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle) - 1]!) / 2;
}

/**
 * The options of a bench: whole numbers, or lists of them, with their defaults; and --json FILE. Prints `usage` for --help and ends
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
    const numbers = names.map((name) => [name, wholeNumbers(name, values[name] ?? defaults[name])]);
    return { numbers: Object.fromEntries(numbers), json: values["json"] };
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(EX_USAGE);
  }
}

function wholeNumbers(name: string, words: string): number[] {
  const numbers = words.split(",").map(Number);
  if (numbers.every((number) => Number.isInteger(number) && number > 0)) return numbers;
  throw new Error(`--${name} ${words}: allowed are whole numbers above 0, separated by commas`);
}

import { existsSync } from "node:fs";
import { join } from "node:path";

import { eachLine } from "./child.ts";
import { canUseNamespaces, unshareCommand } from "./namespace.ts";
import { all, needsCommands, needsRoot } from "./requirement.ts";
import { TempDir } from "./tempdir.ts";

/** How many checks or tests ended in which way. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const ROOT = join(import.meta.dir, "../..");
const BUN = process.execPath;
const PASSED: Counts = { passed: 1, failed: 0, skipped: 0 };
const FAILED: Counts = { passed: 0, failed: 1, skipped: 0 };
/** Test files at a time: most of them wait for something most of the time. */
const PROCESSES = 3;
/** Of tests that name none: a machine may be busy. */
const TIMEOUT_MS = 60_000;
const BINARY = join(ROOT, "dist/portsyncd");
const PARITY = join(ROOT, "../shared/parity/parity.py");

/** `N passed, N failed`, and `, N skipped` when there are any. */
export function formatCounts({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** The sum. */
export function addCounts(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** Reads the totals of `bun test`'s JUnit report. A run that failed without a failed test, or without a report, counts as one failure. */
export function countJunit(report: string, exitCode: number): Counts {
  const [, attributes = ""] = /<testsuites\b([^>]*)>/.exec(report) ?? [];
  const number = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(attributes)?.[1] ?? 0);
  const [tests, skipped] = [number("tests"), number("skipped")];
  const failures = number("failures") + number("errors");
  const failed = failures === 0 && (exitCode !== 0 || tests === 0) ? 1 : failures;
  return { passed: Math.max(0, tests - skipped - failures), failed, skipped };
}

/** Reads parity.py's closing line; undefined for any other. */
export function parseParityCounts(line: string): Counts | undefined {
  const [, passed, failed] = /^(\d+) passed, (\d+) failed$/.exec(line) ?? [];
  return passed === undefined ? undefined : { passed: Number(passed), failed: Number(failed), skipped: 0 };
}

let running: Bun.Subprocess | undefined;
let interrupted = false;

/** Runs a command in a process group of its own, so that it can be ended with all that it started. */
async function run(command: readonly string[], see?: (line: string) => void): Promise<number> {
  const options = { stdin: "ignore", stderr: "inherit", detached: true, cwd: ROOT } as const;
  const child = Bun.spawn([...command], { ...options, stdout: see ? "pipe" : "inherit" });
  running = child;
  if (child.stdout && see) await eachLine(child.stdout, see);
  const code = await child.exited;
  running = undefined;
  return code;
}

function endRunning(signal: NodeJS.Signals): void {
  if (!running) return;
  try {
    process.kill(-running.pid, signal);
  } catch {
    // It has just ended by itself.
  }
}

function exitWhenInterrupted(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (interrupted) endRunning("SIGKILL");
      interrupted = true;
      endRunning("SIGTERM");
      setTimeout(() => endRunning("SIGKILL"), 2000).unref();
    });
  }
}

async function check(name: string, command: readonly string[]): Promise<Counts> {
  console.log(`\n== ${name}`);
  const code = await run(command);
  if (code !== 0) console.log(`${name}: failed (exit ${code})`);
  return code === 0 ? PASSED : FAILED;
}

async function tests(args: readonly string[]): Promise<Counts> {
  await using dir = new TempDir();
  const report = dir.file("junit.xml");
  const able = canUseNamespaces();
  console.log(`\n== tests${able.ok ? "" : `, in the machine's own network: ${able.reason}`}`);
  const command = [
    BUN,
    "test",
    `--parallel=${PROCESSES}`,
    `--timeout=${TIMEOUT_MS}`,
    "--reporter=junit",
    `--reporter-outfile=${report}`,
    ...args,
  ];
  const code = await run([...(able.ok ? unshareCommand() : []), ...command]);
  return countJunit(existsSync(report) ? await Bun.file(report).text() : "", code);
}

async function parity(): Promise<Counts> {
  if (!existsSync(PARITY)) return { passed: 0, failed: 0, skipped: 0 };
  console.log("\n== parity with the C++ portsyncd");
  const able = all(needsRoot(), canUseNamespaces(), needsCommands("python3", "redis-server"));
  if (!able.ok) {
    console.log(`skipped: ${able.reason}`);
    return { passed: 0, failed: 0, skipped: 1 };
  }
  let counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  const code = await run(["python3", PARITY, "check", "--daemon", BINARY, "--jobs", "2"], (line) => {
    const parsed = parseParityCounts(line);
    // The one closing line is the last of all.
    if (parsed) counts = parsed;
    else console.log(line);
  });
  return counts.failed === 0 && code !== 0 ? addCounts(counts, FAILED) : counts;
}

async function main(): Promise<number> {
  exitWhenInterrupted();
  const steps = [
    () => check("types", [BUN, "check", "--no-script"]),
    () => check("format", [BUN, "fmt", "--no-script", "--check"]),
    () => check("lint", [BUN, "x", "--no-install", "oxlint"]),
    () => check("build", [BUN, "run", "build"]),
    () => tests(process.argv.slice(2)),
    parity,
  ];
  let counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const step of steps) {
    counts = addCounts(counts, await step());
    if (interrupted) break;
  }
  if (interrupted) {
    console.log("\ninterrupted");
    return 130;
  }
  console.log(`\n${formatCounts(counts)}`);
  return counts.failed === 0 ? 0 : 1;
}

if (import.meta.main) process.exit(await main());

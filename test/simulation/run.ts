import { tmpdir } from "node:os";
import { join } from "node:path";

import { SystemError } from "../../ffi/libc.ts";
import { Coverage } from "./coverage.ts";
import { makePlan } from "./plan.ts";
import type { Plan } from "./scenario.ts";
import { shrink } from "./shrink.ts";
import { type Outcome, simulate } from "./simulate.ts";

/** What the command line asks for. */
interface RunOptions {
  readonly from: number;
  readonly seeds: number;
  readonly jobs: number;
  readonly trace: string | undefined;
  readonly verbose: boolean;
  /** Prints the result as JSON and nothing else, for the process that began this one. */
  readonly asJob: boolean;
}

/** What a range of seeds came to. */
export interface RunResult {
  seeds: number;
  /** The first plan that violated something, and how. */
  failure: { plan: Plan; message: string } | undefined;
  coverage: Record<string, number>;
  /** After how many simulated milliseconds all was right, and in how many seeds. */
  converged: Record<string, number>;
}

const USAGE = `usage: bun test/simulation/run.ts --seeds N [--from M] [--jobs J]
       bun test/simulation/run.ts --seed N [--trace FILE] [--verbose]`;
const PROGRESS_SEEDS = 1000;

function parseArguments(args: readonly string[]): RunOptions {
  const values = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const flag = args[i]!;
    if (flag === "--verbose" || flag === "--as-job") values.set(flag, "1");
    else if (["--seed", "--seeds", "--from", "--jobs", "--trace"].includes(flag)) values.set(flag, args[++i] ?? "");
    else fail(USAGE);
  }
  const number = (flag: string, otherwise: number) => Number(values.get(flag) ?? otherwise);
  const seed = values.get("--seed");
  return {
    from: seed === undefined ? number("--from", 1) : Number(seed),
    seeds: seed === undefined ? number("--seeds", 1000) : 1,
    jobs: number("--jobs", 1),
    trace: values.get("--trace"),
    verbose: values.has("--verbose"),
    asJob: values.has("--as-job"),
  };
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

/** Runs seeds until one fails; also when the daemon leaves a promise rejected that nobody handles. */
export async function runSeeds(from: number, seeds: number, onProgress = (_done: number) => {}): Promise<RunResult> {
  using rejections = watchRejections();
  const coverage = new Coverage();
  const converged = new Coverage();
  const result: RunResult = { seeds: 0, failure: undefined, coverage: {}, converged: {} };
  for (let seed = from; seed < from + seeds && !result.failure; seed++) {
    const plan = makePlan(seed);
    const { violation, convergedMs } = simulate(plan, coverage);
    converged.count(String(convergedMs));
    result.seeds++;
    await nextTurn(); // rejections are told when the event loop turns
    const message = violation?.message ?? rejections.take();
    if (message !== undefined) result.failure = { plan, message };
    if (result.seeds % PROGRESS_SEEDS === 0) onProgress(result.seeds);
  }
  return { ...result, coverage: coverage.toJSON(), converged: converged.toJSON() };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Hears of rejections that nobody handled; those of a socket that the simulation broke are expected. */
function watchRejections(): Disposable & { take(): string | undefined } {
  let first: string | undefined;
  const onRejection = (error: unknown) => {
    if (!(error instanceof SystemError)) first ??= `unhandled rejection: ${String(error)}`;
  };
  process.on("unhandledRejection", onRejection);
  return {
    take: () => first,
    [Symbol.dispose]: () => void process.off("unhandledRejection", onRejection),
  };
}

/** Splits the range among processes. */
async function runJobs({ from, seeds, jobs }: RunOptions): Promise<RunResult[]> {
  const share = Math.ceil(seeds / jobs);
  const starts = Array.from({ length: jobs }, (_, i) => from + i * share);
  return Promise.all(
    starts.map(async (start) => {
      const count = Math.min(share, from + seeds - start);
      const args = [import.meta.path, "--as-job", "--from", String(start), "--seeds", String(Math.max(0, count))];
      const child = Bun.spawn([process.execPath, ...args], { stdout: "pipe", stderr: "inherit" });
      return (await new Response(child.stdout).json()) as RunResult;
    }),
  );
}

function report(results: readonly RunResult[], seconds: number): void {
  const coverage = new Coverage();
  const converged = new Coverage();
  for (const result of results) {
    coverage.add(result.coverage);
    converged.add(result.converged);
  }
  for (const [name, times] of Object.entries(coverage.toJSON())) console.log(`${String(times).padStart(10)} ${name}`);
  const byTime = Object.entries(converged.toJSON()).sort(([a], [b]) => Number(a) - Number(b));
  console.log(`all right after so many simulated milliseconds: ${byTime.map(([ms, n]) => `${ms}:${n}`).join(" ")}`);
  const seeds = results.reduce((sum, result) => sum + result.seeds, 0);
  console.log(`${seeds} seeds, ${Math.round(seeds / seconds)} seeds/s`);
}

/** Prints the seed, the fewest operations that still fail, and how to repeat it. */
async function explain(plan: Plan, message: string): Promise<void> {
  console.log(`seed ${plan.seed}: ${message}`);
  const invariant = simulate(plan).violation?.invariant;
  if (invariant === undefined) return console.log("it does not fail again: the simulation is not deterministic");
  const shrunk = shrink(plan, (fewer) => simulate(fewer).violation?.invariant === invariant);
  const file = join(tmpdir(), `simulation-${plan.seed}.json`);
  await Bun.write(file, `${JSON.stringify(shrunk, undefined, 1)}\n`);
  console.log(JSON.stringify(shrunk.settings));
  for (const operation of shrunk.operations) console.log(JSON.stringify(operation));
  console.log(
    `${shrunk.operations.length} of ${plan.operations.length} operations: ${simulate(shrunk).violation?.message}`,
  );
  console.log(`replay: bun test/simulation/run.ts --seed ${plan.seed} --trace ${file} --verbose`);
}

/** Runs one plan, and says what happened if that is wanted. */
async function replay({ from, trace, verbose }: RunOptions): Promise<Outcome> {
  const plan = trace === undefined ? makePlan(from) : ((await Bun.file(trace).json()) as Plan);
  using _rejections = watchRejections();
  const outcome = simulate(plan, new Coverage(), verbose ? (line) => console.log(line) : undefined);
  const { violation, convergedMs } = outcome;
  console.log(violation ? violation.message : `all was right ${convergedMs} ms after the disturbance`);
  return outcome;
}

async function main(options: RunOptions): Promise<number> {
  if (options.trace !== undefined || options.verbose) return (await replay(options)).violation ? 1 : 0;
  const startedMs = performance.now();
  const seconds = () => (performance.now() - startedMs) / 1000;
  const progress = (done: number) => console.error(`${done} seeds, ${Math.round(done / seconds())} seeds/s`);
  const results =
    options.jobs > 1
      ? await runJobs(options)
      : [await runSeeds(options.from, options.seeds, options.asJob ? undefined : progress)];
  if (options.asJob) {
    console.log(JSON.stringify(results[0]));
    return 0;
  }
  report(results, seconds());
  const failure = results.find((result) => result.failure)?.failure;
  if (failure) await explain(failure.plan, failure.message);
  return failure ? 1 : 0;
}

if (import.meta.main) process.exitCode = await main(parseArguments(process.argv.slice(2)));

import { parseArgs } from "node:util";

import { fuzzGuided } from "./guidedfuzz.ts";

const USAGE = `bun test/fuzz/run.ts [TARGET] [--seconds N] [--seed N]

Fuzzes for as long as it is told, and prints the first input that goes wrong with how to keep or repeat it.
TARGET is one of: decoding, intake, monitor, dump, connector, daemon, start, config, store; or guided, the default: odd datagrams
that are bred by what code of the decoder they reach. daemon and start need root and redis-server.
Defaults: 60 seconds, a seed by chance.`;
const EX_USAGE = 64;

interface RunOptions {
  readonly target: string;
  readonly seconds: number;
  readonly seed: number;
}

function readOptions(): RunOptions | undefined {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seconds: text, seed: text, help: { type: "boolean" } },
  });
  if (values.help || positionals.length > 1) return undefined;
  const seed = Number(values.seed ?? crypto.getRandomValues(new Int32Array(1))[0]);
  return { target: positionals[0] ?? "guided", seconds: Number(values.seconds ?? 60), seed };
}

/** Prints what the guided fuzzer did; the code that nothing reaches is a failure, too. */
async function runGuided({ seconds, seed }: RunOptions): Promise<number> {
  const { inputs, kept, unreached, failure } = await fuzzGuided(seconds * 1000, seed);
  const reach = unreached.length === 0 ? "all code reached" : `not reached:\n${unreached.join("\n")}`;
  console.log(`${inputs} inputs, ${Math.round(inputs / seconds)} a second, seed ${seed}, ${kept} kept, ${reach}`);
  if (failure !== undefined) console.log(failure);
  return failure === undefined && unreached.length === 0 ? 0 : 1;
}

async function runTarget({ target, seconds, seed }: RunOptions): Promise<number> {
  // Not before, since the guided fuzzer has to see the decoder being loaded.
  const { TARGETS } = await import("./targets.ts");
  const open = TARGETS[target];
  if (!open) {
    console.error(`there is no target ${target}\n${USAGE}`);
    return EX_USAGE;
  }
  await using owned = new AsyncDisposableStack();
  const fuzz = await open(owned);
  const startMs = performance.now();
  const { runs, failure } = await fuzz({ runs: Number.MAX_SAFE_INTEGER, seed, ms: seconds * 1000 });
  const tookSeconds = (performance.now() - startMs) / 1000;
  console.log(`${runs} inputs, ${Math.round(runs / tookSeconds)} a second, seed ${seed}`);
  if (failure !== undefined) console.log(failure);
  return failure === undefined ? 0 : 1;
}

async function main(): Promise<number> {
  const options = readOptions();
  if (!options) {
    console.error(USAGE);
    return EX_USAGE;
  }
  return options.target === "guided" ? runGuided(options) : runTarget(options);
}

process.exit(await main());

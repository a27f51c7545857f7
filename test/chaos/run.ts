import { parseArgs } from "node:util";

import { WRITERS } from "../../src/swss/database.ts";
import { canUseFaultBed } from "../faults/faultbed.ts";
import { formatReport, runChaos } from "./chaos.ts";

const USAGE = `bun test/chaos/run.ts [--seconds N] [--seed N] [--ports N] [--writer NAME]

Lets links, Redis and the daemon go wrong at random on a real kernel and a real redis-server, and compares STATE_DB with the
kernel after each round. Needs root. Runs dist/portsyncd, or what PORTSYNCD_BINARY names.
Defaults: 60 seconds, a seed by chance, 48 ports, both writers in turn. The same seed does the same things, in its own time.`;
const EX_USAGE = 64;
const EX_NOPERM = 77;

function options() {
  const text = { type: "string" } as const;
  const chance = `${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  const { values } = parseArgs({
    options: { seconds: text, seed: text, ports: text, writer: text, help: { type: "boolean" } },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const number = (word: string) => {
    if (!/^\d+$/.test(word)) throw new Error(`${word} is not a whole number`);
    return Number(word);
  };
  const writer = WRITERS.find((name) => name === values.writer);
  if (values.writer && !writer) throw new Error(`${values.writer} is no writer; there are ${WRITERS.join(", ")}`);
  return {
    ...(writer ? { writers: [writer] as const } : {}),
    seconds: number(values.seconds ?? "60"),
    seed: number(values.seed ?? chance),
    ports: number(values.ports ?? "48"),
  };
}

async function main(): Promise<number> {
  let asked: ReturnType<typeof options>;
  try {
    asked = options();
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    return EX_USAGE;
  }
  if (!canUseFaultBed.ok) {
    console.error(canUseFaultBed.reason);
    return EX_NOPERM;
  }
  console.log(`seed ${asked.seed}, ${asked.seconds} s, ${asked.ports} ports`);
  let nextReport = 50;
  const onRound = (report: Parameters<typeof formatReport>[0]) => {
    if (report.rounds < nextReport) return;
    nextReport *= 2;
    console.log(formatReport(report));
  };
  try {
    console.log(formatReport(await runChaos({ ...asked, onRound })));
    return 0;
  } catch (error) {
    console.error((error as Error).message);
    return 1;
  }
}

process.exit(await main());

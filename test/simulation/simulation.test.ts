import { beforeAll, describe, expect, test } from "bun:test";

import type { Requirement } from "../support/requirement.ts";
import { testWith } from "../support/testwith.ts";
import { CONNECTION_FAULTS } from "./connection.ts";
import { Coverage } from "./coverage.ts";
import { MUTANTS, tryMutant } from "./mutants.ts";
import { OPERATIONS } from "./operations.ts";
import { DUMP_FAULTS } from "./requestsocket.ts";
import type { RunResult } from "./run.ts";

const SEEDS = 10_000;
const TIMEOUT_MS = 180_000;
/** Seeds beyond those that found something. */
const FOUND = [62_819, 889_446, 1_199_120];
/** Seeds in which a bug has to be found that was put into the daemon. */
const MUTANT_SEEDS = 40_000;

/** What the oracle checks, each of which must have had something to look at. */
const CHECKS = [
  "four fields",
  "ports only",
  "admission",
  "own netdevs",
  "true states",
  "no transient DEL",
  "DEL before another's SET",
  "one flush",
  "memory",
  "keys",
  "old only",
  "PortConfigDone when cold",
  "restore_count",
  "PortInitDone once",
  "PortInitDone last",
];

/** What the daemon's own counters and the world say of the ways that were gone. */
const PATHS = [
  "path overrun",
  "path truncated",
  "path malformed",
  "path dump_interrupted",
  "path dump_failed",
  "path lost",
  "path refused",
  "path unchanged",
  "path repaired",
  "path leftovers",
  "path failed",
  "path drift added",
  "path drift changed",
  "path drift deleted",
  "path eoiu timeouts",
  "start cold",
  "start warm",
  "start adopt",
  "start standalone",
  "stopped",
  "preempted by the kernel",
  "dump interrupted",
  "message lost",
  "orchagent takes",
  "orchagent makes a netdev",
  "crash of a broken socket",
];

/** Runs the simulation in a process of its own: rejections in a daemon that a broken socket ends are not this one's. */
async function run(...args: string[]): Promise<string> {
  const child = Bun.spawn([process.execPath, `${import.meta.dir}/run.ts`, ...args], {
    stdout: "pipe",
    stderr: "inherit",
  });
  return new Response(child.stdout).text();
}

describe("simulate()", () => {
  const coverage = new Coverage();
  let failure: string | undefined;

  beforeAll(async () => {
    const result = JSON.parse(await run("--as-job", "--seeds", String(SEEDS))) as RunResult;
    coverage.add(result.coverage);
    if (result.failure) {
      const { plan, message } = result.failure;
      failure = `${message}\nbun test/simulation/run.ts --seed ${plan.seed}`;
    }
  }, TIMEOUT_MS);

  test(`violates nothing in ${SEEDS} seeds`, () => expect(failure).toBeUndefined());

  test.each(FOUND)("violates nothing in seed %d, which once did", async (seed) => {
    const { failure: found } = JSON.parse(await run("--as-job", "--from", String(seed), "--seeds", "1")) as RunResult;
    expect(found).toBeUndefined();
  });

  const kinds = Object.keys(OPERATIONS).map((kind) => `operation ${kind}`);
  const faults = [
    ...CONNECTION_FAULTS.map((fault) => `connection ${fault}`),
    ...DUMP_FAULTS.map((fault) => `dump ${fault}`),
  ];
  const checks = CHECKS.map((check) => `check ${check}`);
  test.each([...kinds, ...faults, ...checks, ...PATHS])("comes to: %s", (name) => {
    expect(coverage.of(name)).toBeGreaterThan(0);
  });

  test.each([1, 2, 3, 4, 5])("does the same again with seed %d", async (seed) => {
    const traces = await Promise.all([1, 2].map(() => run("--seed", String(seed), "--verbose")));
    expect(traces[0]!.split("\n").length).toBeGreaterThan(50);
    expect(traces[1]).toBe(traces[0]!);
  });
});

const mutants: Requirement =
  process.env["SIMULATION_MUTANTS"] === "1" ? { ok: true } : { ok: false, reason: "SIMULATION_MUTANTS=1 is not set" };

test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))("MUTANTS fit the daemon: %s", async (_, mutant) => {
  const text = await Bun.file(`${import.meta.dir}/../../src/${mutant.file}`).text();
  expect(text.split(mutant.find).length).toBeGreaterThan(1);
});

describe("tryMutant()", () => {
  for (const mutant of MUTANTS)
    testWith(
      mutants,
      `finds: ${mutant.name}`,
      async () => {
        const { found, text } = await tryMutant(mutant, MUTANT_SEEDS);
        expect(found, text).toBe(true);
      },
      TIMEOUT_MS / 1000,
    );
});

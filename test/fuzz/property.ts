import * as fc from "fast-check";

/** Something that holds for all inputs of a kind. */
export interface Property<Input> {
  readonly inputs: fc.Arbitrary<Input>;
  /** Throws where it does not hold. */
  readonly check: (input: Input) => void | Promise<void>;
  /** An input as its reader wants it. */
  readonly show: (input: Input) => string;
  /** What it is tried on is of no more use once it has failed, so that no smaller input can be looked for. */
  readonly failsOnce?: boolean;
}

/** How a property is tried. */
export interface Trial {
  readonly runs: number;
  /** Default: by chance, or $FUZZ_SEED. */
  readonly seed?: number | undefined;
  /** Where in the run of that seed, as a failure has told. */
  readonly path?: string | undefined;
  /** No run begins after this time. */
  readonly ms?: number | undefined;
}

/** What a trial came to, and how to repeat it. */
export interface Tried {
  readonly runs: number;
  readonly seed: number;
  /** The smallest input for which the property does not hold, with the reason and how to repeat it. */
  readonly failure: string | undefined;
}

/** Tries a property on inputs by chance. */
export async function tryProperty<Input>(property: Property<Input>, trial: Trial): Promise<Tried> {
  const { runs, seed, path, ms } = trial;
  const run = await fc.check(
    fc.asyncProperty(property.inputs, async (input) => property.check(input)),
    {
      numRuns: runs,
      endOnFailure: property.failsOnce ?? false,
      ...(seed === undefined ? {} : { seed }),
      ...(path === undefined ? {} : { path }),
      ...(ms === undefined ? {} : { interruptAfterTimeLimit: ms, markInterruptAsFailure: false }),
    },
  );
  if (!run.failed) return { runs: run.numRuns, seed: run.seed, failure: undefined };
  const { errorInstance: error, counterexample, counterexamplePath } = run;
  const reason = Bun.inspect(error);
  const input = counterexample === null ? "" : property.show(counterexample[0]);
  const repeat = `FUZZ_SEED=${run.seed} FUZZ_PATH=${counterexamplePath}`;
  return { runs: run.numRuns, seed: run.seed, failure: `${reason}\n${input}\n${repeat} repeats it` };
}

/** Tries a property, and throws with the smallest input for which it does not hold. */
export async function expectProperty<Input>(property: Property<Input>, runs: number): Promise<void> {
  const { FUZZ_SEED: seed, FUZZ_PATH: path } = process.env;
  const { failure } = await tryProperty(property, { runs, seed: seed ? Number(seed) : undefined, path });
  if (failure !== undefined) throw new Error(failure);
}

import { Coverage } from "./coverage.ts";
import { Random } from "./random.ts";
import type { Plan } from "./scenario.ts";
import type { Violation } from "./violation.ts";
import { type Trace, World } from "./world.ts";

/** What became of a plan. */
export interface Outcome {
  readonly violation: Violation | undefined;
  /** How long it took until all was right after the disturbance, in simulated milliseconds; undefined when it never was. */
  readonly convergedMs: number | undefined;
  /** Simulated time in all. */
  readonly simulatedMs: number;
}

/** Runs a plan from its beginning to its end. */
export function simulate(plan: Plan, coverage = new Coverage(), trace?: Trace): Outcome {
  const { random } = Math;
  const jitter = new Random(plan.seed, "jitter");
  Math.random = () => jitter.next(); // the only randomness of the daemon that is not passed in
  try {
    const world = new World(plan, coverage, trace);
    world.run();
    const { violation, convergedMs } = world;
    coverage.count("steps", world.scheduler.steps);
    return { violation, convergedMs, simulatedMs: world.scheduler.nowMs };
  } finally {
    Math.random = random;
  }
}

import { AlertEngine, type EngineOptions, type Outcome } from "../../src/alert/engine.ts";
import type { Rule } from "../../src/alert/rule.ts";
import type { Moment } from "../../src/util/moment.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { Metrics } from "./metrics.ts";

const NOTHING_SAVED = { silences: [], labels: {}, samples: [], alerts: undefined } as const;

/** A rule that is met while the metric `m` is above 0, but for what is said otherwise. */
export function ruleOf(changes: Partial<Rule> = {}): Rule {
  return {
    id: "test_rule",
    severity: "warning",
    scope: "daemon",
    expression: { kind: "gauge", metric: "m" },
    condition: { kind: "above", threshold: 0 },
    forSeconds: 0,
    keepFiringSeconds: 0,
    enabled: true,
    unit: "",
    summary: "m is {value}",
    description: "m is {value}, above {threshold}.",
    action: "Do something.",
    ...changes,
  };
}

/** An engine, metrics and a clock that a test turns by hand. */
export class Rig {
  readonly clock: FakeClock;
  readonly metrics = new Metrics();
  readonly engine: AlertEngine<string>;

  constructor(rules: readonly Rule[], options: Partial<EngineOptions<string>> = {}, clock = new FakeClock()) {
    this.clock = clock;
    this.engine = new AlertEngine({ ...NOTHING_SAVED, rules, ...options }, this.now);
  }

  get now(): Moment {
    return { wallMs: this.clock.wallNow(), monotonicMs: this.clock.now() };
  }

  /** Lets so many seconds pass and looks. */
  tick(seconds: number): Outcome {
    this.clock.advance(seconds * 1000);
    return this.engine.tick(this.now, this.metrics);
  }

  /** Sets `m`, lets so many seconds pass, looks, and says into which states alerts came. */
  states(m: number | undefined, seconds: number): string[] {
    this.metrics.set("m", m);
    return this.tick(seconds).changes.map(({ to }) => to);
  }
}

import type { Condition } from "./condition.ts";
import { type Expression, windowOf } from "./expression.ts";
import type { Unit } from "./quantity.ts";

/** How bad it is, from the least on. */
export const SEVERITIES = ["info", "warning", "critical"] as const;

/** One of the severities. */
export type Severity = (typeof SEVERITIES)[number];

/** When to tell, and what; `M` are the names of the metrics that it may read. */
export interface Rule<M extends string = string> {
  /** Tells it from all others, and is the label `alertname`: lower case letters, digits and "_". */
  readonly id: string;
  readonly severity: Severity;
  /** daemon: one alert. port: one for each port; all metrics of its expression then have a number for each port. */
  readonly scope: "daemon" | "port";
  readonly expression: Expression<M>;
  readonly condition: Condition;
  /** How long the condition has to hold without a break before the alert fires. */
  readonly forSeconds: number;
  /** How long the alert goes on firing when the condition does not hold any more. */
  readonly keepFiringSeconds: number;
  /** The alerts of a disabled rule end. */
  readonly enabled: boolean;
  /** The unit of the expression. */
  readonly unit: Unit;
  /** One line: what is wrong. This and the next two may hold the placeholders of annotation.ts. */
  readonly summary: string;
  /** What that means. */
  readonly description: string;
  /** What to do about it. */
  readonly action: string;
  /** What stands behind the number, such as names of ports: a word for it, and the metric whose details are asked for. */
  readonly details?: { readonly title: string; readonly metric: M };
}

/** The window that a rule looks at, in seconds; undefined when it looks at the present only. */
export function ruleWindow({ expression, condition }: Rule): number | undefined {
  return condition.kind === "rateOfChange" ? condition.windowSeconds : windowOf(expression);
}

import { isMet } from "./condition.ts";
import type { Expression, Leaf } from "./expression.ts";
import type { Rule } from "./rule.ts";
import type { Samples } from "./samples.ts";
import { finite } from "./series.ts";

/** The value of an expression as of the last samples, for a port where the rule is per port; undefined for none. */
export type Evaluate = (port: string | undefined) => number | undefined;

type Scope = Rule["scope"];

function now<M extends string>(leaf: Leaf<M>, scope: Scope, samples: Samples<M>): Evaluate {
  const { metric, labels } = leaf;
  if (scope === "port") return (port) => samples.snapshot.ports(metric)?.get(port!);
  return () => finite(samples.snapshot.value(metric, labels));
}

function compileLeaf<M extends string>(leaf: Leaf<M>, scope: Scope, samples: Samples<M>): Evaluate {
  switch (leaf.kind) {
    case "gauge":
    case "counter":
      return now(leaf, scope, samples);
    case "increase": {
      if (scope === "port") {
        const series = samples.portChanges(leaf, true);
        return (port) => series.change(port!);
      }
      const series = samples.changes(leaf, true);
      return () => series.change;
    }
    case "maxOverTime": {
      const series = samples.largest(leaf);
      return () => series.max;
    }
    case "count": {
      const series = samples.observed(leaf);
      return () => series.count;
    }
    case "mean": {
      const series = samples.observed(leaf);
      return () => series.mean;
    }
    case "quantile": {
      const series = samples.observed(leaf);
      return () => series.quantile(leaf.q);
    }
  }
}

/** The sum of values; undefined when one of them has none. */
function add(values: readonly Evaluate[]): Evaluate {
  return (port) => {
    let sum = 0;
    for (const evaluate of values) {
      const value = evaluate(port);
      if (value === undefined) return undefined;
      sum += value;
    }
    return sum;
  };
}

function subtract(of: Evaluate, less: Evaluate): Evaluate {
  return (port) => {
    const from = of(port);
    const value = less(port);
    return from === undefined || value === undefined ? undefined : from - value;
  };
}

/** What evaluates an expression; the series that it needs are remembered from now on. */
export function compile<M extends string>(expression: Expression<M>, scope: Scope, samples: Samples<M>): Evaluate {
  const part = (of: Expression<M>): Evaluate => compile(of, scope, samples);
  switch (expression.kind) {
    case "sum":
      return add(expression.of.map(part));
    case "difference":
      return subtract(part(expression.of), part(expression.less));
    case "ratio": {
      const [of, to] = [part(expression.of), part(expression.to)];
      const factor = expression.percent ? 100 : 1;
      return (port) => {
        const [above, below] = [of(port), to(port)];
        if (above === undefined || below === undefined) return undefined;
        return below === 0 ? expression.whenZero : (factor * above) / below;
      };
    }
    case "where": {
      const [of, test] = [part(expression.of), part(expression.test)];
      return (port) => (isMet(expression.is, test(port)) ? of(port) : undefined);
    }
    default:
      return compileLeaf(expression, scope, samples);
  }
}

/**
 * What evaluates how fast an expression changes, in a second, over `windowSeconds`. Throws RangeError for one that is
 * made of anything but gauges, counters, their sums and differences.
 */
export function compileRate<M extends string>(
  expression: Expression<M>,
  windowSeconds: number,
  scope: Scope,
  samples: Samples<M>,
): Evaluate {
  const part = (of: Expression<M>): Evaluate => compileRate(of, windowSeconds, scope, samples);
  if (expression.kind === "sum") return add(expression.of.map(part));
  if (expression.kind === "difference") return subtract(part(expression.of), part(expression.less));
  if (expression.kind !== "gauge" && expression.kind !== "counter")
    throw new RangeError(`${expression.kind} has no rate of change`);
  const range = { ...expression, windowSeconds };
  if (scope === "port") {
    const series = samples.portChanges(range, expression.kind === "counter");
    return (port) => series.perSecond(port!);
  }
  const series = samples.changes(range, expression.kind === "counter");
  return () => series.perSecond;
}

/** What evaluates the value that the condition of a rule looks at. Throws RangeError as compileRate does. */
export function compileRule<M extends string>(rule: Rule<M>, samples: Samples<M>): Evaluate {
  const { condition, expression, scope } = rule;
  if (condition.kind !== "rateOfChange") return compile(expression, scope, samples);
  return compileRate(expression, condition.windowSeconds, scope, samples);
}

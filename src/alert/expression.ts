import type { Comparison } from "./condition.ts";

/** Picks one of the series of a metric. */
export type Labels = Readonly<Record<string, string>>;

/** A metric that is read as it is now. */
export interface Selector<M extends string> {
  readonly metric: M;
  readonly labels?: Labels;
}

/** A metric that is read over the last `windowSeconds`. */
export interface Range<M extends string> extends Selector<M> {
  readonly windowSeconds: number;
}

/** What an expression reads: the parts of it that name a metric. */
export type Leaf<M extends string = string> =
  | (Selector<M> & { readonly kind: "gauge" })
  | (Selector<M> & { readonly kind: "counter" })
  /** What was added to a counter. */
  | (Range<M> & { readonly kind: "increase" })
  /** The largest that a gauge was when it was looked at. */
  | (Range<M> & { readonly kind: "maxOverTime" })
  /** How many observations a histogram has had. */
  | (Range<M> & { readonly kind: "count" })
  /** The mean of what a histogram observed. */
  | (Range<M> & { readonly kind: "mean" })
  /** The value below which the part `q` (0 to 1) of what a histogram observed lies; 1 for the longest. */
  | (Range<M> & { readonly kind: "quantile"; readonly q: number });

/**
 * A value over metrics, as data: the daemon evaluates it, and Prometheus can be told the same. Where a part has no value,
 * the whole has none.
 */
export type Expression<M extends string = string> =
  | Leaf<M>
  | { readonly kind: "sum"; readonly of: readonly Expression<M>[] }
  | { readonly kind: "difference"; readonly of: Expression<M>; readonly less: Expression<M> }
  | {
      readonly kind: "ratio";
      readonly of: Expression<M>;
      readonly to: Expression<M>;
      /** Times 100. */
      readonly percent: boolean;
      /** The value when `to` is 0; without it there is none. */
      readonly whenZero?: number;
    }
  /** `of` while `test` is met, else no value. */
  | { readonly kind: "where"; readonly of: Expression<M>; readonly test: Expression<M>; readonly is: Comparison };

/** What was added to a counter in a window; without labels to all its series. */
export function increase<M extends string>(metric: M, windowSeconds: number, labels?: Labels): Leaf<M> {
  return { kind: "increase", metric, windowSeconds, ...(labels && { labels }) };
}

/** The leaves of an expression, from left to right. */
export function leavesOf<M extends string>(expression: Expression<M>): Leaf<M>[] {
  switch (expression.kind) {
    case "sum":
      return expression.of.flatMap(leavesOf);
    case "difference":
      return [...leavesOf(expression.of), ...leavesOf(expression.less)];
    case "ratio":
      return [...leavesOf(expression.of), ...leavesOf(expression.to)];
    case "where":
      return [...leavesOf(expression.of), ...leavesOf(expression.test)];
    default:
      return [expression];
  }
}

/** The longest window of an expression, in seconds; undefined when it looks at the present only. */
export function windowOf(expression: Expression): number | undefined {
  const windows = leavesOf(expression).flatMap((leaf) => ("windowSeconds" in leaf ? [leaf.windowSeconds] : []));
  return windows.length === 0 ? undefined : Math.max(...windows);
}

/** The same expression over another window, in seconds. */
export function withWindow<M extends string>(expression: Expression<M>, windowSeconds: number): Expression<M> {
  const change = (part: Expression<M>): Expression<M> => withWindow(part, windowSeconds);
  switch (expression.kind) {
    case "sum":
      return { ...expression, of: expression.of.map(change) };
    case "difference":
      return { ...expression, of: change(expression.of), less: change(expression.less) };
    case "ratio":
      return { ...expression, of: change(expression.of), to: change(expression.to) };
    case "where":
      return { ...expression, of: change(expression.of), test: change(expression.test) };
    case "gauge":
    case "counter":
      return expression;
    default:
      return { ...expression, windowSeconds };
  }
}

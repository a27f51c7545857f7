import type { View } from "./promql.ts";

/** What a query is about, and in words. */
export const QUERY_CATEGORIES = {
  recovery: "Recovery rates",
  sync: "Sync duration",
  errors: "Error rates",
  health: "Health",
  trends: "Trends",
  throughput: "Throughput",
  latency: "Latency",
  reliability: "Reliability",
} as const;

/** One of the categories. */
export type QueryCategory = keyof typeof QUERY_CATEGORIES;

/** What the value of a query counts; "" for things, and for 0 or 1. */
export type QueryUnit =
  | ""
  | "percent"
  | "seconds"
  | "bytes"
  | "points"
  | "per second"
  | "points per hour"
  | "bytes per hour"
  | "standard deviations"
  | "times";

/** A question to Prometheus; every series of its answer has the labels of the target, such as `instance`. */
export interface QueryDefinition {
  readonly category: QueryCategory;
  readonly title: string;
  /** What the number means, and when there is none. */
  readonly description: string;
  readonly unit: QueryUnit;
  readonly expression: (view: View) => string;
  /** The name under which Prometheus records it, as level:metric:operations; none for what is cheap or seldom asked. */
  readonly record?: string;
}

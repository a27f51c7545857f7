import type { Unit } from "./quantity.ts";

/** What a rule has to know of a metric. */
export interface MetricInfo {
  readonly kind: "counter" | "gauge" | "histogram";
  /** Whether there is one number for each port. */
  readonly isPerPort: boolean;
  readonly unit: Unit;
  /** What it says, in one line. */
  readonly help: string;
}

/** The metrics that rules may read, by name. */
export type Catalogue = ReadonlyMap<string, MetricInfo>;

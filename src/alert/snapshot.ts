import type { HistogramValue } from "../util/histogramvalue.ts";
import type { Labels } from "./expression.ts";

/** The metrics as they are at one moment. A metric without a value says undefined, and a rule over it is not met. */
export interface Snapshot<M extends string = string> {
  /** A counter or gauge. A counter that goes on over restarts has no value until its former one was read. */
  value(metric: M, labels?: Labels): number | undefined;
  /** A histogram. */
  histogram(metric: M, labels?: Labels): HistogramValue | undefined;
  /** A counter or gauge of each port, by its name: of all ports, also of those where it is 0. */
  ports(metric: M): ReadonlyMap<string, number> | undefined;
  /**
   * How much was added to a counter of a port since the look before: what a port that was not there then has counted by
   * itself, whatever an earlier life of it left. 0 where that is not known.
   */
  recent(metric: M, port: string): number;
  /** What stands behind a number, such as names of ports. */
  details(metric: M): readonly string[];
}

/** Counters that go on over restarts, as they were saved. */
export interface SavedSample {
  /** Milliseconds since 1970. */
  readonly wallMs: number;
  /** By metric. */
  readonly values: Readonly<Record<string, number>>;
}

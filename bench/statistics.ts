import { percentile } from "../test/faults/percentiles.ts";

/** The middle of the values; of an even number of them, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle) - 1]!) / 2;
}

/** Numbers of a run by name; a run may lack some. */
export type Measured = Readonly<Record<string, number | undefined>>;

/** The median of each number, over the runs that have it. */
export function medians(runs: readonly Measured[]): Record<string, number> {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run)))];
  const found = names.map((name) => [name, runs.flatMap((run) => run[name] ?? [])] as const);
  return Object.fromEntries(
    found.filter(([, values]) => values.length > 0).map(([name, values]) => [name, median(values)]),
  );
}

/** The percentiles of times in milliseconds, in microseconds under their names. */
export function latencies(valuesMs: readonly number[]): Record<string, number> {
  const us = (fraction: number) => percentile(valuesMs, fraction) * 1000;
  return { "p50 us": us(0.5), "p90 us": us(0.9), "p99 us": us(0.99), "most us": us(1) };
}

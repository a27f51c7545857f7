/** The value below which a fraction of the values lies; of none it is 0. */
export function percentile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? 0;
}

/** `n 120, p50 1.2, p90 3.4, p99 10.0, most 12.3 ms`. */
export function formatPercentiles(values: readonly number[]): string {
  const ms = (fraction: number) => percentile(values, fraction).toFixed(1);
  return `n ${values.length}, p50 ${ms(0.5)}, p90 ${ms(0.9)}, p99 ${ms(0.99)}, most ${ms(1)} ms`;
}

import { upperP } from "./statistics.ts";

/**
 * Whether events come ever more often between two times: the statistic of Laplace, which is normal when they come as
 * often at all times (NIST/SEMATECH e-Handbook, 8.2.3.4). Positive when they become more frequent; 0 without events or
 * time.
 */
export function laplaceTrend(times: readonly number[], from: number, to: number): number {
  const n = times.length;
  if (n === 0 || to <= from) return 0;
  const mean = times.reduce((sum, time) => sum + (time - from), 0) / n;
  return ((mean - (to - from) / 2) / (to - from)) * Math.sqrt(12 * n);
}

/** The chance of such a Laplace statistic or a greater one when events come as often at all times. */
export function chanceOfRise(laplace: number): number {
  return upperP(laplace);
}

/**
 * The chance that at least `own` of `all` events are those of one of `members` that are all alike: the upper tail of
 * the binomial distribution. Takes `own` steps.
 */
export function chanceOfShare(own: number, all: number, members: number): number {
  if (own <= 0 || members <= 1) return 1;
  const odds = 1 / (members - 1);
  let chance = (1 - 1 / members) ** all;
  let below = 0;
  for (let i = 0; i < own; i++) {
    below += chance;
    chance *= ((all - i) / (i + 1)) * odds;
  }
  return Math.max(1 - below, 0);
}

/**
 * Which of the chances of many tests are small enough that of those picked no more than `rate` are there by chance, on
 * average (Benjamini & Hochberg 1995): the largest of them, or -1 when there are none. `tests` is how many tests there
 * were, if some that showed nothing are not listed.
 */
export function falseDiscoveryLimit(chances: readonly number[], rate: number, tests = chances.length): number {
  const sorted = chances.toSorted((a, b) => a - b);
  const picked = sorted.findLastIndex((chance, i) => chance <= (rate * (i + 1)) / tests);
  return picked < 0 ? -1 : sorted[picked]!;
}

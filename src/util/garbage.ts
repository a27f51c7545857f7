import type { IdleTask } from "./idlework.ts";

/**
 * After so many changes and so much quiet, or after so many without any, the memory they took is given back: Bun alone lets
 * the heap grow to several times of what is in use, and keeps much of it for good.
 */
export const GARBAGE: IdleTask = {
  quietMs: 5000,
  leastEvents: 10_000,
  mostEvents: 20_000,
  mostShare: 0.1,
  run: () => Bun.gc(true),
};

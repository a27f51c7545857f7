import type { Wire } from "./connection.ts";
import type { Scheduler } from "./scheduler.ts";

/** A way to a database on which nothing overtakes what was sent before. */
export function makeWire(scheduler: Scheduler): Wire {
  let lastMs = 0;
  return {
    carry(delayMs, task) {
      lastMs = Math.max(lastMs, scheduler.nowMs + delayMs);
      scheduler.after(lastMs - scheduler.nowMs, task);
    },
    detour: (delayMs, task) => void scheduler.after(delayMs, task),
  };
}

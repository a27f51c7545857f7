import { systemClock } from "../../src/util/clock.ts";

/** Lets a fault last: for what has a duration, not for waits, which have an event. */
export function elapse(seconds: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(seconds * 1000, resolve));
}

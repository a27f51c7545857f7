import { type TracingChannel, tracingChannel } from "node:diagnostics_channel";

/**
 * Gives TracingChannel the getter `hasSubscribers` that Node has and Bun 1.4 has not. Without it node-redis takes each command
 * for one that somebody traces, and works out with regular expressions and copies what it may tell of it, to nobody.
 */
export function completeTracingChannel(): void {
  const prototype = Object.getPrototypeOf(tracingChannel("portsyncd")) as object;
  if ("hasSubscribers" in prototype) return;
  Object.defineProperty(prototype, "hasSubscribers", {
    get(this: TracingChannel): boolean {
      const { start, end, asyncStart, asyncEnd, error } = this;
      const isCalled = start.hasSubscribers || end.hasSubscribers;
      return isCalled || asyncStart.hasSubscribers || asyncEnd.hasSubscribers || error.hasSubscribers;
    },
  });
}

import type { Clock } from "../util/clock.ts";
import type { Notifier } from "./notify.ts";

/** How often more time is asked for, and how much. */
const EXTEND_EVERY_MS = 1000;
const EXTEND_BY_US = 10_000_000;

/** Asks the service manager for more time, again and again, as long as `start` takes: what it waits for is Redis. */
export async function extendStart(start: Promise<void>, notifier: Notifier, clock: Clock): Promise<void> {
  let cancel = () => {};
  const extend = (): void => {
    notifier.extendTimeout(EXTEND_BY_US);
    cancel = clock.after(EXTEND_EVERY_MS, extend);
  };
  cancel = clock.after(EXTEND_EVERY_MS, extend);
  await start.finally(() => cancel());
}

import type { Clock } from "../util/clock.ts";

/** What keeps the service manager from ending a daemon that hangs. */
export interface WatchdogOptions {
  /** Between two signs of life, in milliseconds. */
  readonly intervalMs: number;
  /** A loop that did not turn for so long, or a probe without an answer for so long, is a hang, in milliseconds. */
  readonly stallMs: number;
  /** Resolves when the kernel answers. */
  readonly probe: () => Promise<void>;
  /** Gives a sign of life. */
  readonly alive: () => void;
  /** Is told why there is none. */
  readonly stalled: (reason: string) => void;
}

/**
 * The interval of WATCHDOG=1: half of WATCHDOG_USEC, and no longer than `longestMs`, in milliseconds;
 * undefined when the service manager does not watch this process (WATCHDOG_PID names another).
 */
export function watchdogInterval(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
  longestMs: number,
): number | undefined {
  const microseconds = Number(env["WATCHDOG_USEC"] ?? NaN);
  if (!(microseconds > 0)) return undefined;
  if (env["WATCHDOG_PID"] && Number(env["WATCHDOG_PID"]) !== pid) return undefined;
  return Math.min(microseconds / 2000, longestMs);
}

/** Gives a sign of life at each interval, as long as the event loop turns and the kernel answers. */
export function startWatchdog(clock: Clock, options: WatchdogOptions): Disposable {
  let cancel = () => {};
  let stopped = false;
  const tick = async (dueMs: number): Promise<void> => {
    const started = clock.now();
    let reason = started - dueMs > options.stallMs ? `the event loop stood still for ${started - dueMs} ms` : undefined;
    try {
      await options.probe();
      const tookMs = clock.now() - started;
      if (tookMs > options.stallMs) reason ??= `the kernel took ${tookMs} ms to answer`;
    } catch (error) {
      reason ??= `the kernel does not answer: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (stopped) return;
    if (reason === undefined) options.alive();
    else options.stalled(reason);
    schedule();
  };
  const schedule = (): void => {
    const dueMs = clock.now() + options.intervalMs;
    cancel = clock.after(options.intervalMs, () => void tick(dueMs));
  };
  options.alive();
  schedule();
  return {
    [Symbol.dispose]() {
      stopped = true;
      cancel();
    },
  };
}

/** What tells the time and wakes later; the daemon has the real one, tests have one that they turn by hand. */
export interface Clock {
  /** Milliseconds on a clock that never jumps, from an unspecified origin. */
  now(): number;
  /** Milliseconds since 1970, which may jump. */
  wallNow(): number;
  /** Runs `task` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
  /** Runs `task` in a later turn of the event loop, after pending I/O had its chance; the returned function cancels it. */
  soon(task: () => void): () => void;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
  soon(task) {
    const immediate = setImmediate(task);
    return () => clearImmediate(immediate);
  },
};

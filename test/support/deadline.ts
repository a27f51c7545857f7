/** How long waitUntil waits and what it says when that was in vain. */
export interface WaitOptions {
  /** Default 10. */
  readonly seconds?: number;
  /** The pause between two probes, default 5. */
  readonly everyMs?: number;
  /** What there was instead, for the error. */
  readonly seen?: () => unknown;
  /** Ends the wait early: why it can no longer succeed. */
  readonly hopeless?: () => string | undefined;
}

const LATE = Symbol("late");

async function orLate<T>(promise: T | Promise<T>, ms: number): Promise<T | typeof LATE> {
  const late = Promise.withResolvers<typeof LATE>();
  const timer = setTimeout(() => late.resolve(LATE), ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** The outcome of `promise`, or an error that names `what` after `seconds`. */
export async function within<T>(what: string, promise: Promise<T>, seconds: number): Promise<T> {
  const outcome = await orLate(promise, seconds * 1000);
  if (outcome === LATE) throw new Error(`no ${what} within ${seconds} s`);
  return outcome;
}

/** Probes until the answer is truthy and returns it; an error that names `what` and what was seen when time is up. */
export async function waitUntil<T>(
  what: string,
  probe: () => T | Promise<T>,
  options: WaitOptions = {},
): Promise<Exclude<T, undefined | null | false | 0 | "">> {
  const seconds = options.seconds ?? 10;
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await orLate(probe(), Math.max(1, end - performance.now()));
    if (answer && answer !== LATE) return answer as Exclude<T, undefined | null | false | 0 | "">;
    const hopeless = options.hopeless?.();
    if (hopeless !== undefined) throw new Error(`no ${what}: ${hopeless}`);
    if (performance.now() >= end) throw new Error(`no ${what} within ${seconds} s${await seenInstead(options)}`);
    await Bun.sleep(options.everyMs ?? 5);
  }
}

async function seenInstead(options: WaitOptions): Promise<string> {
  if (!options.seen) return "";
  const seen = await within("answer", Promise.resolve(options.seen()), 2).catch((error: Error) => error.message);
  return `; seen: ${typeof seen === "string" ? seen : Bun.inspect(seen, { depth: 4 })}`;
}

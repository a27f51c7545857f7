import type { Clock } from "../util/clock.ts";

/** The end of the first dump (EOIU in SONiC's words): how often it came, how often not in time, and when it came last. */
export interface EoiuCounters {
  detected: number;
  timeouts: number;
  /** Milliseconds since 1970; 0 for never. */
  detectedWallMs: number;
}

/** Waits for the first dump, for `patienceMs` at most, and counts; false when it took longer: it goes on, and counts when it ends. */
export async function awaitFirstDump(
  dumped: Promise<void>,
  patienceMs: number,
  clock: Clock,
  eoiu: EoiuCounters,
): Promise<boolean> {
  const inTime = Promise.withResolvers<boolean>();
  const cancel = clock.after(patienceMs, () => inTime.resolve(false));
  void dumped.then(() => {
    eoiu.detected++;
    eoiu.detectedWallMs = clock.wallNow();
    inTime.resolve(true);
  });
  const isInTime = await inTime.promise;
  cancel();
  if (!isInTime) eoiu.timeouts++;
  return isInTime;
}

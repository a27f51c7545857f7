import type { Clock } from "../util/clock.ts";

/** More between two processes is not believed: all that is kept would be too old to tell anything. */
const MOST_BETWEEN_MS = 30 * 24 * 3_600_000;

/**
 * The time of series, in milliseconds since 1970 unless the time of day was changed: within a process it goes with the
 * clock that never jumps, and it starts from the time of day, but neither before the last point that was kept nor more
 * than 30 days after it. So neither a machine that boots in 1970 nor an NTP step puts points in the wrong order or
 * tears them apart.
 */
export function startTimeline(clock: Clock, lastMs: number | undefined): () => number {
  const wallMs = clock.wallNow();
  const startMs = lastMs === undefined ? wallMs : Math.min(Math.max(wallMs, lastMs), lastMs + MOST_BETWEEN_MS);
  const originMs = clock.now();
  return () => startMs + (clock.now() - originMs);
}

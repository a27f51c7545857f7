import type { Reconciler } from "../../src/port/reconciler.ts";
import type { Coverage } from "./coverage.ts";

/** Counts which paths the daemon's code took, by its own counters. */
export function countPaths(reconciler: Reconciler, coverage: Coverage): void {
  const { publisher, monitor, audit, eoiu } = reconciler;
  const paths: Record<string, number> = {
    ...publisher.counters,
    ...monitor?.resyncs,
    ...audit?.counters,
    "eoiu detected": eoiu.detected,
    "eoiu timeouts": eoiu.timeouts,
    "drift added": monitor?.drift.added ?? 0,
    "drift changed": monitor?.drift.changed ?? 0,
    "drift deleted": monitor?.drift.deleted ?? 0,
  };
  for (const [path, times] of Object.entries(paths)) if (times > 0) coverage.count(`path ${path}`, times);
}

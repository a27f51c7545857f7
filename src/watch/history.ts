import { join } from "node:path";

import type { Config } from "../config/schema.ts";
import { getLog } from "../log/logger.ts";
import type { Transition } from "../port/change.ts";
import { Store } from "../store/store.ts";
import type { Transition as HistoryEntry } from "../store/transition.ts";
import type { Clock } from "../util/clock.ts";
import { formatTime } from "../util/time.ts";

const log = getLog("daemon");

/** Where the store of a configuration is: each ASIC has its own. */
export function storeDirectory({ store, namespace }: Config): string {
  return join(store.directory, namespace);
}

/** Who wants to know of the store. */
export interface HistoryObserver {
  /** It became degraded. */
  onFault(): void;
  /** What earlier processes left is known now. */
  onLoaded(): void;
}

/** Makes the store of a configuration, which keeps something only if `isKept`. */
export function openHistory(config: Config, clock: Clock, isKept: boolean, observer: HistoryObserver): Store {
  const { store, metrics } = config;
  const options = {
    enabled: store.enabled && isKept,
    directory: storeDirectory(config),
    backups: store.backups,
    retentionMs: metrics.retention_days * 86_400_000,
    maxFileBytes: metrics.max_file_size_mb * 1_048_576,
    backupIntervalMs: metrics.save_interval_secs * 1000,
  };
  return new Store(options, clock, {
    onState: (state, reason) => {
      if (state === "degraded") observer.onFault();
      if (state === "degraded") log.error("the history is not kept: {reason}", { reason });
      else log.notice("the history is kept again");
    },
    onLoaded: () => observer.onLoaded(),
    onRecovery: ({ reason, setAside, restoredFrom }) =>
      log.error("the history could not be used: {reason}; set aside as {setAside}, restored from {restoredFrom}", {
        reason,
        setAside: setAside ?? "nothing",
        restoredFrom: restoredFrom ?? "nothing",
      }),
    onLoss: ({ reason, pieces, transitions, afterMs, beforeMs }) =>
      log.error(
        "{transitions} changes of the history after {after} and before {before} are lost, in {pieces} damaged pieces: {reason}",
        {
          transitions,
          after: afterMs === undefined ? "its beginning" : formatTime(afterMs),
          before: beforeMs === undefined ? "its end" : formatTime(beforeMs),
          pieces,
          reason,
        },
      ),
    onBadBackup: ({ path, reason, setAside }) =>
      log.warn("the backup {path} could not be used: {reason}; set aside as {setAside}", { path, reason, setAside }),
  });
}

/** A transition as the history has it. */
export function toHistory({ name, before, after, cause }: Transition, wallMs: number): HistoryEntry {
  return { wallMs, port: name, cause: cause === "dump" ? "start" : cause, old: before ?? null, new: after ?? null };
}

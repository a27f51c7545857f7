import type { StoreLimits } from "./message.ts";
import type { BadBackup, HistoryLoss, Recovery, StoreState } from "./status.ts";

/** What a store is built from. */
export interface StoreOptions extends StoreLimits {
  /** A disabled store takes everything and keeps nothing. */
  readonly enabled: boolean;
  /** Between two backups, while something is recorded. */
  readonly backupIntervalMs: number;
}

/** Who wants to know how the store is. */
export interface StoreObserver {
  /** Once for each change; the reason is "" when all is well. Another reason for the same state is in the status only. */
  onState(state: StoreState, reason: string): void;
  /** What earlier processes left is known now. */
  onLoaded(): void;
  /** A file could not be used. */
  onRecovery(recovery: Recovery): void;
  /** A part of the history was damaged. */
  onLoss(loss: HistoryLoss): void;
  /** A backup could not be used. */
  onBadBackup(backup: BadBackup): void;
}

/** Of the options those that the thread needs. */
export function limitsOf({ directory, backups, retentionMs, maxFileBytes }: StoreOptions): StoreLimits {
  return { directory, backups, retentionMs, maxFileBytes };
}

import type { PastStart } from "./start.ts";

/** What the store counts of itself, over all starts. */
export interface Tally {
  readonly corruptions: number;
  /** Corruptions after which a good backup was there. */
  readonly recoveries: number;
  readonly backupsCreated: number;
  readonly backupsCleaned: number;
  /** Transitions that had been saved, in pieces that were damaged. */
  readonly lostTransitions: number;
  /** Milliseconds since 1970; 0 for never. */
  readonly lastCorruptionWallMs: number;
  readonly lastRecoveryWallMs: number;
}

/** The tally of a store that nothing ever happened to. */
export const EMPTY_TALLY: Tally = {
  corruptions: 0,
  recoveries: 0,
  backupsCreated: 0,
  backupsCleaned: 0,
  lostTransitions: 0,
  lastCorruptionWallMs: 0,
  lastRecoveryWallMs: 0,
};

/** Whether what is recorded reaches the disk. */
export type StoreState = "ok" | "degraded" | "disabled";

/** How the store is. */
export interface StoreStatus extends Tally {
  readonly state: StoreState;
  /** Why it is degraded; else "". */
  readonly reason: string;
  /** Transitions that are not known to be saved. */
  readonly queued: number;
  /** Transitions of this process that were given up: the disk was away for too long. */
  readonly dropped: number;
  /** A backup is due and was not made yet. */
  readonly backupDue: boolean;
  /** The size of the database and its log. */
  readonly bytes: number;
  /** The most that the database may have. */
  readonly maxBytes: number;
  /** The start before this one; undefined before the database was opened, or when there was none. */
  readonly lastStart: PastStart | undefined;
}

/** A file that could not be used, and what became of it. */
export interface Recovery {
  /** What was wrong with the file. */
  readonly reason: string;
  /** The name under which the file is kept; undefined when it was missing. */
  readonly setAside: string | undefined;
  /** The backup whose content goes on; undefined when the store began anew. */
  readonly restoredFrom: string | undefined;
  /** Whether this is damage; a file of a newer version is none. */
  readonly corruption: boolean;
}

/** Pieces of the history that were damaged and are lost; the others are as they were. */
export interface HistoryLoss {
  /** What was wrong with the first. */
  readonly reason: string;
  readonly pieces: number;
  readonly transitions: number;
  /** When the transitions before and behind the lost ones were, in milliseconds since 1970; undefined where there are none. */
  readonly afterMs: number | undefined;
  readonly beforeMs: number | undefined;
}

/** A backup that could not be used. */
export interface BadBackup {
  readonly path: string;
  readonly reason: string;
  /** The name under which the file is kept. */
  readonly setAside: string;
}

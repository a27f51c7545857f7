import type { Moment } from "../util/moment.ts";
import type { TransitionColumns } from "./columns.ts";
import type { HistoryPage } from "./historypage.ts";
import type { HistoryQuery } from "./historyquery.ts";
import type { Keepsake, Kept, SeriesPoint } from "./kept.ts";
import type { PastStart, Start } from "./start.ts";
import type { BadBackup, HistoryLoss, Recovery, Tally } from "./status.ts";

/** What a store is told to keep, and where. */
export interface StoreLimits {
  readonly directory: string;
  /** How many backups are kept; 0 for none. */
  readonly backups: number;
  readonly retentionMs: number;
  readonly maxFileBytes: number;
}

/** What is saved in one transaction. */
export interface Batch {
  /** Larger than that of the batch before: a batch that was saved already is not saved again. */
  readonly id: number;
  readonly columns: TransitionColumns;
  /** What is added to each counter. */
  readonly counters: readonly (readonly [name: string, delta: number])[];
  readonly start: Start | undefined;
  readonly keepsakes: readonly Keepsake[];
  readonly points: readonly SeriesPoint[];
}

/** What the thread of the store is asked for. Every request opens the database if that is not done. */
export type Request =
  | {
      readonly kind: "open";
      /** Tells this process from those before it. */
      readonly instance: number;
      readonly limits: StoreLimits;
      readonly now: Moment;
    }
  | { readonly kind: "save"; readonly batch: Batch; readonly now: Moment }
  | { readonly kind: "backup"; readonly now: Moment }
  | { readonly kind: "read"; readonly query: HistoryQuery; readonly now: Moment }
  /** A clean end, of the start that is given. */
  | { readonly kind: "close"; readonly start: Start | undefined; readonly backup: boolean; readonly now: Moment };

/** What is known of the database when a request is answered. */
export interface Facts {
  readonly bytes: number;
  readonly tally: Tally;
  readonly lastStart: PastStart | undefined;
  /** All counters, when the database was opened for this request. */
  readonly counters: readonly (readonly [name: string, value: number])[] | undefined;
  /** What else was kept, then. */
  readonly kept: Kept | undefined;
}

/** The answer to a request; one for each, in their order. */
export interface Reply {
  /** unavailable: it may work later. refused: it never will. */
  readonly outcome: "done" | "unavailable" | "refused";
  /** Why it was not done; else "". */
  readonly reason: string;
  readonly facts: Facts | undefined;
  /** What was read of the history, when that was asked for and done. */
  readonly page: HistoryPage | undefined;
  readonly recoveries: readonly Recovery[];
  readonly losses: readonly HistoryLoss[];
  readonly badBackups: readonly BadBackup[];
}

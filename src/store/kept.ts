/** What is kept as a whole, each under a key of its own; the database holds these words. */
export const KEEPSAKE_KINDS = ["alert", "alerts_at", "sample", "silence"] as const;

/** One of the kinds. */
export type KeepsakeKind = (typeof KEEPSAKE_KINDS)[number];

/** Something that is kept until it is replaced or removed. */
export interface Keepsake {
  readonly kind: KeepsakeKind;
  readonly key: string;
  /** JSON; null when it is not kept any more. */
  readonly value: string | null;
}

/** A point of a series in one of its tiers. */
export interface SeriesPoint {
  readonly series: string;
  readonly tier: string;
  /** Milliseconds since 1970, fractions too. */
  readonly ms: number;
  readonly value: number;
  /** How many points of that series and tier are kept: the oldest make room. */
  readonly most: number;
}

/** The points of a series in one of its tiers. */
export interface SeriesPoints {
  readonly series: string;
  readonly tier: string;
  /** Time and value in turn, the oldest first. */
  readonly values: Float64Array<ArrayBuffer>;
}

/** What earlier processes left, besides counters. */
export interface Kept {
  readonly keepsakes: readonly Keepsake[];
  readonly points: readonly SeriesPoints[];
  /** The number of the newest transition; 0 for none. */
  readonly lastHistoryId: number;
  /** When the oldest transition was, in milliseconds since 1970; undefined for none. */
  readonly firstHistoryWallMs: number | undefined;
}

/** What is left when there was nobody before. */
export const NOTHING_KEPT: Kept = { keepsakes: [], points: [], lastHistoryId: 0, firstHistoryWallMs: undefined };

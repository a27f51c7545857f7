/** How a daemon can start; the database holds these words. */
export const START_KINDS = ["cold", "warm", "adopt", "standalone"] as const;

/** One of the kinds of a start. */
export type StartKind = (typeof START_KINDS)[number];

/** A start of the daemon. */
export interface Start {
  /** Milliseconds since 1970. */
  readonly wallMs: number;
  readonly kind: StartKind;
  /** restore_count of the warm restart table. */
  readonly restoreCount: number;
  /** The daemon's version. */
  readonly version: string;
}

/** A start of an earlier daemon; it ended cleanly when it says when. */
export interface PastStart extends Start {
  readonly endedWallMs: number | null;
}

import type { Transition } from "./transition.ts";

/** Which transitions are wanted: the newest that are older than `beforeId`. */
export interface HistoryQuery {
  /** A port's name by its bytes; undefined for all. */
  readonly port: string | undefined;
  /** Milliseconds since 1970; undefined for the beginning. */
  readonly sinceWallMs: number | undefined;
  /** The id of a transition; undefined to begin with the newest. */
  readonly beforeId: number | undefined;
  /** How many, at most. */
  readonly limit: number;
  /** Only those with which a port that had been up went down; default all. */
  readonly onlyFlaps?: boolean;
}

/** A transition and its number, which grows with each. */
export interface NumberedTransition extends Transition {
  readonly id: number;
}

/** Why a transition was noted; the database holds the position in this list, so it only ever grows at its end. */
export const CAUSES = ["start", "event", "resync", "audit"] as const;

/** One of the causes of a transition. */
export type Cause = (typeof CAUSES)[number];

/** What was published of a port at one time. */
export interface PortSnapshot {
  readonly admin: boolean;
  readonly oper: boolean;
  readonly mtu: number;
}

/** A change of what is published of a port. */
export interface Transition {
  /** Milliseconds since 1970. */
  readonly wallMs: number;
  /** The name, one character for each of its bytes. */
  readonly port: string;
  readonly cause: Cause;
  /** Null when the port was not there before. */
  readonly old: PortSnapshot | null;
  /** Null when the port is gone. */
  readonly new: PortSnapshot | null;
}

import type { Cause } from "../rtnetlink/monitor.ts";
import type { Dirty } from "./dirtyports.ts";
import type { PortState } from "./state.ts";
import type { Published } from "./statetable.ts";

/** A change of a port's row on its way to STATE_DB. */
export interface Change extends Dirty {
  readonly name: string;
  readonly remove: boolean;
  readonly state: PortState | undefined;
  readonly before: Published | undefined;
}

/** The ports whose latest state STATE_DB has not acknowledged. */
export interface Backlog {
  /** How many wait for the next flush. */
  readonly dirty: number;
  /** How many STATE_DB refused. */
  readonly refused: number;
  /** All of them, those in flight too. */
  readonly names: ReadonlySet<string>;
}

/** What became of changes so far. */
export interface PublisherCounters {
  sets: number;
  dels: number;
  unchanged: number;
  refused: number;
  /** Changes whose flush was lost; they are written again. */
  lost: number;
}

/** A change of a port's row that STATE_DB has acknowledged. */
export interface Transition {
  readonly name: string;
  /** What was there before, as far as this process wrote or read it; undefined for no row of ours. */
  readonly before: PortState | undefined;
  /** What is there now; undefined for no row. */
  readonly after: PortState | undefined;
  readonly cause: Cause;
  /** From the receipt of the event that began it to the acknowledgement, in milliseconds; undefined for what no event told of. */
  readonly latencyMs: number | undefined;
}

/** Who wants to know what reached STATE_DB. */
export interface PublisherObserver {
  /** A flush ended: these ports' states are there. Called with nothing, too, when there was nothing to write. */
  onAcknowledged(names: readonly string[]): void;
  /** A row was written or deleted. */
  onTransition(transition: Transition): void;
  /** A port that was up has gone down, be it written yet or not. */
  onFlap?(name: string): void;
}

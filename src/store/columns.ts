import { CAUSES, type PortSnapshot, type Transition } from "./transition.ts";

/** Numbers that a transition has in the columns. */
export const COLUMNS = 7;
/** How many states a port can have by what is up, with that of not being there. */
export const STATES = 5;

const ABSENT = 0;
/** Beyond ABSENT: of a port that is there the number is greater by these. */
const THERE = 1;
const ADMIN = 1;
const OPER = 2;

/** Transitions as columns of numbers: a thread takes them over as they are, where objects would be copied one by one. */
export interface TransitionColumns {
  readonly ports: readonly string[];
  /** COLUMNS each: position of the port, time, cause, and for old and new the number of the state and the MTU. */
  readonly values: Float64Array<ArrayBuffer>;
}

/** Packs transitions for another thread. */
export function packTransitions(transitions: readonly Transition[]): TransitionColumns {
  const writer = new ColumnsWriter(transitions.length, transitions.length);
  for (const transition of transitions) writer.add(transition);
  return writer.columns();
}

/** Columns to which transitions are added, so that no object of theirs has to live on. */
export class ColumnsWriter {
  readonly #most: number;
  readonly #positions = new Map<string, number>();
  #values: Float64Array<ArrayBuffer>;
  /** The values between these are those of transitions that were not dropped. */
  #begin = 0;
  #end = 0;

  /** Takes `most` transitions, and has room for `first` of them in the beginning. */
  constructor(most: number, first: number) {
    this.#most = most * COLUMNS;
    this.#values = new Float64Array(Math.min(first * COLUMNS, this.#most));
  }

  /** How many transitions there are. */
  get count(): number {
    return (this.#end - this.#begin) / COLUMNS;
  }

  /** Whether as many were added as it takes, be they dropped or not. */
  get isFull(): boolean {
    return this.#end === this.#most;
  }

  /** Adds a transition; not when it is full. */
  add({ port, wallMs, cause, old, new: now }: Transition): void {
    let position = this.#positions.get(port);
    if (position === undefined) this.#positions.set(port, (position = this.#positions.size));
    if (this.#end === this.#values.length) this.#grow();
    const values = this.#values;
    let at = this.#end;
    values[at++] = position;
    values[at++] = wallMs;
    values[at++] = CAUSES.indexOf(cause);
    values[at++] = numberOf(old);
    values[at++] = old?.mtu ?? 0;
    values[at++] = numberOf(now);
    values[at++] = now?.mtu ?? 0;
    this.#end = at;
  }

  /** Drops the oldest transition. */
  dropOldest(): void {
    this.#begin += COLUMNS;
  }

  /** A copy of what there is; ports of which all was dropped still have their names in it. */
  columns(): TransitionColumns {
    return { ports: [...this.#positions.keys()], values: this.#values.slice(this.#begin, this.#end) };
  }

  #grow(): void {
    const values = new Float64Array(Math.min(2 * this.#values.length, this.#most));
    values.set(this.#values);
    this.#values = values;
  }
}

/** The transitions that were packed. */
export function unpackTransitions({ ports, values }: TransitionColumns): Transition[] {
  const transitions: Transition[] = [];
  for (let at = 0; at < values.length; at += COLUMNS) {
    transitions.push({
      port: ports[values[at]!]!,
      wallMs: values[at + 1]!,
      cause: CAUSES[values[at + 2]!]!,
      old: snapshotOf(values[at + 3]!, values[at + 4]!),
      new: snapshotOf(values[at + 5]!, values[at + 6]!),
    });
  }
  return transitions;
}

/** How many transitions there are in columns. */
export function countOf({ values }: TransitionColumns): number {
  return values.length / COLUMNS;
}

/** The snapshot of a port whose state has that number, of less than STATES; null when it is not there. */
export function snapshotOf(state: number, mtu: number): PortSnapshot | null {
  if (state === ABSENT) return null;
  const bits = state - THERE;
  return { admin: (bits & ADMIN) !== 0, oper: (bits & OPER) !== 0, mtu };
}

/** Whether the number is that of a port that is there. */
export function isThere(state: number): boolean {
  return state !== ABSENT;
}

/** Whether the number is that of a port that is there and has oper status up. */
export function isOperUp(state: number): boolean {
  return state !== ABSENT && ((state - THERE) & OPER) !== 0;
}

function numberOf(state: PortSnapshot | null): number {
  return state ? THERE + (state.admin ? ADMIN : 0) + (state.oper ? OPER : 0) : ABSENT;
}

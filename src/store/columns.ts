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
  const positions = new Map<string, number>();
  const values = new Float64Array(transitions.length * COLUMNS);
  let at = 0;
  for (const { port, wallMs, cause, old, new: now } of transitions) {
    let position = positions.get(port);
    if (position === undefined) positions.set(port, (position = positions.size));
    values[at++] = position;
    values[at++] = wallMs;
    values[at++] = CAUSES.indexOf(cause);
    values[at++] = numberOf(old);
    values[at++] = old?.mtu ?? 0;
    values[at++] = numberOf(now);
    values[at++] = now?.mtu ?? 0;
  }
  return { ports: [...positions.keys()], values };
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

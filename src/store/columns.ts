import { CAUSES, type PortSnapshot, type Transition } from "./transition.ts";

const WIDTH = 7;
const THERE = 1;
const ADMIN = 2;
const OPER = 4;

/** Transitions as columns of numbers: a thread takes them over as they are, where objects would be copied one by one. */
export interface TransitionColumns {
  readonly ports: readonly string[];
  /** Seven numbers each: position of the port, time, cause, and for old and new what is up and the MTU. */
  readonly values: Float64Array<ArrayBuffer>;
}

/** Packs transitions for another thread. */
export function packTransitions(transitions: readonly Transition[]): TransitionColumns {
  const positions = new Map<string, number>();
  const values = new Float64Array(transitions.length * WIDTH);
  let at = 0;
  for (const { port, wallMs, cause, old, new: now } of transitions) {
    let position = positions.get(port);
    if (position === undefined) positions.set(port, (position = positions.size));
    values[at++] = position;
    values[at++] = wallMs;
    values[at++] = CAUSES.indexOf(cause);
    values[at++] = bitsOf(old);
    values[at++] = old?.mtu ?? 0;
    values[at++] = bitsOf(now);
    values[at++] = now?.mtu ?? 0;
  }
  return { ports: [...positions.keys()], values };
}

/** The transitions that were packed. */
export function unpackTransitions({ ports, values }: TransitionColumns): Transition[] {
  const transitions: Transition[] = [];
  for (let at = 0; at < values.length; at += WIDTH) {
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

function bitsOf(state: PortSnapshot | null): number {
  return state ? THERE | (state.admin ? ADMIN : 0) | (state.oper ? OPER : 0) : 0;
}

function snapshotOf(bits: number, mtu: number): PortSnapshot | null {
  return bits === 0 ? null : { admin: (bits & ADMIN) !== 0, oper: (bits & OPER) !== 0, mtu };
}

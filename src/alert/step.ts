import type { Moment } from "../util/moment.ts";
import type { Rule } from "./rule.ts";

/** How an alert can be. Inactive ones are not kept. */
export const ALERT_STATES = ["inactive", "pending", "firing", "suppressed", "resolved"] as const;

/** One of the states. */
export type AlertState = (typeof ALERT_STATES)[number];

/** How long an alert is known to be resolved, and that is told again and again: the retention of Prometheus. */
export const RESOLVED_RETENTION_MS = 900_000;

/** What decides which state comes next. */
export interface Facts {
  /** The condition holds. */
  readonly met: boolean;
  /** It has held for as long as the rule asks. */
  readonly due: boolean;
  /** It does not hold any more, but the rule keeps the alert firing for a while. */
  readonly kept: boolean;
  /** A silence matches. */
  readonly silenced: boolean;
  /** It has been resolved for longer than that is told. */
  readonly aged: boolean;
}

/** The alert goes from one state to the other when the facts are these. */
export interface Transition {
  readonly from: AlertState;
  readonly when: Partial<Facts>;
  readonly to: AlertState;
}

/** All transitions. The first of a state that fits is taken; where none fits, the state stays. */
export const TRANSITIONS: readonly Transition[] = [
  { from: "inactive", when: { met: true, due: true, silenced: true }, to: "suppressed" },
  { from: "inactive", when: { met: true, due: true }, to: "firing" },
  { from: "inactive", when: { met: true }, to: "pending" },
  { from: "pending", when: { met: false }, to: "inactive" },
  { from: "pending", when: { due: true, silenced: true }, to: "suppressed" },
  { from: "pending", when: { due: true }, to: "firing" },
  { from: "firing", when: { met: false, kept: false }, to: "resolved" },
  { from: "firing", when: { silenced: true }, to: "suppressed" },
  { from: "suppressed", when: { met: false, kept: false }, to: "resolved" },
  { from: "suppressed", when: { silenced: false }, to: "firing" },
  { from: "resolved", when: { met: true, due: true, silenced: true }, to: "suppressed" },
  { from: "resolved", when: { met: true, due: true }, to: "firing" },
  { from: "resolved", when: { met: true }, to: "pending" },
  { from: "resolved", when: { aged: true }, to: "inactive" },
];

/** One alert: of a rule, or of a rule and a port. Plain data, so it can be kept over a restart. */
export interface Alert {
  readonly state: AlertState;
  /** When it came into this state. */
  readonly since: Moment;
  /** Since when the condition holds, or held. */
  readonly activeSince: Moment;
  /** When it began to fire, or would have but for a silence; what receivers are told as the start. */
  readonly startedAt: Moment | undefined;
  /** Since when the condition does not hold any more while the alert is kept firing. */
  readonly lapsedSince: Moment | undefined;
  /** The value when the condition held last. */
  readonly value: number | undefined;
  /** What stood behind it then. */
  readonly details: readonly string[];
}

/** What is seen of an alert at one time. */
export interface Observation {
  /** The condition holds. Where there is no value it does not, so a pending alert is given up and a firing one ends. */
  readonly met: boolean;
  readonly value: number | undefined;
  readonly details: readonly string[];
  /** A silence matches. */
  readonly silenced: boolean;
  /** The rule was disabled or removed, or the port is gone: the alert ends, and is not kept firing. */
  readonly ended: boolean;
}

/** What a rule says about time. */
export type Timing = Pick<Rule, "forSeconds" | "keepFiringSeconds">;

/** An alert that is not there yet. */
export function inactiveAlert(now: Moment): Alert {
  const none = { startedAt: undefined, lapsedSince: undefined, value: undefined, details: [] };
  return { state: "inactive", since: now, activeSince: now, ...none };
}

const FACTS = ["met", "due", "kept", "silenced", "aged"] as const satisfies (keyof Facts)[];

/** The facts as a number: a bit for each. */
function numberOf(facts: Facts): number {
  return FACTS.reduce((number, name, i) => number + (facts[name] ? 1 << i : 0), 0);
}

function lookUp(from: AlertState, number: number): AlertState {
  const isSo = (name: keyof Facts): boolean => (number & (1 << FACTS.indexOf(name))) !== 0;
  const fits = ({ when }: Transition): boolean =>
    FACTS.every((name) => when[name] === undefined || when[name] === isSo(name));
  return TRANSITIONS.find((transition) => transition.from === from && fits(transition))?.to ?? from;
}

/** The table of transitions worked out for all facts, since every alert is looked at each time. */
const NEXT = Object.fromEntries(
  ALERT_STATES.map((from) => [from, Array.from({ length: 1 << FACTS.length }, (_, number) => lookUp(from, number))]),
) as Record<AlertState, AlertState[]>;

/** The state that follows, by the table of transitions. */
export function nextState(from: AlertState, facts: Facts): AlertState {
  return NEXT[from][numberOf(facts)]!;
}

function isRaised(state: AlertState): boolean {
  return state === "firing" || state === "suppressed";
}

function elapsedMs(since: Moment, now: Moment): number {
  return now.monotonicMs - since.monotonicMs;
}

/** The alert after one look at it. Pure: what is given stays as it is. */
export function step(alert: Alert, seen: Observation, timing: Timing, now: Moment): Alert {
  const met = seen.met && !seen.ended;
  const raised = isRaised(alert.state);
  const activeSince = raised || alert.state === "pending" ? alert.activeSince : now;
  const lapsedSince = met || !raised ? undefined : (alert.lapsedSince ?? now);
  const state = nextState(alert.state, {
    met,
    due: elapsedMs(activeSince, now) >= timing.forSeconds * 1000,
    kept: lapsedSince !== undefined && !seen.ended && elapsedMs(lapsedSince, now) < timing.keepFiringSeconds * 1000,
    silenced: seen.silenced,
    aged: elapsedMs(alert.since, now) > RESOLVED_RETENTION_MS,
  });
  const startedAt = isRaised(state) && !raised ? now : alert.startedAt;
  return {
    state,
    since: state === alert.state ? alert.since : now,
    activeSince: met ? activeSince : alert.activeSince,
    startedAt: state === "pending" || state === "inactive" ? undefined : startedAt,
    lapsedSince: isRaised(state) ? lapsedSince : undefined,
    value: met ? seen.value : alert.value,
    details: met ? seen.details : alert.details,
  };
}

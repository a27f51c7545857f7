import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { RESEND_MS } from "../../src/alert/notification.ts";
import type { Rule } from "../../src/alert/rule.ts";
import { type AlertState, RESOLVED_RETENTION_MS } from "../../src/alert/step.ts";
import { Rig, ruleOf } from "./rig.ts";

const PORTS = ["Ethernet0", "Ethernet4"] as const;

/** What is so from one look to the next. */
interface Step {
  readonly seconds: number;
  readonly port: (typeof PORTS)[number];
  /** The value of the port; the condition holds above 0. Undefined: the port is gone. */
  readonly value: 0 | 1 | undefined;
  readonly silenced: boolean;
  readonly enabled: boolean;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    seconds: fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 1, max: 30 }) },
      { weight: 1, arbitrary: fc.constant(950) },
    ),
    port: fc.constantFrom(...PORTS),
    value: fc.oneof(
      { weight: 5, arbitrary: fc.constant(1 as const) },
      { weight: 4, arbitrary: fc.constant(0 as const) },
      { weight: 1, arbitrary: fc.constant(undefined) },
    ),
    silenced: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
    enabled: fc.integer({ min: 0, max: 7 }).map((n) => n > 0),
  }),
  { maxLength: 60, size: "max" },
);

/** What one look saw of a port. */
interface Look {
  readonly ms: number;
  readonly met: boolean;
  readonly silenced: boolean;
  readonly ended: boolean;
}

/** The state that follows from all looks so far, said naively: each time everything is worked out anew. */
function stateOf(looks: readonly Look[], forMs: number, keepMs: number): AlertState {
  let isRaised = false;
  /** When it was raised last and ended, unless the condition held since or that is forgotten. */
  let endedMs: number | undefined;
  /** Since when the condition holds, or does not. */
  let heldMs: number | undefined;
  let gapMs: number | undefined;
  for (const { ms, met, ended } of looks) {
    const holds = met && !ended;
    heldMs = holds ? (heldMs ?? ms) : undefined;
    gapMs = holds ? undefined : (gapMs ?? ms);
    const isOver = ended || (gapMs !== undefined && ms - gapMs >= keepMs);
    if (holds) endedMs = undefined;
    if (isRaised && !holds && isOver) endedMs = ms;
    isRaised = isRaised ? holds || !isOver : holds && ms - heldMs! >= forMs;
    if (endedMs !== undefined && ms - endedMs > RESOLVED_RETENTION_MS) endedMs = undefined;
  }
  const last = looks.at(-1)!;
  if (isRaised) return last.silenced ? "suppressed" : "firing";
  if (last.met && !last.ended) return "pending";
  return endedMs === undefined ? "inactive" : "resolved";
}

/** What receivers are told of one port: nothing that contradicts what they were told before, and all in time. */
class Receiver {
  #told: "nothing" | "firing" | "resolved" = "nothing";
  #toldMs = 0;
  #former: AlertState = "inactive";
  heard = 0;

  hear(state: AlertState, messages: readonly { status: "firing" | "resolved"; isRepeat: boolean }[], ms: number): void {
    if (this.#former === "resolved" && state !== "resolved") this.#told = "nothing";
    expect(messages.length).toBeLessThanOrEqual(1);
    const message = messages[0];
    const isNew = state !== this.#former && (state === "firing" || (state === "resolved" && this.#told === "firing"));
    const isRepeat = !isNew && state === this.#told && ms - this.#toldMs >= RESEND_MS;
    expect(message?.status).toBe((isNew || isRepeat ? state : undefined) as "firing");
    if (message) {
      expect(message.isRepeat).toBe(isRepeat);
      this.#told = message.status;
      this.#toldMs = ms;
      this.heard++;
    }
    this.#former = state;
  }
}

test("AlertEngine has after any looks the states that a naive reading of the rules has, and tells them in time", () => {
  const seen = new Set<string>();
  let heard = 0;
  const property = fc.property(fc.constantFrom(0, 20, 60), fc.constantFrom(0, 25), steps, (forSeconds, keep, taken) => {
    const expression = { kind: "gauge", metric: "p" } as const;
    const rule: Rule = ruleOf({ scope: "port", expression, forSeconds, keepFiringSeconds: keep });
    const rig = new Rig([rule]);
    const looks = new Map<string, Look[]>(PORTS.map((port) => [port, []]));
    const receivers = new Map(PORTS.map((port) => [port, new Receiver()]));
    const former = new Map<string, AlertState>();
    for (const { seconds, port, value, silenced, enabled } of taken) {
      if (value === undefined) rig.metrics.removePort("p", port);
      else rig.metrics.setPort("p", port, value);
      const expiresWallMs = rig.clock.wallNow() + 1e9;
      const silence = { id: "s", matcher: { port: PORTS[0] }, reason: "r", createdWallMs: 0, expiresWallMs };
      rig.engine.setSilences(silenced ? [silence] : []);
      rig.engine.setRules([{ ...rule, enabled }]);
      const { changes, notifications } = rig.tick(seconds);
      const ms = rig.clock.now();
      for (const name of PORTS) {
        const now = rig.metrics.ports("p")?.get(name);
        const met = now === 1;
        const own = looks.get(name)!;
        own.push({ ms, met, silenced: silenced && name === PORTS[0], ended: !enabled || now === undefined });
        const wanted = stateOf(own, forSeconds * 1000, keep * 1000);
        const state = rig.engine.alerts.find((alert) => alert.port === name)?.alert.state ?? "inactive";
        expect(state).toBe(wanted);
        const before = former.get(name) ?? "inactive";
        const change = changes.filter((one) => one.port === name).map(({ from, to }) => `${from} ${to}`);
        expect(change).toEqual(before === wanted ? [] : [`${before} ${wanted}`]);
        if (before !== wanted) seen.add(`${before} ${wanted}`);
        former.set(name, wanted);
        const messages = notifications.filter(({ labels }) => labels["port"] === name);
        receivers.get(name)!.hear(wanted, messages, ms);
      }
    }
    for (const receiver of receivers.values()) heard += receiver.heard;
  });
  fc.assert(property, { numRuns: 1000 });
  expect(heard).toBeGreaterThan(5000);
  expect([...seen].sort()).toEqual([
    "firing resolved",
    "firing suppressed",
    "inactive firing",
    "inactive pending",
    "inactive suppressed",
    "pending firing",
    "pending inactive",
    "pending suppressed",
    "resolved firing",
    "resolved inactive",
    "resolved pending",
    "resolved suppressed",
    "suppressed firing",
    "suppressed resolved",
  ]);
});

import { expect, test } from "bun:test";

import {
  type Alert,
  ALERT_STATES,
  type AlertState,
  type Facts,
  inactiveAlert,
  nextState,
  type Observation,
  RESOLVED_RETENTION_MS,
  step,
  TRANSITIONS,
} from "../../src/alert/step.ts";

const NOT_SEEN: Observation = { met: false, value: undefined, details: [], silenced: false, ended: false };
const TIMING = { forSeconds: 60, keepFiringSeconds: 30 };

function moment(seconds: number) {
  return { wallMs: 1e12 + seconds * 1000, monotonicMs: seconds * 1000 };
}

/** What an alert is after looks at these seconds. */
function after(looks: readonly (readonly [seconds: number, seen: Partial<Observation>])[], timing = TIMING): Alert {
  let alert = inactiveAlert(moment(0));
  for (const [seconds, seen] of looks) alert = step(alert, { ...NOT_SEEN, ...seen }, timing, moment(seconds));
  return alert;
}

function allFacts(): Facts[] {
  const both = [false, true];
  return both.flatMap((met) =>
    both.flatMap((due) =>
      both.flatMap((kept) => both.flatMap((silenced) => both.map((aged) => ({ met, due, kept, silenced, aged })))),
    ),
  );
}

/** The states in words of their own: what follows from each, whatever the table looks like. */
function expected(from: AlertState, { met, due, kept, silenced, aged }: Facts): AlertState {
  const raised = silenced ? "suppressed" : "firing";
  if (from === "firing" || from === "suppressed") return met || kept ? raised : "resolved";
  if (met) return due ? raised : "pending";
  return from === "resolved" && !aged ? "resolved" : "inactive";
}

test("nextState follows from every state and all facts as it is meant to", () => {
  for (const from of ALERT_STATES)
    for (const facts of allFacts())
      expect(`${from} ${JSON.stringify(facts)} ${nextState(from, facts)}`).toBe(
        `${from} ${JSON.stringify(facts)} ${expected(from, facts)}`,
      );
});

test("TRANSITIONS has no row without an effect", () => {
  for (const row of TRANSITIONS) {
    const taken = allFacts().filter((facts) => {
      const first = TRANSITIONS.find(
        ({ from, when }) =>
          from === row.from && Object.entries(when).every(([name, value]) => facts[name as keyof Facts] === value),
      );
      return first === row;
    });
    expect(taken.length).toBeGreaterThan(0);
    expect(row.to).not.toBe(row.from);
  }
});

test("step fires when the condition has held for as long as the rule asks, to the millisecond", () => {
  expect(after([[10, { met: true }]]).state).toBe("pending");
  expect(
    after([
      [10, { met: true }],
      [69.999, { met: true }],
    ]).state,
  ).toBe("pending");
  expect(
    after([
      [10, { met: true }],
      [70, { met: true }],
    ]).state,
  ).toBe("firing");
});

test("step fires at once when the rule asks for no delay", () => {
  expect(after([[10, { met: true }]], { forSeconds: 0, keepFiringSeconds: 0 }).state).toBe("firing");
});

test("step begins anew after a break, however short", () => {
  const broken = after([
    [10, { met: true }],
    [60, { met: false }],
    [61, { met: true }],
    [120, { met: true }],
  ]);
  expect(broken.state).toBe("pending");
  expect(broken.activeSince).toEqual(moment(61));
});

test("step keeps an alert firing for as long as the rule says after the condition ended", () => {
  const fired = [
    [0, { met: true }],
    [60, { met: true }],
    [70, {}],
  ] as const;
  expect(after(fired).state).toBe("firing");
  expect(after([...fired, [99.999, {}]]).state).toBe("firing");
  expect(after([...fired, [100, {}]]).state).toBe("resolved");
  expect(after([...fired, [99, { met: true }], [105, {}], [134, {}]]).state).toBe("firing");
});

test("step ends an alert at once when its rule or port is gone, even while it is kept or met", () => {
  const fired = [
    [0, { met: true }],
    [60, { met: true }],
  ] as const;
  expect(after([...fired, [65, { met: true, ended: true }]]).state).toBe("resolved");
  expect(after([...fired, [65, {}], [66, { ended: true }]]).state).toBe("resolved");
  expect(
    after([
      [0, { met: true }],
      [5, { met: true, ended: true }],
    ]).state,
  ).toBe("inactive");
});

test("step suppresses what would fire, and lets it fire with its old start when the silence is over", () => {
  const suppressed = after([
    [0, { met: true, silenced: true }],
    [60, { met: true, silenced: true }],
  ]);
  expect(suppressed.state).toBe("suppressed");
  const fired = step(suppressed, { ...NOT_SEEN, met: true }, TIMING, moment(90));
  expect([fired.state, fired.startedAt, fired.since]).toEqual(["firing", moment(60), moment(90)]);
  const again = step(fired, { ...NOT_SEEN, met: true, silenced: true }, TIMING, moment(95));
  expect([again.state, again.startedAt]).toEqual(["suppressed", moment(60)]);
});

test("step forgets a resolved alert after its retention, and not before", () => {
  const resolved = after([[0, { met: true }]], { forSeconds: 0, keepFiringSeconds: 0 });
  const timing = { forSeconds: 60, keepFiringSeconds: 0 };
  const at10 = step(resolved, NOT_SEEN, timing, moment(10));
  expect(at10.state).toBe("resolved");
  const edge = 10 + RESOLVED_RETENTION_MS / 1000;
  expect(step(at10, NOT_SEEN, timing, moment(edge)).state).toBe("resolved");
  expect(step(at10, NOT_SEEN, timing, moment(edge + 0.001)).state).toBe("inactive");
  expect(step(at10, { ...NOT_SEEN, met: true }, timing, moment(20)).state).toBe("pending");
});

test("step keeps the value and details of when the condition held last", () => {
  const seen = { met: true, value: 7, details: ["Ethernet0"] };
  const fired = after(
    [
      [0, seen],
      [5, { met: false, value: 3 }],
    ],
    { forSeconds: 0, keepFiringSeconds: 0 },
  );
  expect([fired.state, fired.value, fired.details]).toEqual(["resolved", 7, ["Ethernet0"]]);
});

test("step goes by the clock that never jumps", () => {
  const pending = step(inactiveAlert(moment(0)), { ...NOT_SEEN, met: true }, TIMING, moment(0));
  const jumped = { wallMs: 2e12, monotonicMs: 5000 };
  expect(step(pending, { ...NOT_SEEN, met: true }, TIMING, jumped).state).toBe("pending");
});

test("step leaves the alert that it is given as it is", () => {
  const alert = Object.freeze(inactiveAlert(moment(0)));
  const next = step(alert, { ...NOT_SEEN, met: true }, TIMING, moment(1));
  expect(next).not.toBe(alert);
  expect(alert.state).toBe("inactive");
});

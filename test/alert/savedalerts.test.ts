import { expect, test } from "bun:test";

import type { Rule } from "../../src/alert/rule.ts";
import type { SavedAlerts } from "../../src/alert/savedalerts.ts";
import type { Silence } from "../../src/alert/silence.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { Rig, ruleOf } from "./rig.ts";

const LABELS = { instance: "switch1" };
const RULE = ruleOf({ forSeconds: 60, keepFiringSeconds: 30 });

/** The next process: another monotonic clock, after so many seconds in which none ran. */
function restart(
  rig: Rig,
  breakSeconds: number,
  rules: readonly Rule[] = [RULE],
  silences: readonly Silence[] = [],
  labels: Readonly<Record<string, string>> = LABELS,
): Rig {
  // As a store does.
  const alerts = JSON.parse(JSON.stringify(rig.engine.save(rig.now))) as SavedAlerts;
  const clock = new FakeClock(rig.clock.wallNow() + breakSeconds * 1000);
  clock.setWall(rig.clock.wallNow() + breakSeconds * 1000);
  return new Rig(rules, { alerts, silences, labels }, clock);
}

function statusesOf({ notifications }: ReturnType<Rig["tick"]>): string[] {
  return notifications.map(({ status, isRepeat }) => (isRepeat ? `${status} again` : status));
}

test("AlertEngine goes on with what is pending after a short break, which counts", () => {
  const rig = new Rig([RULE]);
  rig.states(1, 0);
  rig.states(1, 20);
  const next = restart(rig, 10);
  expect(next.states(1, 29.999)).toEqual([]);
  expect(next.states(1, 0.001)).toEqual(["firing"]);
});

test("AlertEngine begins anew with what is pending after a break of more than a minute", () => {
  const rig = new Rig([RULE]);
  rig.states(1, 0);
  const kept = restart(rig, 60);
  expect(kept.engine.alerts).toHaveLength(1);
  const next = restart(rig, 60.001);
  expect(next.engine.alerts).toEqual([]);
  expect(next.states(1, 0)).toEqual(["pending"]);
});

function firing(): Rig {
  const rig = new Rig([RULE], { labels: LABELS });
  rig.states(7, 0);
  rig.states(7, 60);
  return rig;
}

test("AlertEngine goes on with what fires after any break, tells it as a repeat, and with its old start", () => {
  const rig = firing();
  const start = new Date(rig.clock.wallNow()).toISOString();
  const next = restart(rig, 3600);
  next.metrics.set("m", 7);
  const outcome = next.tick(1);
  expect(outcome.changes).toEqual([]);
  expect(outcome.notifications).toMatchObject([{ status: "firing", isRepeat: true, startsAt: start, value: 7 }]);
});

test("AlertEngine ends after a restart what ended meanwhile, and tells so once it is not kept any more", () => {
  const next = restart(firing(), 3600);
  next.metrics.set("m", 0);
  expect(statusesOf(next.tick(0))).toEqual(["firing again"]);
  expect(statusesOf(next.tick(30))).toEqual(["resolved"]);
});

test("AlertEngine goes on suppressing after a restart until the silence expires, and then tells with the old start", () => {
  const rig = new Rig([RULE]);
  const startMs = rig.clock.wallNow();
  const matcher = { rule: RULE.id };
  const silence = { id: "s", matcher, reason: "r", createdWallMs: startMs, expiresWallMs: startMs + 200_000 };
  rig.engine.setSilences([silence]);
  rig.states(7, 0);
  expect(rig.states(7, 60)).toEqual(["suppressed"]);
  const next = restart(rig, 100, [RULE], [JSON.parse(JSON.stringify(silence)) as Silence]);
  expect(next.states(7, 39.999)).toEqual([]);
  const outcome = next.tick(0.001);
  expect(statusesOf(outcome)).toEqual(["firing"]);
  expect(outcome.notifications[0]!.startsAt).toBe(new Date(startMs + 60_000).toISOString());
});

test("AlertEngine keeps an alert firing over a restart for as long as its rule says, and no longer", () => {
  const rig = firing();
  rig.states(0, 10);
  const next = restart(rig, 10);
  expect(next.states(0, 19.999)).toEqual([]);
  expect(next.states(0, 0.001)).toEqual(["resolved"]);
});

test("AlertEngine goes on telling after a restart what was resolved before it, and forgets it in time", () => {
  const rig = firing();
  rig.states(0, 10);
  expect(rig.states(0, 30)).toEqual(["resolved"]);
  const next = restart(rig, 60);
  next.metrics.set("m", 0);
  expect(statusesOf(next.tick(0))).toEqual(["resolved again"]);
  expect(next.tick(840).changes).toEqual([]);
  expect(next.tick(1).changes).toMatchObject([{ to: "inactive" }]);
});

test("AlertEngine ends after a restart what belongs to a rule that is gone, with the texts that were told", () => {
  const next = restart(firing(), 5, []);
  const { notifications } = next.tick(0);
  expect(notifications).toMatchObject([
    {
      status: "resolved",
      isRepeat: false,
      labels: { alertname: "test_rule", severity: "warning" },
      annotations: { summary: "m is 7", action: "Do something." },
    },
  ]);
  next.tick(901);
  expect(next.engine.statistics).toEqual([]);
});

test("AlertEngine ends after a restart what it told under another instance, and tells it anew under its own", () => {
  for (const [m, severity, own] of [
    [7, "warning", "firing"],
    [7, "critical", "firing"],
    [0, "warning", undefined],
  ] as const) {
    const rules = [ruleOf({ severity, keepFiringSeconds: m === 0 ? 0 : 30 })];
    const next = restart(firing(), 5, rules, [], { instance: "switch2", namespace: "asic0" });
    next.metrics.set("m", m);
    const told = next.tick(0).notifications;
    const ends = told.filter(({ status }) => status === "resolved");
    expect(ends).toMatchObject([{ isRepeat: false, endsAt: new Date(next.clock.wallNow()).toISOString() }]);
    expect(ends[0]!.labels).toEqual({
      alertname: "test_rule",
      rule: "test_rule",
      severity: "warning",
      instance: "switch1",
    });
    const begun = told.filter(({ status }) => status === "firing");
    expect(begun.map(({ labels }) => [labels["instance"], labels["severity"]])).toEqual(
      own ? [["switch2", severity]] : [],
    );
    // And what the one after it is given is told under the new name.
    const third = restart(next, 5, rules, [], { instance: "switch2", namespace: "asic0" });
    third.metrics.set("m", m);
    expect(statusesOf(third.tick(60))).toEqual(own ? ["firing again"] : []);
  }
});

test("AlertEngine ends what it told under another instance also when its rule is gone, or it is silenced now", () => {
  const gone = restart(firing(), 5, [], [], { instance: "switch2" });
  const endOf = ({ notifications }: ReturnType<Rig["tick"]>) =>
    notifications.map(({ status, labels }) => `${status} ${labels["instance"]}`);
  expect(endOf(gone.tick(0))).toEqual(["resolved switch1"]);
  const former = firing();
  const nowMs = former.clock.wallNow();
  const silence = {
    id: "s",
    matcher: { rule: RULE.id },
    reason: "r",
    createdWallMs: nowMs,
    expiresWallMs: nowMs + 9e6,
  };
  const silenced = restart(former, 5, [RULE], [silence], { instance: "switch2" });
  silenced.metrics.set("m", 7);
  expect(endOf(silenced.tick(0))).toEqual(["resolved switch1"]);
});

test("AlertEngine takes an alert that was kept without its labels for one that was told under the same", () => {
  const former = firing();
  const { at, alerts } = former.engine.save(former.now);
  const unlabelled = (key: string, value: unknown): unknown => (key === "labels" ? undefined : value);
  const old = JSON.parse(JSON.stringify(alerts), unlabelled) as SavedAlerts["alerts"];
  const next = new Rig([RULE], { alerts: { at, alerts: old }, labels: { instance: "switch2" } }, former.clock);
  next.metrics.set("m", 7);
  expect(statusesOf(next.tick(60))).toEqual(["firing again"]);
});

test("AlertEngine goes on with alerts of ports after a restart, each for its port", () => {
  const rule = ruleOf({ scope: "port", expression: { kind: "gauge", metric: "p" } });
  const rig = new Rig([rule]);
  for (const port of ["Ethernet0", "Ethernet4"]) rig.metrics.setPort("p", port, 1);
  rig.tick(0);
  const next = restart(rig, 5, [rule]);
  next.metrics.setPort("p", "Ethernet0", 1);
  next.metrics.setPort("p", "Ethernet4", 0);
  expect(next.tick(0).changes).toMatchObject([{ port: "Ethernet4", to: "resolved" }]);
});

const FLAPPING = ruleOf({
  scope: "port",
  expression: { kind: "increase", metric: "p", windowSeconds: 300 },
  condition: { kind: "above", threshold: 5 },
});

/** A process that ends right after a port has flapped seven times. */
function flapping(): Rig {
  const rig = new Rig([FLAPPING]);
  rig.metrics.setPort("p", "Ethernet0", 10);
  rig.tick(0);
  rig.metrics.setPort("p", "Ethernet0", 17);
  expect(rig.tick(5).changes).toMatchObject([{ port: "Ethernet0", to: "firing" }]);
  return rig;
}

test("AlertEngine does not take the end of a process for the end of what a port did in its window", () => {
  const next = restart(flapping(), 10, [FLAPPING]);
  expect(next.tick(0).changes).toEqual([]); // no port is known yet
  next.metrics.setPort("p", "Ethernet0", 17);
  expect(next.tick(5).changes).toEqual([]);
  expect(next.tick(284.999).changes).toEqual([]);
  expect(next.engine.alerts).toMatchObject([{ alert: { state: "firing", value: 7 } }]);
  expect(next.tick(0.001).changes).toMatchObject([{ port: "Ethernet0", to: "resolved" }]);
});

test("AlertEngine does not begin the window of a port anew with each restart, unless the port goes on", () => {
  const held = restart(flapping(), 10, [FLAPPING]);
  held.tick(200);
  const again = restart(held, 10, [FLAPPING]);
  expect(again.tick(79.999).changes).toEqual([]);
  expect(again.tick(0.001).changes).toMatchObject([{ port: "Ethernet0", to: "resolved" }]);
  const busy = restart(flapping(), 10, [FLAPPING]);
  for (const flaps of [17, 24]) {
    busy.metrics.setPort("p", "Ethernet0", flaps);
    busy.tick(100);
  }
  const last = restart(busy, 10, [FLAPPING]);
  expect(last.tick(289.999).changes).toEqual([]);
  expect(last.tick(0.001).changes).toMatchObject([{ port: "Ethernet0", to: "resolved" }]);
});

test("AlertEngine ends after a restart what is out of the window, and what its rule does not want any more", () => {
  const late = restart(flapping(), 300, [FLAPPING]);
  late.metrics.setPort("p", "Ethernet0", 17);
  expect(late.tick(0).changes).toMatchObject([{ to: "resolved" }]);
  const disabled = restart(flapping(), 10, [{ ...FLAPPING, enabled: false }]);
  disabled.metrics.setPort("p", "Ethernet0", 17);
  expect(disabled.tick(0).changes).toMatchObject([{ to: "resolved" }]);
});

test("AlertEngine takes a clock that was put back between two processes for no break", () => {
  const rig = new Rig([RULE]);
  rig.states(1, 0);
  rig.states(1, 20);
  const next = restart(rig, -3600);
  expect(next.states(1, 39.999)).toEqual([]);
  expect(next.states(1, 0.001)).toEqual(["firing"]);
});

import { expect, test } from "bun:test";

import { builtinRules } from "../../src/alert/builtin.ts";
import type { Silence } from "../../src/alert/silence.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { Rig, ruleOf } from "./rig.ts";

const FLAPS = "portsyncd_port_flaps_total";
const WALL = 1_000_000_000_000;

function silenceOf(seconds: number, matcher: Silence["matcher"] = { rule: "test_rule" }): Silence {
  const expiresWallMs = WALL + seconds * 1000;
  return { id: "s1", matcher, reason: "maintenance", createdWallMs: WALL, expiresWallMs };
}

function statusesOf(outcome: ReturnType<Rig["tick"]>): string[] {
  return outcome.notifications.map(({ status, isRepeat }) => (isRepeat ? `${status} again` : status));
}

test("AlertEngine tells of an alert when it fires and ends, with labels, value and texts", () => {
  const rig = new Rig([ruleOf({ forSeconds: 10, severity: "critical" })], { labels: { instance: "switch1" } });
  expect(rig.states(5, 0)).toEqual(["pending"]);
  rig.metrics.set("m", 6);
  const { changes, notifications } = rig.tick(10);
  expect(changes).toMatchObject([{ rule: "test_rule", severity: "critical", from: "pending", to: "firing" }]);
  expect(notifications).toMatchObject([
    {
      status: "firing",
      labels: { instance: "switch1", alertname: "test_rule", severity: "critical" },
      annotations: { summary: "m is 6", description: "m is 6, above 0.", action: "Do something." },
      value: 6,
      startsAt: new Date(WALL + 10_000).toISOString(),
    },
  ]);
  rig.metrics.set("m", 0);
  const end = rig.tick(10).notifications;
  expect(end).toMatchObject([{ status: "resolved", value: 6, endsAt: new Date(WALL + 20_000).toISOString() }]);
  expect(end[0]!.fingerprint).toBe(notifications[0]!.fingerprint);
});

test("AlertEngine tells again each minute while it fires, and for a quarter of an hour after its end", () => {
  const rig = new Rig([ruleOf()]);
  rig.metrics.set("m", 1);
  const firing = Array.from({ length: 13 }, (_, i) => statusesOf(rig.tick(i === 0 ? 0 : 10)));
  const again = ["firing again"];
  expect(firing).toEqual([["firing"], [], [], [], [], [], again, [], [], [], [], [], again]);
  rig.metrics.set("m", 0);
  const ended = Array.from({ length: 200 }, () => statusesOf(rig.tick(10))).flat();
  expect(ended).toEqual(["resolved", ...Array.from({ length: 15 }, () => "resolved again")]);
  expect(rig.engine.alerts).toEqual([]);
});

test("AlertEngine gives up what is pending, and ends what fires, when there is no value any more", () => {
  const rig = new Rig([ruleOf({ forSeconds: 10 })]);
  expect(rig.states(1, 0)).toEqual(["pending"]);
  expect(rig.states(undefined, 5)).toEqual(["inactive"]);
  expect(rig.states(1, 5)).toEqual(["pending"]);
  expect(rig.states(1, 5)).toEqual([]);
  expect(rig.states(1, 5)).toEqual(["firing"]);
  expect(rig.states(undefined, 5)).toEqual(["resolved"]);
});

test("AlertEngine has an alert for each port of a rule that is per port, and ends it when the port goes", () => {
  const rule = ruleOf({ scope: "port", expression: { kind: "gauge", metric: "p" }, summary: "{port}" });
  const rig = new Rig([rule]);
  for (const [port, value] of [["Ethernet0", 1] as const, ["Ethernet4", 0] as const, ["Ethernet8", 2] as const])
    rig.metrics.setPort("p", port, value);
  const { notifications } = rig.tick(0);
  expect(notifications.map(({ labels }) => labels["port"])).toEqual(["Ethernet0", "Ethernet8"]);
  expect(notifications.map(({ annotations }) => annotations.summary)).toEqual(["Ethernet0", "Ethernet8"]);
  expect(new Set(notifications.map(({ fingerprint }) => fingerprint)).size).toBe(2);
  rig.metrics.removePort("p", "Ethernet0");
  expect(rig.tick(5).changes).toMatchObject([{ port: "Ethernet0", to: "resolved" }]);
  rig.metrics.forgetPorts("p");
  expect(rig.tick(5).changes).toMatchObject([{ port: "Ethernet8", to: "resolved" }]);
});

test("AlertEngine says nothing of what is silenced, until the silence expires", () => {
  const rig = new Rig([ruleOf({ forSeconds: 10 })], { silences: [silenceOf(60)] });
  rig.metrics.set("m", 1);
  expect(rig.tick(0).changes).toMatchObject([{ to: "pending", silence: undefined }]);
  const suppressed = rig.tick(10);
  expect(suppressed.changes).toMatchObject([{ to: "suppressed", silence: { reason: "maintenance" } }]);
  expect(rig.engine.alerts).toMatchObject([{ alert: { state: "suppressed" }, silence: { id: "s1" } }]);
  expect(statusesOf(suppressed)).toEqual([]);
  expect(statusesOf(rig.tick(49.999))).toEqual([]);
  const fired = rig.tick(0.001);
  expect(fired.changes).toMatchObject([{ from: "suppressed", to: "firing", silence: undefined }]);
  expect(fired.notifications).toMatchObject([{ status: "firing", startsAt: new Date(WALL + 10_000).toISOString() }]);
});

test("AlertEngine suppresses a recurrence, too, and never tells the end of what it did not tell", () => {
  const rig = new Rig([ruleOf()], { silences: [silenceOf(600)] });
  for (let i = 0; i < 3; i++) {
    expect(rig.states(1, 10)).toEqual(["suppressed"]);
    rig.metrics.set("m", 0);
    const ended = rig.tick(10);
    expect([ended.changes[0]!.to, ...statusesOf(ended)]).toEqual(["resolved"]);
  }
});

test("AlertEngine tells the end even in a silence to those who know of the beginning, and tells anew after it", () => {
  const rig = new Rig([ruleOf()]);
  rig.metrics.set("m", 1);
  expect(statusesOf(rig.tick(0))).toEqual(["firing"]);
  rig.engine.setSilences([silenceOf(600)]);
  expect(Array.from({ length: 20 }, () => statusesOf(rig.tick(10))).flat()).toEqual([]);
  rig.engine.setSilences([]);
  expect(statusesOf(rig.tick(10))).toEqual(["firing"]);
  rig.engine.setSilences([silenceOf(600)]);
  rig.tick(10);
  rig.metrics.set("m", 0);
  expect(statusesOf(rig.tick(10))).toEqual(["resolved"]);
});

test("AlertEngine tells no end of a recurrence that was suppressed, though the first time was told", () => {
  const rig = new Rig([ruleOf()]);
  rig.states(1, 0);
  rig.metrics.set("m", 0);
  expect(statusesOf(rig.tick(10))).toEqual(["resolved"]);
  rig.engine.setSilences([silenceOf(600)]);
  expect(rig.states(1, 10)).toEqual(["suppressed"]);
  rig.metrics.set("m", 0);
  expect(Array.from({ length: 20 }, () => statusesOf(rig.tick(10))).flat()).toEqual([]);
});

test("AlertEngine silences ports, and no alert of others", () => {
  const rule = ruleOf({ scope: "port", expression: { kind: "gauge", metric: "p" } });
  const rig = new Rig([rule], { silences: [silenceOf(600, { port: "Ethernet1*" })] });
  for (const port of ["Ethernet4", "Ethernet10", "Ethernet12"]) rig.metrics.setPort("p", port, 1);
  expect(rig.tick(0).changes.map(({ port, to }) => `${port} ${to}`)).toEqual([
    "Ethernet4 firing",
    "Ethernet10 suppressed",
    "Ethernet12 suppressed",
  ]);
});

test("AlertEngine ends the alerts of a rule that is disabled or removed, and tells so", () => {
  for (const rules of [[ruleOf({ enabled: false, keepFiringSeconds: 600 })], []]) {
    const rig = new Rig([ruleOf({ keepFiringSeconds: 600 })]);
    expect(rig.states(1, 0)).toEqual(["firing"]);
    rig.engine.setRules(rules);
    const ended = rig.tick(5);
    expect([ended.changes[0]!.to, ...statusesOf(ended)]).toEqual(["resolved", "resolved"]);
    expect(rig.states(1, 5)).toEqual([]);
    expect(rig.engine.statistics.map(({ rule }) => rule)).toEqual(["test_rule"]);
    rig.tick(901);
    expect(rig.engine.statistics.map(({ rule }) => rule)).toEqual(rules.map(({ id }) => id));
    rig.engine.setRules([ruleOf()]);
    expect(rig.states(1, 5)).toEqual(["firing"]);
  }
});

test("AlertEngine ends the alerts of ports when their rule is not per port any more", () => {
  const rule = ruleOf({ scope: "port", expression: { kind: "gauge", metric: "p" } });
  const rig = new Rig([rule]);
  rig.metrics.setPort("p", "Ethernet0", 1);
  rig.tick(0);
  rig.engine.setRules([ruleOf()]);
  rig.metrics.set("m", 1);
  expect(rig.tick(5).changes.map(({ port, to }) => `${port} ${to}`)).toEqual([
    "undefined firing",
    "Ethernet0 resolved",
  ]);
});

test("AlertEngine goes on with an alert when its rule is changed, and with the history of its metrics", () => {
  const increase = { kind: "increase", metric: "m", windowSeconds: 300 } as const;
  const rig = new Rig([ruleOf({ expression: increase, forSeconds: 60 })]);
  rig.states(1, 0);
  expect(rig.states(3, 10)).toEqual(["pending"]);
  rig.engine.setRules([ruleOf({ expression: increase, forSeconds: 20, condition: { kind: "above", threshold: 1 } })]);
  expect(rig.states(3, 20)).toEqual(["firing"]);
});

test("AlertEngine tells the end of an alert under its old severity when the rule has another, and the alert anew", () => {
  const rig = new Rig([ruleOf({ severity: "critical" })]);
  const [critical] = (rig.metrics.set("m", 1), rig.tick(0).notifications);
  rig.engine.setRules([ruleOf({ severity: "warning" })]);
  const after = rig.tick(5).notifications;
  expect(after.map(({ status, isRepeat, labels }) => [status, isRepeat, labels["severity"]])).toEqual([
    ["resolved", false, "critical"],
    ["firing", false, "warning"],
  ]);
  expect([after[0]!.fingerprint, after[1]!.startsAt]).toEqual([critical!.fingerprint, critical!.startsAt]);
  expect(after[0]!.endsAt).toBe(new Date(WALL + 5000).toISOString());
  expect(rig.tick(5).notifications).toEqual([]);
  rig.metrics.set("m", 0);
  expect(rig.tick(5).notifications.map(({ status, labels }) => [status, labels["severity"]])).toEqual([
    ["resolved", "warning"],
  ]);
});

test("AlertEngine tells nobody of the old severity of an alert that nobody was told of, or that had ended", () => {
  const pending = new Rig([ruleOf({ severity: "critical", forSeconds: 60 })]);
  expect(pending.states(1, 0)).toEqual(["pending"]);
  const ended = new Rig([ruleOf({ severity: "critical" })]);
  expect([ended.states(1, 0), ended.states(0, 5)]).toEqual([["firing"], ["resolved"]]);
  for (const [rig, forSeconds] of [
    [pending, 60],
    [ended, 0],
  ] as const) {
    rig.engine.setRules([ruleOf({ forSeconds })]);
    expect(rig.tick(5).notifications).toEqual([]);
  }
});

test("AlertEngine tells the end of what an earlier process told under another severity", () => {
  const former = new Rig([ruleOf({ severity: "critical" })]);
  expect(former.states(1, 0)).toEqual(["firing"]);
  const rig = new Rig([ruleOf()], { alerts: former.engine.save(former.now) }, former.clock);
  rig.metrics.set("m", 1);
  const told = rig.tick(5).notifications.map(({ status, labels }) => [status, labels["severity"]]);
  expect(told).toEqual([
    ["resolved", "critical"],
    ["firing", "warning"],
  ]);
});

test("AlertEngine forgets the history of a metric that no rule asks for any more", () => {
  const rule = ruleOf({ expression: { kind: "increase", metric: "m", windowSeconds: 300 } });
  const rig = new Rig([rule]);
  rig.states(1, 0);
  rig.engine.setRules([{ ...rule, enabled: false }]);
  rig.states(1, 5);
  rig.engine.setRules([rule]);
  expect(rig.states(3, 5)).toEqual([]);
  expect(rig.states(4, 5)).toEqual(["firing"]);
});

test("AlertEngine counts states, transitions and the time that alerts fire", () => {
  const rig = new Rig([ruleOf({ forSeconds: 10, keepFiringSeconds: 5 })]);
  rig.states(7, 0);
  rig.states(7, 10); // fires
  rig.states(7, 30);
  rig.states(0, 10); // is kept
  expect(rig.engine.statistics).toMatchObject([{ value: 0, alerts: { firing: 1 }, firingSeconds: 40 }]);
  rig.states(0, 5); // resolves
  rig.states(7, 5); // is pending
  rig.states(0, 5); // is given up
  rig.states(7, 5); // is pending again
  expect(rig.engine.statistics).toEqual([
    {
      rule: "test_rule",
      severity: "warning",
      enabled: true,
      value: 7,
      alerts: { inactive: 0, pending: 1, firing: 0, suppressed: 0, resolved: 0 },
      transitions: { inactive: 1, pending: 3, firing: 1, suppressed: 0, resolved: 1 },
      firingSeconds: 45,
    },
  ]);
});

test("AlertEngine goes by the clock that never jumps, but for silences", () => {
  const rig = new Rig([ruleOf({ forSeconds: 60 })], { silences: [silenceOf(600)] });
  rig.states(1, 0);
  rig.clock.setWall(WALL + 500_000);
  expect(rig.states(1, 10)).toEqual([]);
  rig.clock.setWall(WALL + 700_000);
  expect(rig.states(1, 50)).toEqual(["firing"]);
});

test("AlertEngine has no alert of a port that is quiet, among thousands of them", () => {
  const rig = new Rig(builtinRules({ maxLatencyUs: 10_000 }));
  for (let i = 0; i < 4096; i++) rig.metrics.setPort(FLAPS, `Ethernet${i}`, i);
  for (let i = 0; i < 10; i++) {
    rig.metrics.addPort(FLAPS, "Ethernet77");
    rig.tick(1);
  }
  expect(rig.engine.alerts.map(({ port }) => port)).toEqual(["Ethernet77"]);
});

test("AlertEngine sees starts of earlier processes in what they saved", () => {
  const samples = [
    { wallMs: WALL - 600_000, values: { portsyncd_cold_starts_total: 5, portsyncd_warm_restarts_total: 2 } },
    { wallMs: WALL - 400_000, values: { portsyncd_cold_starts_total: 7, portsyncd_warm_restarts_total: 2 } },
    { wallMs: WALL - 100_000, values: { portsyncd_cold_starts_total: 8, portsyncd_warm_restarts_total: 2 } },
  ];
  const rig = new Rig(builtinRules({ maxLatencyUs: 10_000 }), { samples });
  // Until the store is open, counters that go on over restarts have no value.
  rig.tick(1);
  rig.metrics.set("portsyncd_cold_starts_total", 9);
  rig.metrics.set("portsyncd_warm_restarts_total", 2);
  expect(rig.tick(4).changes).toMatchObject([{ rule: "cold_start_anomaly", to: "pending" }]);
  expect(rig.tick(180).changes).toMatchObject([{ rule: "cold_start_anomaly", to: "firing" }]);
  const value = rig.engine.statistics.find(({ rule }) => rule === "cold_start_anomaly")!.value;
  expect(value).toBe(100);
});

test("AlertEngine takes one sample of a process that was never there before for no change", () => {
  const rig = new Rig(builtinRules({ maxLatencyUs: 10_000 }));
  rig.metrics.set("portsyncd_starts_total", 902);
  rig.metrics.set("portsyncd_cold_starts_total", 900);
  rig.metrics.set("portsyncd_warm_restarts_total", 2);
  expect(Array.from({ length: 60 }, () => rig.tick(5).changes).flat()).toEqual([]);
});

test("AlertEngine starts with a clock of its own", () => {
  const clock = new FakeClock();
  clock.pass(123_456);
  const rig = new Rig([ruleOf({ forSeconds: 5 })], {}, clock);
  expect(rig.states(1, 0)).toEqual(["pending"]);
  expect(rig.states(1, 5)).toEqual(["firing"]);
});

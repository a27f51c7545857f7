import { expect, test } from "bun:test";

import { type Delivery, dueNotification, notify } from "../../src/alert/notification.ts";
import { type Alert, type AlertState, inactiveAlert } from "../../src/alert/step.ts";

const WALL = Date.UTC(2030, 0, 1);

function moment(seconds: number, jumpSeconds = 0) {
  return { wallMs: WALL + (seconds + jumpSeconds) * 1000, monotonicMs: seconds * 1000 };
}

function alertIn(state: AlertState, sinceSeconds: number, startedSeconds = sinceSeconds): Alert {
  const started = { startedAt: moment(startedSeconds), value: 7 };
  return { ...inactiveAlert(moment(startedSeconds)), ...started, state, since: moment(sinceSeconds) };
}

function told(what: Delivery["told"], seconds: number): Delivery {
  return { told: what, at: moment(seconds) };
}

test("dueNotification tells a firing alert at once, then once a minute", () => {
  const firing = alertIn("firing", 100);
  expect(dueNotification(firing, told("nothing", 100), moment(100))).toEqual({ status: "firing", isRepeat: false });
  expect(dueNotification(firing, told("firing", 100), moment(159.999))).toBeUndefined();
  expect(dueNotification(firing, told("firing", 100), moment(160))).toEqual({ status: "firing", isRepeat: true });
});

test("dueNotification tells the end at once, then once a minute, and only to those who know of the beginning", () => {
  const resolved = alertIn("resolved", 130, 100);
  expect(dueNotification(resolved, told("firing", 129), moment(130))).toEqual({ status: "resolved", isRepeat: false });
  expect(dueNotification(resolved, told("resolved", 130), moment(189.999))).toBeUndefined();
  expect(dueNotification(resolved, told("resolved", 130), moment(190))).toEqual({ status: "resolved", isRepeat: true });
  expect(dueNotification(resolved, told("nothing", 100), moment(500))).toBeUndefined();
});

test("dueNotification says nothing of alerts that are inactive, pending or suppressed", () => {
  for (const state of ["inactive", "pending", "suppressed"] as const)
    for (const what of ["nothing", "firing", "resolved"] as const)
      expect(dueNotification(alertIn(state, 100), told(what, 100), moment(1000))).toBeUndefined();
});

test("dueNotification tells anew of what fires again, after its end or after a silence", () => {
  const again = alertIn("firing", 150);
  expect(dueNotification(again, told("resolved", 149), moment(150))).toEqual({ status: "firing", isRepeat: false });
  expect(dueNotification(again, told("firing", 149), moment(150))).toEqual({ status: "firing", isRepeat: false });
});

const ANNOTATIONS = { summary: "s", description: "d", action: "a" };
const LABELS = { alertname: "x", severity: "warning" };

test("notify says when a firing alert began, and that it is over in four minutes unless it is told again", () => {
  const subject = { alert: alertIn("firing", 100), annotations: ANNOTATIONS, labels: LABELS };
  expect(notify(subject, { status: "firing", isRepeat: true }, moment(160))).toEqual({
    status: "firing",
    isRepeat: true,
    fingerprint: "78a404924a1fe7eb",
    labels: LABELS,
    annotations: ANNOTATIONS,
    value: 7,
    startsAt: "2030-01-01T00:01:40.000Z",
    endsAt: "2030-01-01T00:06:40.000Z",
  });
});

test("notify says when a resolved alert ended, however late it is told", () => {
  const subject = { alert: alertIn("resolved", 130, 100), annotations: ANNOTATIONS, labels: LABELS };
  const { startsAt, endsAt } = notify(subject, { status: "resolved", isRepeat: true }, moment(600));
  expect([startsAt, endsAt]).toEqual(["2030-01-01T00:01:40.000Z", "2030-01-01T00:02:10.000Z"]);
});

test("notify never has a start in the future or after the end, when the clock of the machine is put back", () => {
  const now = moment(600, -3600);
  const then = new Date(now.wallMs).toISOString();
  const firing = { alert: alertIn("firing", 100), annotations: ANNOTATIONS, labels: LABELS };
  expect(notify(firing, { status: "firing", isRepeat: true }, now)).toMatchObject({
    startsAt: then,
    endsAt: new Date(now.wallMs + 240_000).toISOString(),
  });
  const resolved = { ...firing, alert: alertIn("resolved", 130, 100) };
  const end = notify(resolved, { status: "resolved", isRepeat: true }, now);
  expect([end.startsAt, end.endsAt]).toEqual([then, then]);
  const back = { ...resolved.alert, since: moment(130, -3600) };
  const before = notify({ ...resolved, alert: back }, { status: "resolved", isRepeat: false }, moment(130));
  expect(before.startsAt).toBe(before.endsAt);
});

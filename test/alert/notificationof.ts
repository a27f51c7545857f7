import type { Notification } from "../../src/alert/notification.ts";

/** A notification of the alert `fingerprint`, but for what is said otherwise. */
export function notificationOf(fingerprint: string, changes: Partial<Notification> = {}): Notification {
  return {
    status: "firing",
    isRepeat: false,
    fingerprint,
    labels: { alertname: "test_rule", rule: "test_rule", severity: "warning", port: fingerprint, instance: "sw1" },
    annotations: { summary: "s", description: "d", action: "a" },
    value: 1,
    startsAt: "2026-01-31T12:00:00.000Z",
    endsAt: "2026-01-31T12:04:00.000Z",
    ...changes,
  };
}

/** Its end. */
export function endOf(fingerprint: string, changes: Partial<Notification> = {}): Notification {
  return notificationOf(fingerprint, { status: "resolved", ...changes });
}

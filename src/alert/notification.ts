import type { Moment } from "../util/moment.ts";
import type { Annotations } from "./annotation.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Severity } from "./rule.ts";
import type { Alert } from "./step.ts";

/** How often receivers are told of an alert that goes on, or of its end: the resend delay of Prometheus. */
export const RESEND_MS = 60_000;
/** An alert that is not told of again for so many resend delays is over for its receiver, as Prometheus has it. */
const VALID_FOR_RESENDS = 4;

/** What receivers were told of an alert. */
export interface Delivery {
  readonly told: "nothing" | "firing" | "resolved";
  /** When they were told it last. */
  readonly at: Moment;
}

/** One message to the receivers; its fields are those of Alertmanager's API v2. */
export interface Notification {
  readonly status: "firing" | "resolved";
  /** Whether it says again what was said: of use to a receiver that forgets, such as Alertmanager, and to no other. */
  readonly isRepeat: boolean;
  /** The same for every message about one alert. */
  readonly fingerprint: string;
  /** alertname, rule, severity, port where there is one, and those of the engine. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Annotations;
  /** In the unit of the rule; undefined when there was none. */
  readonly value: number | undefined;
  /** RFC 3339. */
  readonly startsAt: string;
  /** RFC 3339: when it ended, or when it is over unless it is told of again. */
  readonly endsAt: string;
}

/** What is to be sent. */
export interface Due {
  readonly status: Notification["status"];
  readonly isRepeat: boolean;
}

/**
 * What receivers are to be told of an alert now; undefined for nothing. Nothing is said while it is suppressed; its end is
 * said even then, to those who were told of its beginning.
 */
export function dueNotification(alert: Alert, delivery: Delivery, now: Moment): Due | undefined {
  if (alert.state !== "firing" && alert.state !== "resolved") return undefined;
  if (alert.state === "resolved" && delivery.told === "nothing") return undefined;
  const isNew = delivery.told !== alert.state || alert.since.monotonicMs > delivery.at.monotonicMs;
  if (!isNew && now.monotonicMs - delivery.at.monotonicMs < RESEND_MS) return undefined;
  return { status: alert.state, isRepeat: !isNew };
}

/** What a message is about. */
export interface NotificationSubject {
  readonly alert: Alert;
  readonly annotations: Annotations;
  readonly labels: Readonly<Record<string, string>>;
}

/** The labels of an alert. */
export function alertLabels(
  rule: { readonly id: string; readonly severity: Severity },
  port: string | undefined,
  extra: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    ...extra,
    alertname: rule.id,
    rule: rule.id,
    severity: rule.severity,
    ...(port === undefined ? {} : { port }),
  };
}

/** The message. The clock of the machine may have been put back since: nothing lies in the future but the end of what goes on. */
export function notify({ alert, annotations, labels }: NotificationSubject, due: Due, now: Moment): Notification {
  const endMs =
    due.status === "firing" ? now.wallMs + VALID_FOR_RESENDS * RESEND_MS : Math.min(alert.since.wallMs, now.wallMs);
  const startMs = Math.min(alert.startedAt?.wallMs ?? now.wallMs, now.wallMs, endMs);
  return {
    ...due,
    fingerprint: fingerprint(labels),
    labels,
    annotations,
    value: alert.value,
    startsAt: new Date(startMs).toISOString(),
    endsAt: new Date(endMs).toISOString(),
  };
}

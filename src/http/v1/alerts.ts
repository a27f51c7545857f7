import { SEVERITIES } from "../../alert/rule.ts";
import type { AlertView, RuleStatistics } from "../../alert/rulealerts.ts";
import type { Silence } from "../../alert/silence.ts";
import type { AlertState } from "../../alert/step.ts";
import type { AlertFacts } from "../sources.ts";
import type { Response } from "./schema.ts";
import { toTime, toTimeOrNull } from "./time.ts";

/** In which order alerts are told: what needs somebody first. */
const STATE_ORDER: readonly AlertState[] = ["firing", "pending", "suppressed", "resolved", "inactive"];

/** The answer to GET /api/v1/alerts. */
export function toAlerts({ alerts, rules, silences }: AlertFacts, nowWallMs: number): Response<"Alerts"> {
  return {
    time: toTime(nowWallMs),
    alerts: alerts.map(toAlert).sort(byUrgency),
    rules: rules.map(toRule),
    silences: silences.map(toSilence),
  };
}

/** A silence. */
export function toSilence({ id, matcher, reason, createdWallMs, expiresWallMs }: Silence): Response<"Silence"> {
  return {
    id,
    rule: matcher.rule ?? null,
    severity: matcher.severity ?? null,
    port: matcher.port ?? null,
    reason,
    created: toTime(createdWallMs),
    expires: toTime(expiresWallMs),
  };
}

function toAlert(view: AlertView): Response<"Alerts">["alerts"][number] {
  const { rule, severity, port, alert, annotations, labels, silence } = view;
  const { summary, description, action } = annotations;
  return {
    rule,
    severity,
    state: alert.state,
    port: port ?? null,
    since: toTime(alert.since.wallMs),
    active_since: toTime(alert.activeSince.wallMs),
    started: toTimeOrNull(alert.startedAt?.wallMs),
    value: alert.value ?? null,
    summary,
    description,
    action,
    labels: { ...labels },
    silence: silence ? toSilence(silence) : null,
  };
}

function toRule(statistics: RuleStatistics): Response<"Alerts">["rules"][number] {
  const { rule, severity, enabled, value, alerts, transitions, firingSeconds } = statistics;
  return {
    rule,
    severity,
    enabled,
    value: value ?? null,
    alerts: { ...alerts },
    transitions_total: { ...transitions },
    firing_seconds_total: firingSeconds,
  };
}

type Alert = Response<"Alerts">["alerts"][number];

function byUrgency(a: Alert, b: Alert): number {
  return (
    STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state) ||
    SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) ||
    Date.parse(b.since) - Date.parse(a.since)
  );
}

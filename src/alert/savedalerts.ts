import type { Moment } from "../util/moment.ts";
import { annotate, type Annotations } from "./annotation.ts";
import type { Labels } from "./expression.ts";
import type { Delivery } from "./notification.ts";
import type { Rule, Severity } from "./rule.ts";
import type { Alert } from "./step.ts";

/** A pending alert goes on after a break that is no longer than this; after a longer one its condition may have ended in between. */
export const LONGEST_BREAK_MS = 60_000;

/** An alert as it is kept over a restart. */
export interface SavedAlert {
  readonly rule: string;
  readonly severity: Severity;
  readonly port?: string | undefined;
  readonly alert: Alert;
  readonly delivery: Delivery;
  /** Those of the engine, such as `instance`; undefined where an older version kept it: then they are taken to be as now. */
  readonly labels?: Labels | undefined;
  /**
   * Where nothing was seen of it since an earlier process: until when on the clock that never jumps it goes on all the same.
   * Else it does as long as the window of its rule reaches back to this process.
   */
  readonly heldUntilMs?: number | undefined;
  /** In case that its rule is not there any more. */
  readonly annotations: Annotations;
}

/** The alerts of an engine at one time, as plain data. */
export interface SavedAlerts {
  readonly at: Moment;
  readonly alerts: readonly SavedAlert[];
}

/** The alerts of an earlier process by the clock of this one, which begins at another time. */
export function rebase({ at, alerts }: SavedAlerts, now: Moment): SavedAlert[] {
  const breakMs = Math.max(0, now.wallMs - at.wallMs);
  const shiftMs = now.monotonicMs - breakMs - at.monotonicMs;
  const move = ({ wallMs, monotonicMs }: Moment): Moment => ({ wallMs, monotonicMs: monotonicMs + shiftMs });
  const rebaseOne = (saved: SavedAlert): SavedAlert => {
    const { alert, delivery } = saved;
    const moved = {
      since: move(alert.since),
      activeSince: move(alert.activeSince),
      startedAt: alert.startedAt && move(alert.startedAt),
      lapsedSince: alert.lapsedSince && move(alert.lapsedSince),
    };
    const heldUntilMs = saved.heldUntilMs === undefined ? undefined : saved.heldUntilMs + shiftMs;
    return { ...saved, alert: { ...alert, ...moved }, delivery: { ...delivery, at: move(delivery.at) }, heldUntilMs };
  };
  return alerts.filter(({ alert }) => alert.state !== "pending" || breakMs <= LONGEST_BREAK_MS).map(rebaseOne);
}

/** An alert to be kept over a restart, as `of` tells of it. */
export function saveAlert(rule: Rule, of: Omit<SavedAlert, "rule" | "severity" | "annotations">): SavedAlert {
  const { port, alert, delivery, labels, heldUntilMs } = of;
  const annotations = annotate(rule, { value: alert.value, port, details: alert.details });
  return { rule: rule.id, severity: rule.severity, port, alert, delivery, labels, heldUntilMs, annotations };
}

/** A rule that is not there any more, so that its alerts can end. */
export function retiredRule<M extends string>({ rule, severity, annotations }: SavedAlert): Rule<M> {
  return {
    id: rule,
    severity,
    ...annotations,
    scope: "daemon",
    expression: { kind: "sum", of: [] },
    condition: { kind: "below", threshold: -Infinity },
    forSeconds: 0,
    keepFiringSeconds: 0,
    enabled: false,
    unit: "",
  };
}

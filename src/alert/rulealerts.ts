import type { Moment } from "../util/moment.ts";
import { annotate, type Annotations, formatRuleValue } from "./annotation.ts";
import { isMet } from "./condition.ts";
import { compileRule, type Evaluate } from "./evaluate.ts";
import { type Labels, leavesOf, windowOf } from "./expression.ts";
import { fingerprint } from "./fingerprint.ts";
import {
  alertLabels,
  type Delivery,
  dueNotification,
  type Notification,
  type NotificationSubject,
  notify,
} from "./notification.ts";
import type { Rule, Severity } from "./rule.ts";
import type { Samples } from "./samples.ts";
import { saveAlert, type SavedAlert } from "./savedalerts.ts";
import { findSilence, type Silence } from "./silence.ts";
import type { Snapshot } from "./snapshot.ts";
import { type Alert, type AlertState, inactiveAlert, type Observation, step } from "./step.ts";

/** An alert that went from one state to another. */
export interface Change {
  readonly rule: string;
  readonly severity: Severity;
  readonly port: string | undefined;
  readonly from: AlertState;
  readonly to: AlertState;
  /** When the condition held last, with its unit; `no data` for none. */
  readonly value: string;
  /** As that of its notifications. */
  readonly fingerprint: string;
  readonly annotations: Annotations;
  /** The silence that suppresses it. */
  readonly silence: Silence | undefined;
}

/** An alert as it is now, for those who ask. */
export interface AlertView extends NotificationSubject {
  readonly rule: string;
  readonly severity: Severity;
  /** The label of the port, which is text, and not its bytes. */
  readonly port: string | undefined;
  readonly silence: Silence | undefined;
}

/** What is counted of a rule while the process runs. */
export interface RuleStatistics {
  readonly rule: string;
  readonly severity: Severity;
  readonly enabled: boolean;
  /** The value of a rule that is not per port, when it was looked at last; undefined for none. */
  readonly value: number | undefined;
  /** How many alerts are in each state now; inactive ones are not counted. */
  readonly alerts: Readonly<Record<AlertState, number>>;
  /** How often an alert came into each state. */
  readonly transitions: Readonly<Record<AlertState, number>>;
  /** How long alerts fired, all together. */
  readonly firingSeconds: number;
}

/** What is the same for all rules at one time. */
export interface Surroundings {
  readonly now: Moment;
  readonly silences: readonly Silence[];
  /** Added to the labels of every alert. */
  readonly labels: Labels;
}

interface Instance {
  readonly port: string | undefined;
  readonly alert: Alert;
  readonly delivery: Delivery;
  readonly silence: Silence | undefined;
  /** Until then it goes on though nothing is seen of it: what an earlier process saw is within its window. */
  readonly heldUntilMs?: number | undefined;
}

function noneOfEach(): Record<AlertState, number> {
  return { inactive: 0, pending: 0, firing: 0, suppressed: 0, resolved: 0 };
}

function untold(now: Moment): Delivery {
  return { told: "nothing", at: now };
}

/** A disabled rule needs no series. */
function compileEnabled<M extends string>(rule: Rule<M>, samples: Samples<M>): Evaluate {
  return rule.enabled ? compileRule(rule, samples) : () => undefined;
}

function isHeld({ alert, heldUntilMs }: Instance, now: Moment): boolean {
  return (alert.state === "firing" || alert.state === "suppressed") && now.monotonicMs < (heldUntilMs ?? -Infinity);
}

const NOT_MET: Observation = { met: false, value: undefined, details: [], silenced: false, ended: false };

/** A rule and its alerts. */
export class RuleAlerts<M extends string> {
  #rule: Rule<M>;
  #evaluate: Evaluate;
  readonly #instances = new Map<string | undefined, Instance>();
  readonly #transitions = noneOfEach();
  #value: number | undefined;
  #firingMs = 0;
  #lookedMs: number | undefined;
  /** Alerts that receivers know to fire under labels that they have no more: for them it is another alert. */
  #renamed: { readonly labels: Labels; readonly instance: Instance }[] = [];

  /** Throws RangeError for a rule that cannot be evaluated. */
  constructor(rule: Rule<M>, samples: Samples<M>) {
    this.#rule = rule;
    this.#evaluate = compileEnabled(rule, samples);
  }

  /** The rule as it is now. */
  get rule(): Rule<M> {
    return this.#rule;
  }

  /** Whether there is no alert. */
  get isQuiet(): boolean {
    return this.#instances.size === 0;
  }

  /** Goes on with another rule of the same id. Throws RangeError for one that cannot be evaluated. */
  replace(rule: Rule<M>, samples: Samples<M>, labels: Labels): void {
    this.#evaluate = compileEnabled(rule, samples);
    const former = this.#rule;
    this.#rule = rule;
    for (const instance of this.#instances.values()) {
      const known = alertLabels(former, instance.port, labels);
      this.#instances.set(instance.port, this.#rename(instance, known, labels));
    }
  }

  /**
   * Takes over an alert of an earlier process. One that this process has already is the same and began earlier, unless the
   * former had ended; what receivers were told last stays. `keptMs` is when it was kept, by the clock of this process.
   */
  restore(of: SavedAlert, labels: Labels, keptMs: number): void {
    const { port, alert, delivery, severity, labels: former } = of;
    const own = this.#instances.get(port);
    if (own && alert.state === "resolved") return;
    const known = alertLabels({ id: this.#rule.id, severity }, port, former ?? labels);
    const saved = this.#rename({ port, alert, delivery, silence: undefined }, known, labels);
    const told = own && own.delivery.told !== "nothing" ? own.delivery : saved.delivery;
    const heldUntilMs = of.heldUntilMs ?? keptMs + 1000 * this.#unkeptWindow;
    this.#instances.set(port, { ...saved, delivery: told, heldUntilMs });
  }

  /** Looks at the metrics, and adds what changed to `changes`. */
  look(snapshot: Snapshot<M>, around: Surroundings, changes: Change[]): void {
    const { enabled, scope, expression } = this.#rule;
    const ports = enabled && scope === "port" ? snapshot.ports(leavesOf(expression)[0]!.metric) : undefined;
    this.#value = scope === "daemon" ? this.#evaluate(undefined) : undefined;
    if (enabled && scope === "daemon") this.#see(undefined, this.#value, snapshot, around, changes);
    for (const port of ports?.keys() ?? []) this.#see(port, this.#evaluate(port), snapshot, around, changes);
    for (const instance of this.#instances.values()) {
      const { port } = instance;
      const isThere = enabled && (port === undefined ? scope === "daemon" : ports?.has(port) === true);
      if (!isThere)
        this.#advance(instance, { ...NOT_MET, ended: !enabled || !isHeld(instance, around.now) }, around, changes);
    }
    this.#lookedMs = around.now.monotonicMs;
  }

  /** Adds to `notifications` what receivers are to be told now; they count as told. */
  tell({ now, labels }: Surroundings, notifications: Notification[]): void {
    for (const { labels: known, instance } of this.#renamed.splice(0)) {
      const alert: Alert = { ...instance.alert, state: "resolved", since: now };
      const subject = { ...this.#subject({ ...instance, alert }, labels), labels: known };
      notifications.push(notify(subject, { status: "resolved", isRepeat: false }, now));
    }
    for (const [port, instance] of this.#instances) {
      const due = dueNotification(instance.alert, instance.delivery, now);
      if (!due) continue;
      notifications.push(notify(this.#subject(instance, labels), due, now));
      this.#instances.set(port, { ...instance, delivery: { told: due.status, at: now } });
    }
  }

  /** The alerts that are not inactive. */
  alerts(labels: Labels): AlertView[] {
    const { id, severity } = this.#rule;
    return Array.from(this.#instances.values(), (instance) => ({
      ...this.#subject(instance, labels),
      rule: id,
      severity,
      port: instance.port,
      silence: instance.alert.state === "suppressed" ? instance.silence : undefined,
    }));
  }

  /** The alerts to be kept over a restart. */
  save(labels: Labels): SavedAlert[] {
    return Array.from(this.#instances.values(), (instance) => saveAlert(this.#rule, { ...instance, labels }));
  }

  /** What was counted. */
  get statistics(): RuleStatistics {
    const alerts = noneOfEach();
    for (const { alert } of this.#instances.values()) alerts[alert.state]++;
    const { id, severity, enabled } = this.#rule;
    const counted = { transitions: { ...this.#transitions }, firingSeconds: this.#firingMs / 1000 };
    return { rule: id, severity, enabled, value: this.#value, alerts, ...counted };
  }

  /** Under other labels it is another alert: what receivers were told under those that they know is not told of this one. */
  #rename(instance: Instance, known: Labels, labels: Labels): Instance {
    if (fingerprint(known) === fingerprint(alertLabels(this.#rule, instance.port, labels))) return instance;
    const { delivery } = instance;
    if (delivery.told === "firing") this.#renamed.push({ labels: known, instance });
    return { ...instance, delivery: { ...delivery, told: "nothing" } };
  }

  /** In seconds, how far back the rule looks at what is not kept over a restart: the counters of ports. 0 for nothing. */
  get #unkeptWindow(): number {
    const { scope, expression, condition } = this.#rule;
    if (scope === "daemon") return 0;
    return Math.max(windowOf(expression) ?? 0, "windowSeconds" in condition ? condition.windowSeconds : 0);
  }

  #see(
    port: string | undefined,
    value: number | undefined,
    snapshot: Snapshot<M>,
    around: Surroundings,
    changes: Change[],
  ): void {
    const met = isMet(this.#rule.condition, value);
    const instance = this.#instances.get(port);
    if (!met && !instance) return;
    const { details: about } = this.#rule;
    const details = met && about ? snapshot.details(about.metric) : [];
    const { now } = around;
    const before = instance ?? { port, alert: inactiveAlert(now), delivery: untold(now), silence: undefined };
    this.#advance(before, { ...NOT_MET, met, value, details }, around, changes);
  }

  #advance(
    instance: Instance,
    observed: Observation,
    { now, silences, labels }: Surroundings,
    changes: Change[],
  ): void {
    const { port, alert } = instance;
    const { id, severity } = this.#rule;
    const { value, details } = alert;
    const heldUntilMs = observed.met ? undefined : instance.heldUntilMs;
    const goesOn = !observed.met && !observed.ended && isHeld(instance, now);
    const seen = goesOn ? { ...observed, met: true, value, details } : observed;
    const silence = findSilence(silences, { rule: id, severity, port }, now.wallMs);
    const after = step(alert, { ...seen, silenced: silence !== undefined }, this.#rule, now);
    if (alert.state === "firing") this.#firingMs += now.monotonicMs - (this.#lookedMs ?? now.monotonicMs);
    if (after.state === "inactive") this.#instances.delete(port);
    else {
      // What begins anew is another matter: of its end only those are told who were told of it.
      const isAnew = alert.state === "resolved" && after.state !== "resolved";
      const delivery = isAnew ? untold(now) : instance.delivery;
      this.#instances.set(port, { port, alert: after, delivery, silence, heldUntilMs });
    }
    if (after.state === alert.state) return;
    this.#transitions[after.state]++;
    const { annotations, labels: all } = this.#subject({ ...instance, alert: after }, labels);
    const told = { value: formatRuleValue(this.#rule, after.value), fingerprint: fingerprint(all), annotations };
    const states = { from: alert.state, to: after.state };
    changes.push({
      rule: id,
      severity,
      port,
      ...states,
      ...told,
      silence: states.to === "suppressed" ? silence : undefined,
    });
  }

  #subject({ port, alert }: Instance, labels: Labels): NotificationSubject {
    const annotations = annotate(this.#rule, { value: alert.value, port, details: alert.details });
    return { alert, annotations, labels: alertLabels(this.#rule, port, labels) };
  }
}

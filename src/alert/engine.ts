import type { Moment } from "../util/moment.ts";
import type { Notification } from "./notification.ts";
import type { Rule } from "./rule.ts";
import { type AlertView, type Change, RuleAlerts, type RuleStatistics } from "./rulealerts.ts";
import { Samples } from "./samples.ts";
import { rebase, retiredRule, type SavedAlerts } from "./savedalerts.ts";
import type { Silence } from "./silence.ts";
import type { SavedSample, Snapshot } from "./snapshot.ts";

/** What an engine starts with. */
export interface EngineOptions<M extends string> {
  /** Valid ones: validate.ts says which are. */
  readonly rules: readonly Rule<M>[];
  /** Those of earlier processes, too. */
  readonly silences: readonly Silence[];
  /** Added to the labels of every alert, such as `instance`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Counters that earlier processes saved, so that windows go on over a restart. */
  readonly samples: readonly SavedSample[];
  /** The alerts that the earlier process saved. */
  readonly alerts: SavedAlerts | undefined;
}

/** What came of one look at the metrics. */
export interface Outcome {
  readonly changes: readonly Change[];
  /** What receivers are to be told now. */
  readonly notifications: readonly Notification[];
}

/** Looks at metrics whenever it is told to, and says which alerts begin and end and what receivers are to be told. */
export class AlertEngine<M extends string> {
  readonly #samples: Samples<M>;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #rules = new Map<string, RuleAlerts<M>>();
  /** The ids of the rules that are not retired: those stay until receivers know that their alerts ended. */
  #current: ReadonlySet<string> = new Set();
  #silences: readonly Silence[];

  /** Throws RangeError for a rule that cannot be evaluated. */
  constructor({ rules, silences, labels, samples, alerts }: EngineOptions<M>, now: Moment) {
    this.#samples = new Samples(samples, now);
    this.#labels = labels;
    this.#silences = silences;
    this.setRules(rules);
    if (alerts) this.#restoreAlerts(alerts, now);
  }

  /**
   * Takes over what the earlier process saved, when that is known only after this one began to look: an alert that
   * was there goes on with its older start, and a counter that had no value yet with what was saved of it.
   */
  restore(samples: readonly SavedSample[], alerts: SavedAlerts | undefined, now: Moment): void {
    this.#samples.restore(samples, now);
    if (alerts) this.#restoreAlerts(alerts, now);
  }

  /** Takes these rules in place of the former; the alerts of one that is gone end. Throws RangeError as the constructor. */
  setRules(rules: readonly Rule<M>[]): void {
    for (const rule of rules) {
      const former = this.#rules.get(rule.id);
      if (former) former.replace(rule, this.#samples, this.#labels);
      else this.#rules.set(rule.id, new RuleAlerts(rule, this.#samples));
    }
    this.#current = new Set(rules.map(({ id }) => id));
    for (const [id, former] of this.#rules)
      if (!this.#current.has(id)) former.replace({ ...former.rule, enabled: false }, this.#samples, this.#labels);
    this.#forgetRetired();
    this.#samples.sweep();
  }

  /** Takes these silences in place of the former, from the next look on. */
  setSilences(silences: readonly Silence[]): void {
    this.#silences = silences;
  }

  /** Looks at the metrics; to be done each 1 to 10 s. `now` must not go back on the clock that never jumps. */
  tick(now: Moment, snapshot: Snapshot<M>): Outcome {
    this.#samples.add(now.monotonicMs, snapshot);
    const around = { now, silences: this.#silences, labels: this.#labels };
    const changes: Change[] = [];
    const notifications: Notification[] = [];
    for (const rule of this.#rules.values()) {
      rule.look(snapshot, around, changes);
      rule.tell(around, notifications);
    }
    this.#forgetRetired();
    return { changes, notifications };
  }

  /** The alerts that are not inactive. */
  get alerts(): AlertView[] {
    return [...this.#rules.values()].flatMap((rule) => rule.alerts(this.#labels));
  }

  /** What was counted of each rule. */
  get statistics(): RuleStatistics[] {
    return Array.from(this.#rules.values(), (rule) => rule.statistics);
  }

  /** The alerts, to be given to the engine of the next process. */
  save(now: Moment): SavedAlerts {
    return { at: now, alerts: [...this.#rules.values()].flatMap((rule) => rule.save(this.#labels)) };
  }

  #restoreAlerts(alerts: SavedAlerts, now: Moment): void {
    const keptMs = now.monotonicMs - Math.max(0, now.wallMs - alerts.at.wallMs);
    for (const saved of rebase(alerts, now)) {
      const rule = this.#rules.get(saved.rule) ?? new RuleAlerts(retiredRule<M>(saved), this.#samples);
      rule.restore(saved, this.#labels, keptMs);
      this.#rules.set(saved.rule, rule);
    }
  }

  #forgetRetired(): void {
    for (const [id, rule] of this.#rules) if (!this.#current.has(id) && rule.isQuiet) this.#rules.delete(id);
  }
}

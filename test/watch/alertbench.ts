import type { Rule } from "../../src/alert/rule.ts";
import { createSilence, type Silence } from "../../src/alert/silence.ts";
import type { MetricName } from "../../src/metrics/definitions.ts";
import { Alerting } from "../../src/watch/alerting.ts";
import type { KeepsakeStore } from "../../src/watch/alertkeeping.ts";
import type { ReceiverSettings } from "../../src/watch/receivers.ts";
import { Metrics } from "../alert/metrics.ts";
import { ruleOf } from "../alert/rig.ts";
import { waitUntil } from "../support/deadline.ts";
import { FakeClock } from "../support/fakeclock.ts";

/** What the rule of the bench looks at. */
const METRIC = "portsyncd_queue_depth" as const satisfies MetricName;

/** Nobody is told. */
export const NOBODY: ReceiverSettings = { alertmanagers: [], webhooks: [], externalUrl: "", ca: "", timeoutMs: 10_000 };

/** A store that is never read. */
const NOT_KEPT: KeepsakeStore = { keepsakes: () => undefined, keep: () => {} };

/** A rule of the bench: it is met while its metric is above 0. */
export function depthRule(changes: Partial<Rule<MetricName>> = {}): Rule<MetricName> {
  return { ...ruleOf(), expression: { kind: "gauge", metric: METRIC }, ...changes } as Rule<MetricName>;
}

/** Alert rules over a metric that a test sets, on a clock that it turns, and real receivers. */
export class AlertBench implements Disposable {
  readonly clock: FakeClock;
  readonly alerting: Alerting;
  readonly #metrics = new Metrics();
  #silences: readonly Silence[] = [];
  readonly #labels = { instance: "sw1", namespace: "asic0" };

  /** `wallMs` is the time of day at the start. */
  constructor(receivers: Partial<ReceiverSettings>, rules = [depthRule()], wallMs = Date.now()) {
    this.clock = new FakeClock(wallMs);
    const settings = { rules, labels: this.#labels, receivers: { ...NOBODY, ...receivers } };
    this.alerting = new Alerting(settings, NOT_KEPT, this.clock, this.#now);
  }

  get #now() {
    return { wallMs: this.clock.wallNow(), monotonicMs: this.clock.now() };
  }

  /** Takes other receivers and rules. */
  apply(receivers: Partial<ReceiverSettings>, rules = [depthRule()]): void {
    this.alerting.apply({ rules, labels: {}, receivers: { ...NOBODY, ...receivers } });
  }

  /** Silences a rule for so many seconds. */
  silence(rule: string, seconds: number): void {
    const request = { rule, reason: "maintenance", expires_in_secs: seconds };
    const made = createSilence(rule, request, this.clock.wallNow());
    if ("issues" in made) throw new Error(JSON.stringify(made.issues));
    this.alerting.setSilences((this.#silences = [...this.#silences, made.silence]));
  }

  /** Sets the metric, lets so many seconds pass, and looks. */
  look(value: number, seconds: number): void {
    this.#metrics.set(METRIC, value);
    this.clock.advance(seconds * 1000);
    this.alerting.tick(this.#now, this.#metrics);
  }

  /** Waits until so many alerts were delivered to receivers of a kind, refused or had failed. */
  async until(kind: "alertmanager" | "webhook", result: "delivered" | "refused" | "failed", count: number) {
    const { deliveries } = this.alerting;
    await waitUntil(`${result} ${count}`, () => deliveries[kind][result] === count, { seen: () => deliveries });
  }

  [Symbol.dispose](): void {
    this.alerting[Symbol.dispose]();
  }
}

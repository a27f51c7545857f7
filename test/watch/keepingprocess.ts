import { builtinRules } from "../../src/alert/builtin.ts";
import type { AlertState } from "../../src/alert/step.ts";
import { Alerting } from "../../src/watch/alerting.ts";
import { Silences } from "../../src/watch/silences.ts";
import { Metrics } from "../alert/metrics.ts";
import { openStore } from "../store/inprocess.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { NOBODY } from "./alertbench.ts";

const WALL_MS = Date.UTC(2026, 0, 31, 12);
const INSTANCE = "switch1";
const MOST_LATENCY_US = 10_000;

/** The alerts and silences of a process of the daemon, with metrics and a clock of the test's, and a store on real files. */
export class KeepingProcess implements Disposable {
  readonly clock: FakeClock;
  readonly metrics = new Metrics();
  readonly store: ReturnType<typeof openStore>;
  readonly alerting: Alerting;
  readonly silences: Silences;

  private constructor(directory: string, wallMs: number, instance: string) {
    this.clock = new FakeClock(wallMs);
    this.store = openStore(directory, this.clock);
    const rules = builtinRules({ maxLatencyUs: MOST_LATENCY_US });
    const settings = { rules, labels: { instance }, receivers: NOBODY };
    this.alerting = new Alerting(settings, this.store, this.clock, this.#now());
    this.silences = new Silences(this.store, this.clock, (silences) => this.alerting.setSilences(silences));
  }

  /** The first process. */
  static start(directory: string, wallMs = WALL_MS): KeepingProcess {
    return new KeepingProcess(directory, wallMs, INSTANCE);
  }

  /** Opens the store, and has it read. */
  async load(): Promise<this> {
    this.store.open();
    await this.clock.run(0);
    return this;
  }

  /** Looks after so many seconds, each five seconds until then, too. */
  async look(seconds: number): Promise<void> {
    for (let left = seconds; left > 0; left -= 5) {
      await this.clock.run(Math.min(5, left) * 1000);
      this.silences.restore();
      this.alerting.tick(this.#now(), this.metrics);
    }
  }

  /** How the alert of a rule that is not per port is; undefined for none. */
  state(rule: string): AlertState | undefined {
    const { alerts } = this.alerting.statistics.find((one) => one.rule === rule)!;
    return (Object.keys(alerts) as AlertState[]).find((state) => alerts[state] > 0);
  }

  /** Ends as SIGTERM does, and makes the next process after so many seconds. */
  async restart(directory: string, seconds: number): Promise<KeepingProcess> {
    this.alerting.keep(this.#now());
    const closed = this.store.close(1000);
    await this.clock.run(0);
    await closed;
    return new KeepingProcess(directory, this.clock.wallNow() + seconds * 1000, INSTANCE);
  }

  /** Ends as SIGKILL does a second later, and makes the next process after so many seconds. */
  async crash(directory: string, seconds: number, instance = INSTANCE): Promise<KeepingProcess> {
    await this.clock.run(1000);
    this[Symbol.dispose]();
    return new KeepingProcess(directory, this.clock.wallNow() + seconds * 1000, instance);
  }

  [Symbol.dispose](): void {
    this.store[Symbol.dispose]();
  }

  #now() {
    return { wallMs: this.clock.wallNow(), monotonicMs: this.clock.now() };
  }
}

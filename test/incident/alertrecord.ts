import { waitUntil } from "../support/deadline.ts";

/** Who looks at alert rules. */
export const OBSERVERS = ["daemon", "Prometheus"] as const;

/** One of the observers. */
export type Observer = (typeof OBSERVERS)[number];

/** The states of the alerts that somebody knows, by their names: `redis_down`, `port_flapping Ethernet4`. */
export type AlertStates = ReadonlyMap<string, string>;

/** An alert that came into another state. */
export interface Entry {
  /** After the beginning of the record. */
  readonly seconds: number;
  readonly observer: Observer;
  /** `redis_down firing`. */
  readonly change: string;
}

/** The changes of a step of a story, which may come in any order; the steps come one after the other. */
export type Step = readonly string[];

/** What becomes of an alert that is not shown any more. */
const GONE: Readonly<Record<string, string>> = { pending: "inactive", firing: "resolved" };

/** Writes down which alerts come into which states, as the daemon and Prometheus show them. */
export class AlertRecord {
  readonly entries: Entry[] = [];
  readonly #ask: Readonly<Record<Observer, () => Promise<AlertStates>>>;
  readonly #last = new Map<Observer, AlertStates>();
  readonly #acts: { readonly seconds: number; readonly act: string }[] = [];
  readonly #startMs = performance.now();

  constructor(ask: Readonly<Record<Observer, () => Promise<AlertStates>>>) {
    this.#ask = ask;
  }

  /** How long it has been kept, in seconds. */
  get seconds(): number {
    return (performance.now() - this.#startMs) / 1000;
  }

  /** What the story does now. */
  note(act: string): void {
    this.#acts.push({ seconds: this.seconds, act });
  }

  /** Asks everybody once. */
  async look(): Promise<void> {
    for (const observer of OBSERVERS) {
      const now = await this.#ask[observer]();
      const before = this.#last.get(observer) ?? new Map<string, string>();
      const states = new Map(now);
      for (const [alert, state] of before) if (!states.has(alert) && state in GONE) states.set(alert, GONE[state]!);
      for (const [alert, state] of [...states].sort())
        if (before.get(alert) !== state)
          this.entries.push({ seconds: this.seconds, observer, change: `${alert} ${state}` });
      this.#last.set(observer, states);
    }
  }

  /** Looks until everybody has seen all of a step. */
  async until(step: Step, seconds: number): Promise<void> {
    const isSeen = async () => {
      await this.look();
      return OBSERVERS.every((observer) => step.every((change) => this.of(observer).includes(change)));
    };
    await waitUntil(step.join(" and "), isSeen, { seconds, everyMs: 50, seen: () => this.entries });
  }

  /** What one of them saw, in the order of the steps, so far as it followed them; what is too much comes last. */
  steps(observer: Observer, story: readonly Step[]): Step[] {
    const rest = this.of(observer);
    const steps = story.map(({ length }) => rest.splice(0, length).sort());
    return rest.length > 0 ? [...steps, rest] : steps;
  }

  /** What one of them saw, in order. */
  of(observer: Observer): string[] {
    return this.entries.filter((entry) => entry.observer === observer).map(({ change }) => change);
  }

  /** A line for each act and each change, with the seconds at which the daemon and Prometheus showed it. */
  table(): string[] {
    const cell = (seconds: number | undefined) => (seconds === undefined ? "-" : seconds.toFixed(1)).padStart(10);
    const when = (observer: Observer, change: string) =>
      this.entries.find((entry) => entry.observer === observer && entry.change === change)?.seconds;
    const changes = [...new Set(this.entries.map(({ change }) => change))].map((change) => {
      const [daemon, prometheus] = [when("daemon", change), when("Prometheus", change)];
      const seconds = Math.min(daemon ?? Infinity, prometheus ?? Infinity);
      return { seconds, line: `${cell(daemon)} ${cell(prometheus)}  ${change}` };
    });
    const acts = this.#acts.map(({ seconds, act }) => ({
      seconds,
      line: `${cell(seconds)} ${" ".repeat(10)}  ${act}`,
    }));
    const rows = [...changes, ...acts].sort((a, b) => a.seconds - b.seconds);
    return ["    daemon Prometheus", ...rows.map(({ line }) => line)];
  }
}

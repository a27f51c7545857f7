import type { StoreState } from "../../src/store/status.ts";
import type { TotalsStore } from "../../src/watch/lastingtotals.ts";

/** Counters as the store keeps them, with the processes before this one and the disk in the hands of the test. */
export class CountingStore implements TotalsStore {
  /** What was counted, by all processes. */
  readonly counters = new Map<string, number>();
  readonly status: { state: StoreState } = { state: "ok" };
  isLoaded = false;
  readonly #earlier: Readonly<Record<string, number>>;

  constructor(earlier: Readonly<Record<string, number>> = {}) {
    this.#earlier = earlier;
  }

  count(name: string, delta: number): void {
    if (this.status.state === "disabled") return;
    this.counters.set(name, (this.counters.get(name) ?? 0) + delta);
  }

  counter(name: string): number {
    return (this.isLoaded ? (this.#earlier[name] ?? 0) : 0) + (this.counters.get(name) ?? 0);
  }

  /** The file was read. */
  load(): this {
    this.isLoaded = true;
    return this;
  }
}

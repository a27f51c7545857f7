import type { StoreState } from "../store/status.ts";

/** What is needed of the store. */
export interface TotalsStore {
  count(name: string, delta: number): void;
  counter(name: string): number;
  readonly isLoaded: boolean;
  readonly status: { readonly state: StoreState };
}

/**
 * Counts that go on over restarts, under the names of their metrics. What earlier processes counted is not known before the
 * store was read, and until then there is no total: one that grew by all that at once would look like so many events.
 * Where the store is disabled, or cannot be read at first, the counts of this process are all there is.
 */
export class LastingTotals {
  readonly #store: TotalsStore;
  readonly #own = new Map<string, number>();
  /** Times in seconds since 1970 that the store does not have yet. */
  readonly #times = new Map<string, number>();
  #basis: "store" | "process" | undefined;

  constructor(store: TotalsStore) {
    this.#store = store;
  }

  /** Whether there are totals. */
  get areKnown(): boolean {
    this.#basis ??= this.#findBasis();
    return this.#basis !== undefined;
  }

  /** Adds to a total. */
  add(name: string, delta = 1): void {
    this.#own.set(name, (this.#own.get(name) ?? 0) + delta);
    this.#store.count(name, delta);
  }

  /** Brings what this process counted up to `own`, which somebody else counts. */
  raise(name: string, own: number): void {
    const delta = own - (this.#own.get(name) ?? 0);
    if (delta > 0) this.add(name, delta);
  }

  /** What was counted in all; undefined while that is not known. */
  total(name: string): number | undefined {
    if (!this.areKnown) return undefined;
    return Math.max(this.#own.get(name) ?? 0, this.earlier(name));
  }

  /** Adds to a total of which the caller keeps what this process counts. */
  keep(name: string, delta = 1): void {
    this.#store.count(name, delta);
  }

  /** What the store has of a total, this process included; 0 while that is not known, or is not to be. */
  earlier(name: string): number {
    return this.areKnown && this.#basis === "store" ? this.#store.counter(name) : 0;
  }

  /** Notes when something happened last, in milliseconds since 1970. */
  setTime(name: string, wallMs: number): void {
    this.#times.set(name, Math.trunc(wallMs / 1000));
    this.settle();
  }

  /** When that was, in seconds since 1970; 0 for never, undefined while that is not known. */
  time(name: string): number | undefined {
    if (!this.areKnown) return undefined;
    return this.#times.get(name) ?? this.earlier(name);
  }

  /** Tells the store of times that it could not be told before: it adds, so a time is the sum of its steps. */
  settle(): void {
    if (!this.areKnown || this.#basis !== "store") return;
    for (const [name, seconds] of this.#times) {
      const step = seconds - this.#store.counter(name);
      if (step > 0) this.#store.count(name, step);
    }
  }

  #findBasis(): "store" | "process" | undefined {
    if (this.#store.isLoaded) return "store";
    return this.#store.status.state === "ok" ? undefined : "process";
  }
}

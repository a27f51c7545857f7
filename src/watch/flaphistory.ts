import { getLog } from "../log/logger.ts";
import type { Store } from "../store/store.ts";
import { FLAP_WINDOW_MS, FlapLog } from "../trend/flaplog.ts";
import type { Clock } from "../util/clock.ts";
import { UnavailableError } from "../util/unavailable.ts";

const log = getLog("daemon");

/** Flaps that are taken from the history at most, the newest: two weeks of a port that flaps twice a minute have as many. */
export const MOST_FLAPS = 40_000;
/** Flaps that can wait until the history was read. */
const MOST_EARLY = 10_000;
/** How long the history may take. */
const PATIENCE_MS = 60_000;

/** What is needed of the store. */
export type FlapStore = Pick<Store, "kept" | "history">;

/** The flaps of the ports: those of this process, and once the history was read those before it. */
export class FlapHistory {
  readonly #store: FlapStore;
  readonly #clock: Clock;
  #log: FlapLog | undefined;
  /** When on the timeline a time of the clock is; undefined until the timeline began. */
  #toMs: ((clockMs: number) => number) | undefined;
  #early: { readonly port: string; readonly clockMs: number }[] = [];

  constructor(store: FlapStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** A port went down after it had been up. */
  add(port: string): void {
    const clockMs = this.#clock.now();
    if (this.#log) this.#log.add(port, this.#toMs!(clockMs));
    else if (this.#early.length < MOST_EARLY) this.#early.push({ port, clockMs });
  }

  /** The flaps; undefined until the history was read. */
  get log(): FlapLog | undefined {
    return this.#log;
  }

  /** Reads what was before, as far as the store can tell; `nowMs` is the time on the timeline. */
  async restore(nowMs: number): Promise<void> {
    const clockMs = this.#clock.now();
    this.#toMs = (otherMs) => nowMs + (otherMs - clockMs);
    const { kept } = this.#store;
    if (!kept) {
      this.#begin(new FlapLog(nowMs));
      return;
    }
    const query = { port: undefined, beforeId: kept.lastHistoryId + 1, limit: MOST_FLAPS, onlyFlaps: true };
    try {
      const found = await this.#store.history({ ...query, sinceWallMs: nowMs - FLAP_WINDOW_MS }, PATIENCE_MS);
      const flaps = found.filter(({ wallMs }) => wallMs <= nowMs).sort((a, b) => a.wallMs - b.wallMs);
      const isCut = found.length === MOST_FLAPS;
      const sinceMs = isCut ? flaps[0]?.wallMs : kept.firstHistoryWallMs;
      const all = new FlapLog(Math.min(sinceMs ?? nowMs, nowMs));
      for (const { port, wallMs } of flaps) all.add(port, wallMs);
      this.#begin(all);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      log.warn("the flaps of earlier processes are not known: {reason}", { reason: error.message });
      this.#begin(new FlapLog(nowMs));
    }
  }

  #begin(log: FlapLog): void {
    for (const { port, clockMs } of this.#early) log.add(port, this.#toMs!(clockMs));
    this.#early = [];
    this.#log = log;
  }
}

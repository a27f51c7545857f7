import type { Clock } from "../util/clock.ts";
import { Timers } from "./timers.ts";

/** How long entries wait for others to be saved with them. */
const LEAST_MS = 250;
/** They wait on while others come within this time: it is cheaper to save them at once, and those who make them have more urgent things to do. */
const QUIET_MS = 100;
/** But no longer than this. */
const MOST_MS = 1000;
/** Nor when there are so many: half of what may wait, so that others may come while these are saved. */
export const BATCH_MOST = 5000;

/** Tells when what is queued is to be saved. */
export class SaveDelay {
  readonly #clock: Clock;
  readonly #timers: Timers<"save">;
  readonly #onDue: () => void;
  #latestMs = 0;
  #isDue = false;

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#timers = new Timers(clock);
    this.#onDue = onDue;
  }

  /** Whether it is to be saved now. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /** Something was added, or is there still, to what is queued, which are so many transitions. Calls nobody in this turn. */
  notice(queued: number): void {
    this.#latestMs = this.#clock.now();
    if (this.#isDue) return;
    if (queued >= BATCH_MOST) {
      this.#isDue = true;
      this.#timers.arm("save", 0, this.#onDue);
    } else if (!this.#timers.has("save")) this.#wait(LEAST_MS, this.#latestMs + MOST_MS);
  }

  /** What is due was sent, or there is nothing. */
  reset(): void {
    this.#isDue = false;
  }

  /** Tells nothing any more. */
  stop(): void {
    this.#timers.disarmAll();
  }

  #wait(delayMs: number, endMs: number): void {
    this.#timers.arm("save", delayMs, () => {
      const leftMs = Math.min(this.#latestMs + QUIET_MS, endMs) - this.#clock.now();
      if (leftMs > 0) this.#wait(leftMs, endMs);
      else {
        this.#isDue = true;
        this.#onDue();
      }
    });
  }
}

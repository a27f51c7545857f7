import { MaxWindow } from "../util/maxwindow.ts";

/** How long a stall is remembered: it is over when somebody asks, since who asks runs in the same event loop. */
const REMEMBERED_MS = 60_000;

/** Tells how long the event loop stood still, from a timer that beats. That nothing happens on the switch is no stall. */
export class Heartbeat {
  readonly #intervalMs: number;
  readonly #stallsMs = new MaxWindow(REMEMBERED_MS);
  #lastMs: number;

  /** `intervalMs` is the time between two beats; it begins at `nowMs`, on a clock that never jumps. */
  constructor(intervalMs: number, nowMs: number) {
    this.#intervalMs = intervalMs;
    this.#lastMs = nowMs;
  }

  /** A beat. */
  beat(nowMs: number): void {
    this.#stallsMs.add(nowMs, this.#lateMs(nowMs));
    this.#lastMs = nowMs;
  }

  /** The longest time of the last minute by which a beat was late, or is, in seconds. */
  stallSeconds(nowMs: number): number {
    return Math.max(this.#stallsMs.max(nowMs) ?? 0, this.#lateMs(nowMs)) / 1000;
  }

  #lateMs(nowMs: number): number {
    return Math.max(0, nowMs - this.#lastMs - this.#intervalMs);
  }
}

import { PointWindow } from "./pointwindow.ts";

/** A shorter span says nothing about a rate, in milliseconds. */
export const LEAST_RATE_SPAN_MS = 1000;

/** How much a number changed over the last `windowMs`. A counter that falls began anew: what it shows then came on top. */
export class ChangeWindow {
  readonly #points: PointWindow<number>;
  readonly #isCounter: boolean;
  #value: number | undefined;
  /** What a counter showed in all its former lives. */
  #formerly = 0;
  #isSeed = false;

  /** `windowMs` is the length in milliseconds. */
  constructor(windowMs: number, isCounter: boolean) {
    this.#points = new PointWindow(windowMs, (before, after) => before === after);
    this.#isCounter = isCounter;
  }

  /** Adds the value at `atMs`, which never goes back. */
  add(atMs: number, value: number): void {
    if (this.#isCounter && this.#value !== undefined && value < this.#value) {
      if (this.#isSeed) this.#forget();
      else this.#formerly += this.#value;
    }
    this.#isSeed = false;
    this.#value = value;
    this.#points.add(atMs, this.#formerly + value);
  }

  /**
   * Adds a value that an earlier process saved. Such a counter goes on over restarts; when it is lower afterwards, the
   * file of an earlier time took its place, and what was saved says nothing about it.
   */
  seed(atMs: number, value: number): void {
    this.add(atMs, value);
    this.#isSeed = true;
  }

  /** Whether there was no value yet. */
  get isEmpty(): boolean {
    return this.#value === undefined;
  }

  /** By how much it changed; undefined with fewer than two samples. */
  get change(): number | undefined {
    return this.spanMs > 0 ? this.#points.latest! - this.#points.first! : undefined;
  }

  /** By how much it changed in a second, on average; undefined with fewer than two samples or less than a second. */
  get perSecond(): number | undefined {
    return this.spanMs >= LEAST_RATE_SPAN_MS ? (this.change! * 1000) / this.spanMs : undefined;
  }

  /** How much of the window is known, in milliseconds. */
  get spanMs(): number {
    return this.#points.spanMs;
  }

  /** Whether it did not change within the window. */
  get isFlat(): boolean {
    return this.#points.isFlat;
  }

  #forget(): void {
    this.#points.clear();
    this.#formerly = 0;
  }
}

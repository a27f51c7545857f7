/** Since when something is as it is. */
export class Since<T> {
  #value: T;
  #sinceMs: number;

  /** `nowMs` is on a clock that never jumps. */
  constructor(value: T, nowMs: number) {
    this.#value = value;
    this.#sinceMs = nowMs;
  }

  /** How it was when somebody looked last. */
  get value(): T {
    return this.#value;
  }

  /** It is so now. */
  see(value: T, nowMs: number): void {
    if (value === this.#value) return;
    this.#value = value;
    this.#sinceMs = nowMs;
  }

  /** For how many seconds it has been so. */
  seconds(nowMs: number): number {
    return (nowMs - this.#sinceMs) / 1000;
  }
}

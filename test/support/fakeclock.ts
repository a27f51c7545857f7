import type { Clock } from "../../src/util/clock.ts";

interface Timer {
  readonly atMs: number;
  readonly task: () => void;
}

/** A clock that a test turns by hand: nothing runs unless it is told to, and then always in the same order. */
export class FakeClock implements Clock {
  /** What after() was asked for so far, in milliseconds, cancelled or not. */
  readonly delays: number[] = [];
  #nowMs = 0;
  #wallMs: number;
  readonly #timers = new Set<Timer>();
  readonly #immediates = new Set<() => void>();

  constructor(wallMs = 1_000_000_000_000) {
    this.#wallMs = wallMs;
  }

  now(): number {
    return this.#nowMs;
  }

  wallNow(): number {
    return this.#wallMs;
  }

  after(delayMs: number, task: () => void): () => void {
    this.delays.push(delayMs);
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  soon(task: () => void): () => void {
    const own = () => task();
    this.#immediates.add(own);
    return () => this.#immediates.delete(own);
  }

  /** How many tasks wait for their time. */
  get timers(): number {
    return this.#timers.size;
  }

  /** How many tasks wait for the next turn. */
  get immediates(): number {
    return this.#immediates.size;
  }

  /** Lets time pass without running anything, as a task that takes long does. */
  pass(ms: number): void {
    this.#nowMs += ms;
    this.#wallMs += ms;
  }

  /** Sets the time of day; the other clock goes on as before. */
  setWall(wallMs: number): void {
    this.#wallMs = wallMs;
  }

  /** One turn: runs the tasks of soon() that wait now, not those that they add. */
  turn(): void {
    for (const task of Array.from(this.#immediates)) if (this.#immediates.delete(task)) task();
  }

  /** Lets `ms` pass and runs the timers that are due, each at its time, the first asked for first. */
  advance(ms: number): void {
    const end = this.#nowMs + ms;
    for (let timer = this.#next(end); timer; timer = this.#next(end)) {
      this.#timers.delete(timer);
      this.pass(Math.max(0, timer.atMs - this.#nowMs));
      timer.task();
    }
    this.pass(end - this.#nowMs);
  }

  /** Lets what waits for promises go on as far as it can without this clock. */
  settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** Lets `ms` pass as the event loop does: promises, then a turn, and time only when both have nothing left. */
  async run(ms: number): Promise<void> {
    const end = this.#nowMs + ms;
    for (;;) {
      await this.settle();
      if (this.#immediates.size > 0) {
        this.turn();
        continue;
      }
      const timer = this.#next(end);
      if (!timer) break;
      this.advance(Math.max(0, timer.atMs - this.#nowMs));
    }
    this.pass(Math.max(0, end - this.#nowMs));
  }

  #next(endMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (timer.atMs <= endMs && (!first || timer.atMs < first.atMs)) first = timer;
    return first;
  }
}

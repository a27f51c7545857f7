import type { Clock } from "../util/clock.ts";

/** After work the queue rests so many times as long: all work together takes at most a quarter of the event loop. */
const RESTS = 3;
const MOST_REST_MS = 250;
/** Shorter work needs no rest: the other parts had their turn before it. */
const LEAST_WORK_MS = 1;

interface Waiting {
  readonly start: () => void;
}

/**
 * Lets work into the event loop one piece a turn, with rests, so that links are not kept waiting by whoever asks how they
 * are. Work for the same thing that has not begun is done once for all who want it: what they get is never older than
 * their asking.
 */
export class Turnstile {
  readonly #clock: Clock;
  readonly #queue: Waiting[] = [];
  readonly #shared = new Map<string, Promise<unknown>>();
  #isMoving = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Does `work` in a turn of its own; what it does after its first `await` is not waited for before the next. */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const start = (): void => {
      try {
        resolve(work());
      } catch (error) {
        reject(error);
      }
    };
    this.#queue.push({ start });
    if (!this.#isMoving) this.#move(0);
    return promise;
  }

  /** As run(); those who ask under one key before it has begun share it. */
  share<T>(key: string, work: () => T | Promise<T>): Promise<T> {
    const shared = this.#shared.get(key) as Promise<T> | undefined;
    if (shared) return shared;
    const mine = this.run(() => {
      this.#shared.delete(key);
      return work();
    });
    this.#shared.set(key, mine);
    return mine;
  }

  #move(restMs: number): void {
    this.#isMoving = this.#queue.length > 0 || restMs > 0;
    if (!this.#isMoving) return;
    if (restMs > 0) this.#clock.after(restMs, () => this.#move(0));
    else this.#clock.soon(() => this.#step());
  }

  #step(): void {
    const startMs = this.#clock.now();
    this.#queue.shift()!.start();
    const tookMs = this.#clock.now() - startMs;
    this.#move(tookMs < LEAST_WORK_MS ? 0 : Math.min(tookMs * RESTS, MOST_REST_MS));
  }
}

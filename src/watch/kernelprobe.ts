import type { Clock } from "../util/clock.ts";
import { Since } from "./since.ts";

/** Asks the kernel now and then whether it answers: that it announces nothing is no sign of anything. */
export class KernelProbe {
  readonly #clock: Clock;
  readonly #ask: () => Promise<void> | undefined;
  readonly #answering: Since<boolean>;
  #askedMs: number | undefined;
  #failure = "portsyncd starts: link messages are taken once Redis is there";

  /** `ask` resolves when the kernel has answered, rejects when it does not; it gives undefined while nobody can be asked. */
  constructor(clock: Clock, ask: () => Promise<void> | undefined) {
    this.#clock = clock;
    this.#ask = ask;
    this.#answering = new Since(false, clock.now());
  }

  /** Whether it answered when it was asked last. */
  get isAnswering(): boolean {
    return this.#answering.value;
  }

  /** Why it did not; "" when it did. */
  get failure(): string {
    return this.#failure;
  }

  /** For how many seconds it has been so. */
  get seconds(): number {
    return this.#answering.seconds(this.#clock.now());
  }

  /** For how many seconds an answer has been awaited. */
  get waitingSeconds(): number {
    return this.#askedMs === undefined ? 0 : (this.#clock.now() - this.#askedMs) / 1000;
  }

  /** Asks, and resolves when there is an answer or none will come; one answer is for all who ask meanwhile. */
  async ask(): Promise<void> {
    if (this.#askedMs !== undefined) return;
    const answer = this.#ask();
    if (!answer) return;
    this.#askedMs = this.#clock.now();
    try {
      await answer;
      this.#failure = "";
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error);
    }
    this.#askedMs = undefined;
    this.#answering.see(this.#failure === "", this.#clock.now());
  }
}

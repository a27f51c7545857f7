import { drainMicrotasks } from "bun:jsc";

/** Whose work an event is: a process that ended gets none, one that is stopped gets it later. */
export interface Owner {
  readonly alive: boolean;
  readonly stoppedUntilMs: number;
  /** What its code threw. */
  onThrown(error: unknown): void;
}

interface Event {
  readonly order: number;
  readonly owner: Owner | undefined;
  atMs: number;
  task: (() => void) | undefined;
}

/** Simulated time: runs what is due one after the other, each with all promises that it settles, and jumps over the time between. */
export class Scheduler {
  readonly #heap: Event[] = [];
  #nowMs = 0;
  #order = 0;
  /** Events that were run. */
  steps = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Runs `task` after the delay; the returned function cancels it. */
  after(delayMs: number, task: () => void, owner?: Owner): () => void {
    const event: Event = { order: this.#order++, owner, atMs: this.#nowMs + Math.max(0, delayMs), task };
    this.#push(event);
    return () => (event.task = undefined);
  }

  /** Runs everything that is due until then. */
  runUntil(endMs: number): void {
    for (let event = this.#heap[0]; event && event.atMs <= endMs; event = this.#heap[0]) {
      this.#pop();
      if (!event.task || event.owner?.alive === false) continue;
      this.#nowMs = Math.max(this.#nowMs, event.atMs);
      if (event.owner && event.owner.stoppedUntilMs > this.#nowMs) {
        event.atMs = event.owner.stoppedUntilMs;
        this.#push(event);
      } else {
        this.#run(event.task, event.owner);
      }
    }
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  #run(task: () => void, owner: Owner | undefined): void {
    this.steps++;
    try {
      task();
    } catch (error) {
      if (!owner) throw error;
      owner.onThrown(error);
    }
    drainMicrotasks();
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

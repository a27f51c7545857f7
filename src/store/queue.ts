import type { Keepsake, SeriesPoint } from "./kept.ts";
import type { Batch } from "./message.ts";
import type { Start } from "./start.ts";
import type { Transition } from "./transition.ts";

/** Names of counters that are kept: those of ports may come and go without end, which must cost neither all memory nor the disk. */
export const MOST_COUNTERS = 65_536;
/** Points of series that wait, at most; the oldest go first. */
const MOST_POINTS = 10_000;

/** What is recorded and not known to be saved: bounded, the oldest goes first. */
export class SaveQueue {
  /** Transitions that were given up. */
  dropped = 0;
  readonly #most: number;
  #transitions: Transition[] = [];
  /** Entries at the front of the list that were taken or given up already. */
  #gone = 0;
  #counters = new Map<string, number>();
  #start: Start | undefined;
  /** By kind and key: what was wanted before does not matter any more. */
  #keepsakes = new Map<string, Keepsake>();
  #points: SeriesPoint[] = [];
  #taken: Batch | undefined;
  #lastId = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Transitions that are not known to be saved. */
  get length(): number {
    return this.#waiting + (this.#taken?.transitions.length ?? 0);
  }

  /** Whether everything is saved. */
  get isEmpty(): boolean {
    return this.#taken === undefined && !this.hasNew;
  }

  /** Whether there is something that no batch was made of yet. */
  get hasNew(): boolean {
    const { size } = this.#keepsakes;
    return this.#waiting + this.#counters.size + size + this.#points.length > 0 || this.#start !== undefined;
  }

  get #waiting(): number {
    return this.#transitions.length - this.#gone;
  }

  /** Adds a transition; gives up the oldest that is in no batch when there are too many. */
  push(transition: Transition): void {
    this.#transitions.push(transition);
    if (this.length <= this.#most) return;
    this.#skip(1);
    this.dropped++;
  }

  /** Adds to a counter. */
  count(name: string, delta: number): void {
    if (this.#counters.size >= MOST_COUNTERS && !this.#counters.has(name)) return;
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + delta);
  }

  /** Adds the start of this process. */
  start(start: Start): void {
    this.#start = start;
  }

  /** Keeps something, or does not any more. */
  keep(keepsake: Keepsake): void {
    this.#keepsakes.set(`${keepsake.kind} ${keepsake.key}`, keepsake);
  }

  /** Adds a point of a series. */
  addPoint(point: SeriesPoint): void {
    this.#points.push(point);
    if (this.#points.length > MOST_POINTS) this.#points.shift();
  }

  /** The number of the batch with which all but the transitions is saved that was added so far. */
  get batchOfNewest(): number {
    return this.hasNew ? this.#lastId + 1 : this.#lastId;
  }

  /** What is added to a counter and not known to be saved. */
  pendingCount(name: string): number {
    const taken = this.#taken?.counters.find(([other]) => other === name)?.[1] ?? 0;
    return taken + (this.#counters.get(name) ?? 0);
  }

  /** The batch to save next, of at most `most` transitions: always the same until settle(), undefined when there is nothing. */
  take(most: number): Batch | undefined {
    if (this.#taken || !this.hasNew) return this.#taken;
    const transitions = this.#transitions.slice(this.#gone, this.#gone + most);
    this.#skip(transitions.length);
    this.#taken = {
      id: ++this.#lastId,
      transitions,
      counters: [...this.#counters],
      start: this.#start,
      keepsakes: [...this.#keepsakes.values()],
      points: this.#points,
    };
    this.#counters = new Map();
    this.#keepsakes = new Map();
    this.#points = [];
    this.#start = undefined;
    return this.#taken;
  }

  /** The batch that was taken is saved, or given up. */
  settle(isSaved: boolean): Batch | undefined {
    const batch = this.#taken;
    if (batch && !isSaved) this.dropped += batch.transitions.length;
    this.#taken = undefined;
    return batch;
  }

  #skip(count: number): void {
    this.#gone += count;
    if (this.#gone * 2 < this.#transitions.length) return;
    this.#transitions = this.#transitions.slice(this.#gone);
    this.#gone = 0;
  }
}

import { ColumnsWriter, countOf, packTransitions } from "./columns.ts";
import type { Keepsake, SeriesPoint } from "./kept.ts";
import type { Batch } from "./message.ts";
import type { Start } from "./start.ts";
import type { Transition } from "./transition.ts";

/** Names of counters that are kept: those of ports may come and go without end, which must cost neither all memory nor the disk. */
export const MOST_COUNTERS = 65_536;
/** Points of series that wait, at most; the oldest go first. */
const MOST_POINTS = 10_000;
/** Transitions for which there is room in the beginning: most batches have no more. */
const FIRST_ROOM = 64;

/** What is recorded and not known to be saved: bounded, the oldest goes first. */
export class SaveQueue {
  /** Transitions that were given up. */
  dropped = 0;
  readonly #most: number;
  readonly #batchMost: number;
  /** The transitions of the batches to come; all but the last are full. */
  readonly #waiting: ColumnsWriter[] = [];
  #waitingCount = 0;
  #counters = new Map<string, number>();
  #start: Start | undefined;
  /** By kind and key: what was wanted before does not matter any more. */
  #keepsakes = new Map<string, Keepsake>();
  #points: SeriesPoint[] = [];
  #taken: Batch | undefined;
  #lastId = 0;

  /** Holds `most` transitions, and puts `batchMost` of them into a batch. */
  constructor(most: number, batchMost: number) {
    this.#most = most;
    this.#batchMost = batchMost;
  }

  /** Transitions that are not known to be saved. */
  get length(): number {
    return this.#waitingCount + (this.#taken ? countOf(this.#taken.columns) : 0);
  }

  /** Whether everything is saved. */
  get isEmpty(): boolean {
    return this.#taken === undefined && !this.hasNew;
  }

  /** Whether there is something that no batch was made of yet. */
  get hasNew(): boolean {
    const { size } = this.#keepsakes;
    return this.#waitingCount + this.#counters.size + size + this.#points.length > 0 || this.#start !== undefined;
  }

  /** Adds a transition; gives up the oldest that is in no batch when there are too many. */
  push(transition: Transition): void {
    let newest = this.#waiting.at(-1);
    if (!newest || newest.isFull) this.#waiting.push((newest = new ColumnsWriter(this.#batchMost, FIRST_ROOM)));
    newest.add(transition);
    this.#waitingCount++;
    if (this.length <= this.#most) return;
    const oldest = this.#waiting[0]!;
    oldest.dropOldest();
    if (oldest.count === 0) this.#waiting.shift();
    this.#waitingCount--;
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

  /** The batch to save next: always the same until settle(), undefined when there is nothing. */
  take(): Batch | undefined {
    if (this.#taken || !this.hasNew) return this.#taken;
    const columns = this.#waiting.shift()?.columns() ?? packTransitions([]);
    this.#waitingCount -= countOf(columns);
    this.#taken = {
      id: ++this.#lastId,
      columns,
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
    if (batch && !isSaved) this.dropped += countOf(batch.columns);
    this.#taken = undefined;
    return batch;
  }
}

import { Keepsakes } from "./keepsakes.ts";
import { type Keepsake, type KeepsakeKind, type Kept, NOTHING_KEPT } from "./kept.ts";
import type { Batch, Facts } from "./message.ts";
import { MOST_COUNTERS, SaveQueue } from "./queue.ts";
import { BATCH_MOST } from "./savedelay.ts";
import type { Start } from "./start.ts";

const QUEUE_MOST = 10_000;

/** What is recorded: what is on its way to the disk, and of what lasts how it is to be, whatever file is there. */
export class Records {
  /** What is not known to be saved. */
  readonly queue = new SaveQueue(QUEUE_MOST, BATCH_MOST);
  readonly #keepsakes = new Keepsakes();
  /** The values of counters that are known to be saved; undefined until the database was opened. */
  #saved: Map<string, number> | undefined;
  #start: Start | undefined;
  #kept: Kept | undefined;

  /** What earlier processes kept, as it was when the database was opened first; undefined before. */
  get kept(): Kept | undefined {
    return this.#kept;
  }

  /** How this process started; undefined until it was said. */
  get start(): Start | undefined {
    return this.#start;
  }

  /** Notes how this process started. */
  set start(start: Start) {
    this.#start = start;
    this.queue.start(start);
  }

  /** The value of a counter, with what is not saved yet. */
  counter(name: string): number {
    return (this.#saved?.get(name) ?? 0) + this.queue.pendingCount(name);
  }

  /** Adds to a counter, unless it would be one name too many. */
  count(name: string, delta: number): void {
    const saved = this.#saved;
    if (saved && saved.size >= MOST_COUNTERS && !saved.has(name)) return;
    this.queue.count(name, delta);
  }

  /** What is kept of a kind, by key; undefined until it is known. */
  keepsakes(kind: KeepsakeKind): ReadonlyMap<string, string> | undefined {
    return this.#keepsakes.of(kind);
  }

  /** Keeps something, or does not any more; false when it is so already. */
  keep(keepsake: Keepsake): boolean {
    const isNew = this.#keepsakes.set(keepsake);
    if (isNew) this.queue.keep(keepsake);
    return isNew;
  }

  /** The batch that was taken last is saved; returns it. */
  settle(): Batch {
    const batch = this.queue.settle(true)!;
    for (const [name, delta] of batch.counters) this.#saved!.set(name, (this.#saved!.get(name) ?? 0) + delta);
    return batch;
  }

  /**
   * The database was opened, and this is in it. A file that was restored from a backup may be behind what is known to have
   * been saved, and not know of this start: the difference is queued again. Returns whether it was opened for the first time.
   */
  onOpened(counters: NonNullable<Facts["counters"]>, kept: Kept = NOTHING_KEPT): boolean {
    const found = new Map(counters);
    for (const keepsake of this.#keepsakes.compare(kept.keepsakes)) this.queue.keep(keepsake);
    if (!this.#saved) {
      this.#saved = found;
      this.#kept = kept;
      return true;
    }
    if (this.#start) this.queue.start(this.#start);
    for (const [name, value] of this.#saved) {
      const missing = value - (found.get(name) ?? 0);
      if (missing <= 0) continue;
      this.#saved.set(name, value - missing);
      this.queue.count(name, missing);
    }
    return false;
  }
}

import type { LastingTotals } from "./lastingtotals.ts";

const FLAPS = "portsyncd_port_flaps_total";

interface PortRecord {
  flaps: number;
  /** Whether `flaps` has what earlier processes counted. */
  isComplete: boolean;
  /** Milliseconds since 1970; undefined before the first change. */
  changedWallMs: number | undefined;
}

/** What happened to each port: how often it flapped, over restarts, and when it changed last. */
export class PortRecords {
  readonly #totals: LastingTotals;
  readonly #records = new Map<string, PortRecord>();
  /** Flaps of each port since somebody looked. */
  readonly #recent = new Map<string, number>();

  constructor(totals: LastingTotals) {
    this.#totals = totals;
  }

  /** The port went down after it had been up. */
  flap(name: string): void {
    this.#record(name).flaps++;
    this.#recent.set(name, this.recent(name) + 1);
    this.#totals.keep(`${FLAPS}/${name}`);
  }

  /** The port changed. */
  change(name: string, wallMs: number): void {
    this.#record(name).changedWallMs = wallMs;
  }

  /** The port is gone; its flaps go on where they were if it comes back, as far as the store has them. */
  remove(name: string): void {
    this.#records.delete(name);
  }

  /** How many ports something is known of. */
  get size(): number {
    return this.#records.size;
  }

  /** Forgets ports that are not known any more and of which nobody said that they are gone: they were never published. */
  retain(isKnown: (name: string) => boolean): void {
    for (const name of this.#records.keys()) if (!isKnown(name)) this.#records.delete(name);
  }

  /** How often the port flapped; undefined while that is not known. */
  flaps(name: string): number | undefined {
    const record = this.#record(name);
    if (record.isComplete) return record.flaps;
    if (!this.#totals.areKnown) return undefined;
    record.flaps = Math.max(record.flaps, this.#totals.earlier(`${FLAPS}/${name}`));
    record.isComplete = true;
    return record.flaps;
  }

  /** How often the port flapped since `looked`. */
  recent(name: string): number {
    return this.#recent.get(name) ?? 0;
  }

  /** Somebody has looked at the flaps: what comes from now on is recent. While nothing is known there is nothing to look at. */
  looked(): void {
    if (this.#totals.areKnown) this.#recent.clear();
  }

  /** When the port changed last, in milliseconds since 1970; undefined before the first time. */
  changedWallMs(name: string): number | undefined {
    return this.#records.get(name)?.changedWallMs;
  }

  #record(name: string): PortRecord {
    let record = this.#records.get(name);
    if (!record) this.#records.set(name, (record = { flaps: 0, isComplete: false, changedWallMs: undefined }));
    return record;
  }
}

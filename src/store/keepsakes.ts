import { type Keepsake, KEEPSAKE_KINDS, type KeepsakeKind } from "./kept.ts";
import { MOST_KEEPSAKES } from "./keptrows.ts";

/** Everything that is to be kept as a whole, as it is to be: what a file has is compared with it. */
export class Keepsakes {
  /** Of each kind by key; null for what is not to be kept, as long as nobody knows whether it is. */
  readonly #wanted = new Map<KeepsakeKind, Map<string, string | null>>(KEEPSAKE_KINDS.map((kind) => [kind, new Map()]));
  #isLoaded = false;

  /** Whether it is known what earlier processes kept. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** What is kept of a kind, by key; undefined until it is known. */
  of(kind: KeepsakeKind): ReadonlyMap<string, string> | undefined {
    // Once it is loaded no null is left.
    return this.#isLoaded ? (this.#wanted.get(kind) as Map<string, string>) : undefined;
  }

  /** Takes in what is to be kept from now on; false when it is so already, or when there are too many. */
  set({ kind, key, value }: Keepsake): boolean {
    const values = this.#wanted.get(kind)!;
    const before = values.get(key);
    if (before === value || (this.#isLoaded && before === undefined && value === null)) return false;
    if (before === undefined && this.#size >= MOST_KEEPSAKES) return false;
    if (value === null && this.#isLoaded) values.delete(key);
    else values.set(key, value);
    return true;
  }

  /**
   * A file was opened that has these. What it has is taken in for the first time; later, when another file may have taken
   * the place of the one that was known, the answer is what that one lacks.
   */
  compare(found: readonly Keepsake[]): Keepsake[] {
    if (!this.#isLoaded) {
      this.#load(found);
      return [];
    }
    const missing: Keepsake[] = [];
    const there = new Map(KEEPSAKE_KINDS.map((kind) => [kind, new Map<string, string | null>()]));
    for (const { kind, key, value } of found) {
      there.get(kind)!.set(key, value);
      if (!this.#wanted.get(kind)!.has(key)) missing.push({ kind, key, value: null });
    }
    for (const [kind, values] of this.#wanted)
      for (const [key, value] of values) if (there.get(kind)!.get(key) !== value) missing.push({ kind, key, value });
    return missing;
  }

  get #size(): number {
    return this.#wanted.values().reduce((sum, { size }) => sum + size, 0);
  }

  /** What this process wants is newer. */
  #load(found: readonly Keepsake[]): void {
    for (const { kind, key, value } of found) {
      const values = this.#wanted.get(kind)!;
      if (!values.has(key)) values.set(key, value);
    }
    for (const values of this.#wanted.values())
      for (const [key, value] of values) if (value === null) values.delete(key);
    this.#isLoaded = true;
  }
}

/** How often things happened, by name, so that one can see that nothing is dead. */
export class Coverage {
  readonly #counts = new Map<string, number>();

  /** Notes that it happened. */
  count(name: string, times = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + times);
  }

  /** How often it happened. */
  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Adds what another has counted. */
  add(other: Readonly<Record<string, number>>): void {
    for (const [name, times] of Object.entries(other)) this.count(name, times);
  }

  /** All counts by name. */
  toJSON(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/**
 * Counts collections of garbage, young and full, which Bun does not tell of: an object that nobody holds is gone after the
 * next, and then there is another. Those that follow each other closely, as in one turn of the event loop, count as one.
 */
export class CollectionCounter {
  #collections = 0;
  readonly #registry = new FinalizationRegistry<undefined>(() => {
    this.#collections++;
    this.#leaveOne();
  });

  constructor() {
    this.#leaveOne();
  }

  /** How many there were since this was made. */
  get collections(): number {
    return this.#collections;
  }

  #leaveOne(): void {
    this.#registry.register({}, undefined);
  }
}

import { expect } from "bun:test";

/** For a test that tries many series, on a machine that has other things to do. */
export const MANY_TRIES_MS = 60_000;

/** How often things happen in random series, printed so that everybody sees what the analysis is worth. */
export class Rates {
  readonly #title: string;
  readonly #lines: string[] = [];

  constructor(title: string) {
    this.#title = title;
  }

  /** Tries something so many times, and expects it to happen in a share of the tries from `least` to `most`. */
  expect(what: string, tries: number, happens: (attempt: number) => boolean, least: number, most: number): void {
    let hits = 0;
    for (let i = 0; i < tries; i++) if (happens(i)) hits++;
    this.#lines.push(`  ${((100 * hits) / tries).toFixed(1).padStart(6)} %  ${what}`);
    expect({ what, rate: hits / tries }).toSatisfy(({ rate }) => rate >= least && rate <= most);
  }

  /** All of them. */
  print(): void {
    if (this.#lines.length > 0) console.log(`${this.#title}\n${this.#lines.join("\n")}`);
  }
}

/** The limits between which a share of so many tries is when each succeeds with this chance: 4 standard deviations. */
export function around(chance: number, tries: number): [least: number, most: number] {
  const error = 4 * Math.sqrt((chance * (1 - chance)) / tries);
  return [Math.max(chance - error, 0), chance + error];
}

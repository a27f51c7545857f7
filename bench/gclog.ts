/** What the log of JavaScriptCore's collector tells. */
export interface Collections {
  /** Each time that the program stood still, in milliseconds; a collection may stop it several times. */
  readonly pausesMs: readonly number[];
  /** What was in the heap after each collection, in KiB. */
  readonly heapsKib: readonly number[];
}

/** Makes Bun, compiled programs included, log each pause for the collector to stderr. */
export const LOG_COLLECTIONS = { BUN_JSC_logGC: "1" };

const PAUSE = / p=([\d.]+)ms \(max [\d.]+\)/;
const END = /=> (\d+)kb/;

/** Finds the collections in the lines of a program; a program that is not Bun's has none. */
export function parseCollections(lines: readonly string[]): Collections {
  const numbers = (pattern: RegExp) =>
    lines.flatMap((line) => {
      const [, number] = pattern.exec(line) ?? [];
      return number === undefined ? [] : [Number(number)];
    });
  return { pausesMs: numbers(PAUSE), heapsKib: numbers(END) };
}

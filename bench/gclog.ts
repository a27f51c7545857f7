/** What the log of JavaScriptCore's collector tells of one heap. */
export interface Collections {
  /** Each time that its thread stood still, in milliseconds; a collection may stop it several times. */
  readonly pausesMs: number[];
  /** What was in the heap after each collection, in KiB. */
  readonly heapsKib: number[];
}

/** Makes Bun, compiled programs included, log each pause for the collector to stderr. */
export const LOG_COLLECTIONS = { BUN_JSC_logGC: "1" };

const SAYING = /(?=\[GC<0x)/;
const HEAP = /^\[GC<(0x[\da-f]+)>: (START|M) /;
const PAUSE = / p=([\d.]+)ms \(max [\d.]+\)/;
const END = /=> (\d+)kb, p=/;

/**
 * Finds the collections in the lines of a program, by the address of the heap: each thread has its own, and all speak at
 * once, so that one's line may be cut in two by another's. A program that is not Bun's has none.
 */
export function parseCollections(lines: readonly string[]): Map<string, Collections> {
  const found = new Map<string, Collections>();
  const open = new Set<string>();
  for (const saying of lines.flatMap((line) => line.split(SAYING))) {
    const [, named] = HEAP.exec(saying) ?? [];
    if (named === undefined && saying.startsWith("[GC<")) continue;
    const heap = named ?? (open.size === 1 ? [...open][0]! : undefined);
    if (heap === undefined) continue; // whose it is cannot be told
    if (named !== undefined) open.add(named);
    const collections = found.get(heap) ?? { pausesMs: [], heapsKib: [] };
    found.set(heap, collections);
    const [, pausedMs] = PAUSE.exec(saying) ?? [];
    const [, heapKib] = END.exec(saying) ?? [];
    if (pausedMs !== undefined) collections.pausesMs.push(Number(pausedMs));
    if (heapKib !== undefined) collections.heapsKib.push(Number(heapKib));
    if (heapKib !== undefined || saying.endsWith("...]")) open.delete(heap);
  }
  return found;
}

/** The heap of the thread that has most to do, by the largest that it ever was; undefined without any. */
export function largestHeap(found: ReadonlyMap<string, Collections>): string | undefined {
  const largest = Array.from(found, ([heap, { heapsKib }]) => [Math.max(0, ...heapsKib), heap] as const);
  return largest.sort(([a], [b]) => b - a)[0]?.[1];
}

import { readFileSync } from "node:fs";
import { type Profiler, Session } from "node:inspector/promises";

const transpiler = new Bun.Transpiler({ loader: "ts", target: "bun" });

/** Which code of some files was executed, as the engine counts it. It has to be opened before the files are loaded. */
export class BlockCoverage {
  readonly #session = new Session();
  /** For each file its text as it is executed, and which characters of it were. */
  readonly #files: ReadonlyMap<string, { readonly text: string; readonly reached: Uint8Array }>;

  private constructor(paths: readonly string[]) {
    this.#files = new Map(
      paths.map((path) => {
        const text = transpiler.transformSync(readFileSync(path, "utf8"));
        return [path, { text, reached: new Uint8Array(text.length) }];
      }),
    );
  }

  /** Begins to count; the files are given by their absolute paths. */
  static async open(paths: readonly string[]): Promise<BlockCoverage> {
    const coverage = new BlockCoverage(paths);
    coverage.#session.connect();
    await coverage.#session.post("Profiler.enable");
    await coverage.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    return coverage;
  }

  /** Takes in what was executed since the last call; true when some of it never was before. */
  async take(): Promise<boolean> {
    const { result } = await this.#session.post("Profiler.takePreciseCoverage");
    let isNew = false;
    for (const { url, functions } of result) {
      const file = this.#files.get(url.replace(/^file:\/\//, ""));
      if (!file) continue;
      const executed = paint(functions, file.text.length);
      for (const [at, before] of file.reached.entries()) {
        if (before || !executed[at]) continue;
        file.reached[at] = 1;
        isNew = true;
      }
    }
    return isNew;
  }

  /** The code of the given functions that was not executed so far, block by block. */
  unreached(functions: readonly string[]): string[] {
    const blocks: string[] = [];
    for (const [path, { text, reached }] of this.#files) {
      for (const match of text.matchAll(/^(?:export )?function (\w+)[^]*?^\}/gm)) {
        if (!functions.includes(match[1]!)) continue;
        const end = match.index + match[0].length;
        for (let at = match.index; at < end; at++) {
          const start = at;
          while (at < end && !reached[at]) at++;
          const block = text.slice(start, at).trim();
          if (/\w/.test(block)) blocks.push(`${path}: ${match[1]}: ${block}`);
        }
      }
    }
    return blocks;
  }
}

/** Which characters were executed: a range counts for what no range inside of it says. */
function paint(functions: readonly Profiler.FunctionCoverage[], length: number): Uint8Array {
  const executed = new Uint8Array(length);
  for (const { startOffset, endOffset, count } of functions.flatMap(({ ranges }) => ranges))
    executed.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return executed;
}

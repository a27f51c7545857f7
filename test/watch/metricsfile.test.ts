import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { MetricData } from "../../src/metrics/registry.ts";
import { MetricsFile } from "../../src/watch/metricsfile.ts";
import { collectLog } from "../port/loglines.ts";
import { waitUntil } from "../support/deadline.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { TempDir } from "../support/tempdir.ts";

const lines = collectLog();
const INTERVAL_MS = 300_000;
const WALL_MS = Date.UTC(2026, 0, 31, 12);

let temporary: TempDir;
beforeEach(() => {
  temporary = new TempDir();
});
afterEach(async () => {
  await temporary[Symbol.asyncDispose]();
});

class Bench implements Disposable {
  readonly clock = new FakeClock(WALL_MS);
  readonly directory = join(temporary.path, "metrics");
  readonly path = join(this.directory, "metrics.json");
  /** How often metrics were read. */
  reads = 0;
  failure: Error | undefined;
  #file: MetricsFile | undefined;

  open(): this {
    this.#file = new MetricsFile({ directory: this.directory, intervalMs: INTERVAL_MS }, this.clock, async () => {
      this.reads++;
      if (this.failure) throw this.failure;
      const values = [{ labels: {}, value: this.reads }];
      return [{ name: "m", help: "M.", type: "gauge", values }] satisfies MetricData[];
    });
    return this;
  }

  /** What the file holds once it was written so often. */
  async written(reads: number): Promise<unknown> {
    await waitUntil(`write ${reads}`, () => this.clock.timers === 1 && this.reads === reads);
    return JSON.parse(readFileSync(this.path, "utf8"));
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
  }
}

function content(time: string, value: number): unknown {
  return { time, metrics: [{ name: "m", help: "M.", type: "gauge", values: [{ labels: {}, value }] }] };
}

describe("MetricsFile", () => {
  test("MetricsFile writes at once and after each interval, as long as it is open", async () => {
    const bench = new Bench().open();
    expect(await bench.written(1)).toEqual(content("2026-01-31T12:00:00.000Z", 1));
    bench.clock.advance(INTERVAL_MS);
    expect(await bench.written(2)).toEqual(content("2026-01-31T12:05:00.000Z", 2));
    bench[Symbol.dispose]();
    bench.clock.advance(10 * INTERVAL_MS);
    expect([bench.clock.timers, bench.reads]).toEqual([0, 2]);
  });

  test("MetricsFile makes the directory and the file so that nobody else can write in them", async () => {
    using bench = new Bench().open();
    await bench.written(1);
    const modes = [bench.directory, bench.path].map((path) => (lstatSync(path).mode & 0o777).toString(8));
    expect(modes).toEqual(["750", "640"]);
  });

  test("MetricsFile puts a whole file in the place of the former one, and leaves nothing else behind", async () => {
    using bench = new Bench();
    mkdirSync(bench.directory, { mode: 0o750 });
    writeFileSync(`${bench.path}.new`, "of a process that was killed");
    bench.open();
    await bench.written(1);
    const former = lstatSync(bench.path).ino;
    bench.clock.advance(INTERVAL_MS);
    await bench.written(2);
    expect(lstatSync(bench.path).ino).not.toBe(former);
    expect(readdirSync(bench.directory)).toEqual(["metrics.json"]);
  });

  for (const [what, prepare, reason] of [
    [
      "a directory that others can write",
      (path: string) => makeDirectory(path, 0o777),
      "can be written by its group or by others",
    ],
    ["a symbolic link for a directory", (path: string) => symlinkSync(temporary.path, path), "it is a symbolic link"],
    ["a file for a directory", (path: string) => writeFileSync(path, ""), "it is not a directory"],
    ["a symbolic link for the file", (path: string) => makeLink(path), "metrics.json in it is a symbolic link"],
  ] as const)
    test(`MetricsFile refuses ${what}, says so once, and tries again`, async () => {
      using bench = new Bench();
      lines();
      prepare(bench.directory);
      bench.open();
      for (const reads of [1, 2]) {
        await waitUntil("attempt", () => bench.reads === reads && bench.clock.timers === 1);
        bench.clock.advance(INTERVAL_MS);
      }
      await waitUntil("third attempt", () => bench.reads === 3 && bench.clock.timers === 1);
      const told = lines();
      expect(told).toHaveLength(1);
      expect(told[0]).toContain(reason);
      expect(readdirSync(temporary.path)).toEqual(["metrics"]);
    });

  test("MetricsFile leaves the former file as it is when the metrics cannot be read", async () => {
    using bench = new Bench().open();
    await bench.written(1);
    bench.failure = new Error("broken");
    bench.clock.advance(INTERVAL_MS);
    expect(await bench.written(2)).toEqual(content("2026-01-31T12:00:00.000Z", 1));
  });
});

function makeDirectory(path: string, mode: number): void {
  mkdirSync(path);
  chmodSync(path, mode);
}

function makeLink(directory: string): void {
  makeDirectory(directory, 0o750);
  symlinkSync("/dev/null", join(directory, "metrics.json"));
}

import { expect, test } from "bun:test";

import { awaitFirstDump, type EoiuCounters } from "../../src/port/firstdump.ts";
import { FakeClock } from "../support/fakeclock.ts";

const WALL_MS = 1_000_000_000_000;

class Bench {
  readonly clock = new FakeClock(WALL_MS);
  readonly eoiu: EoiuCounters = { detected: 0, timeouts: 0, detectedWallMs: 0 };
  readonly dump = Promise.withResolvers<void>();
  isInTime: boolean | undefined;

  constructor() {
    void awaitFirstDump(this.dump.promise, 100, this.clock, this.eoiu).then((isInTime) => (this.isInTime = isInTime));
  }
}

test("awaitFirstDump counts a dump that comes in time, and when it came", async () => {
  const bench = new Bench();
  await bench.clock.run(99);
  bench.dump.resolve();
  await bench.clock.settle();
  expect([bench.isInTime, bench.eoiu]).toEqual([true, { detected: 1, timeouts: 0, detectedWallMs: WALL_MS + 99 }]);
  expect(bench.clock.timers).toBe(0);
});

test("awaitFirstDump does not wait longer than it may, and counts the dump when it comes after all", async () => {
  const bench = new Bench();
  await bench.clock.run(100);
  expect([bench.isInTime, bench.eoiu]).toEqual([false, { detected: 0, timeouts: 1, detectedWallMs: 0 }]);
  await bench.clock.run(5000);
  bench.dump.resolve();
  await bench.clock.settle();
  expect(bench.eoiu).toEqual({ detected: 1, timeouts: 1, detectedWallMs: WALL_MS + 5100 });
});

import { expect, test } from "bun:test";

import { IdleWork } from "../../src/util/idlework.ts";
import { FakeClock } from "../support/fakeclock.ts";

class Bench {
  readonly clock = new FakeClock();
  runs = 0;
  takesMs = 0;
  readonly idle = new IdleWork(this.clock, {
    quietMs: 100,
    leastEvents: 10,
    mostEvents: 50,
    mostShare: 0.1,
    run: () => {
      this.runs++;
      this.clock.pass(this.takesMs);
    },
  });

  happen(events: number): void {
    if (events > 1) this.idle.notice(events - 1);
    this.idle.notice();
  }
}

test("IdleWork is done once after much has happened and then nothing for a while", () => {
  const bench = new Bench();
  bench.happen(10);
  bench.clock.advance(99);
  expect(bench.runs).toBe(0);
  bench.clock.advance(1);
  expect(bench.runs).toBe(1);
  bench.clock.advance(10_000);
  expect({ runs: bench.runs, timers: bench.clock.timers }).toEqual({ runs: 1, timers: 0 });
});

test("IdleWork waits for as long as something happens", () => {
  const bench = new Bench();
  bench.happen(10);
  for (let i = 0; i < 20; i++) {
    bench.clock.advance(90);
    bench.happen(1);
  }
  expect(bench.runs).toBe(0);
  bench.clock.advance(200);
  expect(bench.runs).toBe(1);
});

test("IdleWork is done in the next turn each time that very much has happened, and once more when it is quiet", () => {
  const bench = new Bench();
  bench.happen(49);
  bench.clock.turn();
  expect(bench.runs).toBe(0);
  bench.happen(5);
  expect(bench.runs).toBe(0);
  bench.clock.turn();
  expect(bench.runs).toBe(1);
  bench.happen(49);
  bench.clock.turn();
  expect(bench.runs).toBe(1);
  bench.happen(1);
  bench.clock.turn();
  expect(bench.runs).toBe(2);
  bench.clock.advance(1000);
  expect({ runs: bench.runs, timers: bench.clock.timers }).toEqual({ runs: 3, timers: 0 });
});

test("IdleWork that takes long is not done again before ten times as long has passed, however much happens", () => {
  const bench = new Bench();
  bench.takesMs = 20;
  bench.happen(50);
  bench.clock.turn();
  for (let ms = 0; ms < 199; ms++) {
    bench.happen(50);
    bench.clock.turn();
    bench.clock.advance(1);
  }
  expect(bench.runs).toBe(1);
  bench.happen(1);
  bench.clock.advance(1);
  expect(bench.runs).toBe(2);
});

test("IdleWork that waits for its share of the time is not done again when it was quiet meanwhile", () => {
  const bench = new Bench();
  bench.takesMs = 20;
  bench.happen(50);
  bench.clock.turn();
  bench.happen(50);
  bench.clock.advance(180);
  expect({ runs: bench.runs, timers: bench.clock.timers }).toEqual({ runs: 2, timers: 0 });
});

test("IdleWork is not done, and has no timer, while little has happened since it was done last", () => {
  const bench = new Bench();
  for (let round = 1; round <= 3; round++) {
    bench.happen(9);
    expect(bench.clock.timers).toBe(0);
    bench.happen(1);
    bench.clock.advance(100);
    expect(bench.runs).toBe(round);
  }
});

test("IdleWork that is disposed of is not done", () => {
  const bench = new Bench();
  bench.happen(10);
  bench.idle[Symbol.dispose]();
  bench.happen(20);
  bench.happen(100);
  bench.clock.turn();
  bench.clock.advance(1000);
  expect({ runs: bench.runs, timers: bench.clock.timers }).toEqual({ runs: 0, timers: 0 });
});

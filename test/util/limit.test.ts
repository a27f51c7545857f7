import { expect, test } from "bun:test";

import { Limit } from "../../src/util/limit.ts";
import { FakeClock } from "../support/fakeclock.ts";

const LIMIT_MS = 100;

class Bench {
  readonly clock = new FakeClock();
  missed = 0;
  readonly limit = new Limit(this.clock, LIMIT_MS, () => {
    this.missed++;
    this.limit.close(new Error("too late"));
  });

  /** Awaits an answer; returns what gives it. */
  ask(): () => Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const asked = this.limit.on(promise);
    asked.catch(() => {});
    return async () => {
      resolve();
      await asked;
    };
  }
}

test("Limit is missed when an answer has been awaited for that long, not before", () => {
  const bench = new Bench();
  bench.ask();
  bench.clock.advance(LIMIT_MS - 1);
  expect(bench.missed).toBe(0);
  bench.clock.advance(1);
  expect(bench.missed).toBe(1);
  bench.clock.advance(10 * LIMIT_MS);
  expect(bench.missed).toBe(1);
});

test("Limit is not missed by answers that come in time, one after the other", async () => {
  const bench = new Bench();
  for (let i = 0; i < 50; i++) {
    const answer = bench.ask();
    bench.clock.advance(LIMIT_MS - 1);
    await answer();
  }
  expect(bench.missed).toBe(0);
});

test("Limit counts each answer from when it was asked for", async () => {
  const bench = new Bench();
  const first = bench.ask();
  bench.clock.advance(60);
  bench.ask();
  bench.clock.advance(39);
  await first();
  bench.clock.advance(60); // the second has been awaited for 99 ms
  expect(bench.missed).toBe(0);
  bench.clock.advance(1);
  expect(bench.missed).toBe(1);
});

test("Limit has one timer for all answers, and none when nothing is awaited any more", async () => {
  const bench = new Bench();
  const answers = Array.from({ length: 20 }, () => bench.ask());
  expect(bench.clock.timers).toBe(1);
  for (const answer of answers) await answer();
  bench.clock.advance(LIMIT_MS);
  expect({ timers: bench.clock.timers, missed: bench.missed }).toEqual({ timers: 0, missed: 0 });
  bench.ask();
  expect(bench.clock.timers).toBe(1);
});

test("Limit settles as the answer does", async () => {
  const { limit } = new Bench();
  expect(await limit.on(Promise.resolve(7))).toBe(7);
  expect(await limit.on(Promise.reject(new Error("no"))).catch((error: Error) => error.message)).toBe("no");
});

test("Limit that is closed ends the waiting, now and later, and has no timer", async () => {
  const { clock, limit } = new Bench();
  const never = new Promise<never>(() => {});
  const before = limit.on(never);
  limit.close(new Error("closed"));
  limit.close(new Error("again"));
  for (const answer of [before, limit.on(never)]) {
    expect(await answer.catch((error: Error) => error.message)).toBe("closed");
  }
  expect(clock.timers).toBe(0);
});

test("Limit that is missed ends the waiting for an answer that never comes", async () => {
  const { clock, limit } = new Bench();
  const answer = limit.on(new Promise<never>(() => {}));
  clock.advance(LIMIT_MS);
  expect(await answer.catch((error: Error) => error.message)).toBe("too late");
});

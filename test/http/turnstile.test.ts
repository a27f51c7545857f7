import { describe, expect, test } from "bun:test";

import { Turnstile } from "../../src/http/turnstile.ts";
import { failureOf } from "../support/failure.ts";
import { FakeClock } from "../support/fakeclock.ts";

describe("Turnstile", () => {
  test("does one piece of work a turn, in the order in which they came", async () => {
    const clock = new FakeClock();
    const turnstile = new Turnstile(clock);
    const done: number[] = [];
    const all = Promise.all([1, 2, 3].map((n) => turnstile.run(() => done.push(n))));
    expect(done).toEqual([]);
    for (const expected of [[1], [1, 2], [1, 2, 3]]) {
      clock.turn();
      expect(done).toEqual(expected);
    }
    expect(await all).toEqual([1, 2, 3]);
    expect([clock.immediates, clock.timers]).toEqual([0, 0]);
  });

  test("rests three times as long as work took, also when more comes meanwhile", async () => {
    const clock = new FakeClock();
    const turnstile = new Turnstile(clock);
    let done = 0;
    const work = (): void => {
      clock.pass(10);
      done++;
    };
    void turnstile.run(work);
    clock.turn();
    void turnstile.run(work);
    await clock.run(29);
    expect(done).toBe(1);
    await clock.run(1);
    expect(done).toBe(2);
  });

  test("rests no longer than a quarter of a second", async () => {
    const clock = new FakeClock();
    const turnstile = new Turnstile(clock);
    void turnstile.run(() => clock.pass(10_000));
    clock.turn();
    expect(clock.delays).toEqual([250]);
  });

  test("does not count as work what work waits for", async () => {
    const clock = new FakeClock();
    const turnstile = new Turnstile(clock);
    const slow = Promise.withResolvers<string>();
    const first = turnstile.run(() => slow.promise);
    const second = turnstile.run(() => "second");
    await clock.run(0);
    expect(await second).toBe("second");
    slow.resolve("first");
    expect(await first).toBe("first");
    expect(clock.delays).toEqual([]);
  });

  test("hands failures to who asked, and goes on", async () => {
    const clock = new FakeClock();
    const turnstile = new Turnstile(clock);
    const failing = [
      turnstile.run(() => {
        throw new Error("thrown");
      }),
      turnstile.run(() => Promise.reject(new Error("rejected"))),
    ].map(failureOf);
    const next = turnstile.run(() => "next");
    await clock.run(0);
    expect(await Promise.all(failing)).toEqual(["thrown", "rejected"]);
    expect(await next).toBe("next");
  });

  test("shares work that has not begun, and only that: nobody gets what is older than their asking", async () => {
    const clock = new FakeClock();
    const turnstile = new Turnstile(clock);
    let value = 1;
    let asked = 0;
    const slow = Promise.withResolvers<void>();
    const work = async (): Promise<number> => {
      asked++;
      const now = value;
      await slow.promise;
      return now;
    };
    const early = [turnstile.share("a", work), turnstile.share("a", work)];
    const other = turnstile.share("b", () => -1);
    await clock.run(0);
    value = 2;
    const late = turnstile.share("a", work);
    await clock.run(0);
    slow.resolve();
    expect(await Promise.all([...early, late, other])).toEqual([1, 1, 2, -1]);
    expect(asked).toBe(2);
  });
});

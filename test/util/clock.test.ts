import { expect, test } from "bun:test";

import { systemClock } from "../../src/util/clock.ts";
import { FakeClock } from "../support/fakeclock.ts";

test("systemClock.now never goes back, and wallNow is the time of day", () => {
  const times = Array.from({ length: 1000 }, () => systemClock.now());
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  const [before, now, after] = [Date.now(), systemClock.wallNow(), Date.now()];
  expect([before, now, after].sort((a, b) => a - b)).toEqual([before, now, after]);
});

test("systemClock.after runs tasks once, in the order of their times, unless they are cancelled", async () => {
  const ran: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  systemClock.after(1, () => ran.push("cancelled"))();
  systemClock.after(5, () => ran.push("late"));
  systemClock.after(0, () => ran.push("early"));
  systemClock.after(10, resolve);
  await promise;
  expect(ran).toEqual(["early", "late"]);
});

test("systemClock.soon runs a task in a later turn, unless it is cancelled", async () => {
  const ran: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  systemClock.soon(() => ran.push("cancelled"))();
  systemClock.soon(() => ran.push("soon"));
  systemClock.soon(resolve);
  await Promise.resolve();
  expect(ran).toEqual([]);
  await promise;
  expect(ran).toEqual(["soon"]);
});

test("FakeClock runs timers in the order of their times, at their times, and those asked for first before others", () => {
  const clock = new FakeClock(5000);
  const ran: [string, number, number][] = [];
  const note = (name: string) => () => void ran.push([name, clock.now(), clock.wallNow()]);
  clock.after(20, note("c"));
  clock.after(10, () => {
    note("a")();
    clock.after(5, note("b"));
  });
  clock.after(20, note("d"));
  clock.after(10, note("never"))();
  clock.after(31, note("later"));
  clock.advance(30);
  expect(ran).toEqual([
    ["a", 10, 5010],
    ["b", 15, 5015],
    ["c", 20, 5020],
    ["d", 20, 5020],
  ]);
  expect([clock.now(), clock.timers]).toEqual([30, 1]);
  expect(clock.delays).toEqual([20, 10, 20, 10, 31, 5]);
});

test("FakeClock runs in one turn what waited for it, and what that adds in the next", () => {
  const clock = new FakeClock();
  const ran: string[] = [];
  let cancel = () => {};
  clock.soon(() => {
    ran.push("first");
    cancel();
    clock.soon(() => ran.push("next"));
  });
  cancel = clock.soon(() => ran.push("cancelled by the first"));
  clock.turn();
  expect(ran).toEqual(["first"]);
  clock.turn();
  expect(ran).toEqual(["first", "next"]);
  expect(clock.immediates).toBe(0);
});

test("FakeClock.run lets promises, turns and timers go on until the time is over", async () => {
  const clock = new FakeClock();
  const ran: string[] = [];
  const work = async () => {
    for (let i = 0; i < 3; i++) {
      await new Promise<void>((resolve) => clock.soon(resolve));
      await new Promise<void>((resolve) => clock.after(10, resolve));
      ran.push(`${i} at ${clock.now()}`);
    }
  };
  const done = work();
  await clock.run(25);
  expect(ran).toEqual(["0 at 10", "1 at 20"]);
  expect(clock.now()).toBe(25);
  await clock.run(5);
  await done;
  expect(ran).toHaveLength(3);
});

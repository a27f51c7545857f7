import { expect, test } from "bun:test";

import { startTimeline } from "../../src/trend/timeline.ts";
import { FakeClock } from "../support/fakeclock.ts";

const DAY_MS = 24 * 3_600_000;
const NOW = 1_767_225_600_000;

test("startTimeline begins at the time of day, and goes on with the clock that never jumps", () => {
  const clock = new FakeClock(NOW);
  const now = startTimeline(clock, undefined);
  expect(now()).toBe(NOW);
  clock.pass(1234);
  clock.setWall(0);
  expect(now()).toBe(NOW + 1234);
  clock.setWall(NOW * 2);
  expect(now()).toBe(NOW + 1234);
});

test("startTimeline goes on from the last point with what the time of day says has passed", () => {
  expect(startTimeline(new FakeClock(NOW + DAY_MS), NOW)()).toBe(NOW + DAY_MS);
});

test("startTimeline does not go back with a machine that boots in 1970, nor far ahead with one that boots in 2099", () => {
  const clock = new FakeClock(0);
  const now = startTimeline(clock, NOW);
  expect(now()).toBe(NOW);
  clock.pass(10_000);
  expect(now()).toBe(NOW + 10_000);
  expect(startTimeline(new FakeClock(NOW * 3), NOW)()).toBe(NOW + 30 * DAY_MS);
});

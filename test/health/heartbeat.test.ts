import { expect, test } from "bun:test";

import { Heartbeat } from "../../src/health/heartbeat.ts";
import { FakeClock } from "../support/fakeclock.ts";

const INTERVAL_MS = 1000;

/** A heartbeat on the timer of a clock, as the daemon has it. */
function beating(clock: FakeClock): Heartbeat {
  const heartbeat = new Heartbeat(INTERVAL_MS, clock.now());
  const beat = (): void => {
    heartbeat.beat(clock.now());
    clock.after(INTERVAL_MS, beat);
  };
  clock.after(INTERVAL_MS, beat);
  return heartbeat;
}

test("Heartbeat knows no stall while the timer beats, however long nothing else happens", () => {
  const clock = new FakeClock();
  const heartbeat = beating(clock);
  clock.advance(86_400_000);
  expect(heartbeat.stallSeconds(clock.now())).toBe(0);
});

test("Heartbeat tells how long the event loop stood still, for a minute after that", () => {
  const clock = new FakeClock();
  const heartbeat = beating(clock);
  clock.advance(10_000);
  clock.pass(12_500);
  clock.advance(0);
  expect(heartbeat.stallSeconds(clock.now())).toBe(11.5);
  clock.advance(2000);
  clock.pass(3000);
  clock.advance(0);
  expect(heartbeat.stallSeconds(clock.now())).toBe(11.5);
  clock.advance(54_000);
  expect(heartbeat.stallSeconds(clock.now())).toBe(11.5);
  clock.advance(1000);
  expect(heartbeat.stallSeconds(clock.now())).toBeLessThan(3);
  clock.advance(10_000);
  expect(heartbeat.stallSeconds(clock.now())).toBe(0);
});

test("Heartbeat tells of a stall that lasts to those who ask before the next beat", () => {
  const clock = new FakeClock();
  const heartbeat = beating(clock);
  clock.advance(5000);
  clock.pass(3000);
  expect(heartbeat.stallSeconds(clock.now())).toBe(2);
});

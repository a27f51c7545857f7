import { expect, test } from "bun:test";

import { growth } from "../../bench/growth.ts";

const HOUR = 3600;

/** A value each minute for two hours. */
function eachMinute(value: (minute: number) => number) {
  return Array.from({ length: 121 }, (_, minute) => ({ atSeconds: minute * 60, value: value(minute) }));
}

test("growth tells a steady growth per hour", () => {
  const row = growth(
    "RSS MiB",
    eachMinute((minute) => 100 + minute / 10),
  );
  expect(row).toMatchObject({ measure: "RSS MiB", verdict: "grows" });
  expect(row["per hour"]).toBeCloseTo(6, 9);
});

test("growth leaves out the first sixth, in which a program grows into its size", () => {
  // 101 samples are left, from minute 20 on; their thirds are the minutes 20 to 53 and 87 to 120.
  const row = growth(
    "RSS MiB",
    eachMinute((minute) => minute),
  );
  expect(row).toMatchObject({ first: 36.5, last: 103.5 });
});

test("growth does not take a value that goes up and down for growth", () => {
  const row = growth(
    "RSS MiB",
    eachMinute((minute) => (minute * 37) % 101),
  );
  expect(row["per hour"]).toBeGreaterThan(0);
  expect(row.verdict).toBe("not distinguishable from 0");
});

test("growth tells a fall", () => {
  expect(
    growth(
      "RSS MiB",
      eachMinute((minute) => 500 - minute),
    ).verdict,
  ).toBe("shrinks");
});

test("growth says nothing per hour of a run of minutes", () => {
  const samples = Array.from({ length: 100 }, (_, second) => ({ atSeconds: second * 5, value: second }));
  const { verdict, ...row } = growth("RSS MiB", samples);
  expect(verdict).toBe("too short to tell");
  expect(Object.keys(row)).toEqual(["measure", "first", "last"]);
});

test("growth says nothing per hour of a long run with few samples", () => {
  const samples = [0, 1, 2, 3].map((hour) => ({ atSeconds: hour * HOUR, value: hour }));
  expect(growth("RSS MiB", samples).verdict).toBe("too short to tell");
});

import { expect, test } from "bun:test";

import { formatConfidence, formatNumber, formatQuantity, formatSeconds, paceOf } from "../../src/trend/quantity.ts";

test("formatNumber keeps the digits that count", () => {
  expect([0, 12.345, 0.0012345, 98_765, -2.5, 3].map((value) => formatNumber(value))).toEqual([
    "0",
    "12.3",
    "0.00123",
    "98800",
    "-2.5",
    "3",
  ]);
  expect(formatNumber(1.96, 2)).toBe("2");
});

test("formatSeconds takes the largest unit of which there is one", () => {
  const texts = {
    "3.2 us": 3.2e-6,
    "0.5 us": 5e-7,
    "10 ms": 0.01,
    "1 ms": 0.0009999,
    "999 us": 0.000999,
    "1.5 s": 1.5,
    "59.9 s": 59.9,
    "1 min": 60,
    "5 h": 18_000,
    "2 d": 172_800,
    "-1.5 h": -5400,
    "0 s": 0,
  };
  for (const [text, seconds] of Object.entries(texts)) expect(formatSeconds(seconds)).toBe(text);
  expect(formatSeconds(3 * 3600 + 600, 2)).toBe("3.2 h");
});

test("formatQuantity has a time for seconds, and a number with its unit for the rest", () => {
  expect(formatQuantity(0.0032, "seconds")).toBe("3.2 ms");
  expect(formatQuantity(98.76, "points")).toBe("98.8 points");
  expect(formatQuantity(98.76, "points", 2)).toBe("99 points");
});

test("formatConfidence rounds down, for nothing is sure", () => {
  expect([0, 0.5, 0.979, 0.9899, 0.9919, 0.9989, 0.999, 1].map(formatConfidence)).toEqual([
    "0 % sure",
    "50 % sure",
    "97 % sure",
    "98 % sure",
    "99.1 % sure",
    "99.8 % sure",
    "over 99.9 % sure",
    "over 99.9 % sure",
  ]);
});

test("paceOf tells changes by the minute, the hour or the day, as long as they were seen", () => {
  expect([60, 599, 600, 86_400, 172_800].map((seconds) => paceOf(seconds).name)).toEqual([
    "minute",
    "minute",
    "hour",
    "hour",
    "day",
  ]);
  expect([1, 1000, 1e6].map((seconds) => paceOf(seconds).seconds)).toEqual([60, 3600, 86_400]);
});

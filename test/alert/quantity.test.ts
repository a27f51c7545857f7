import { expect, test } from "bun:test";

import { formatDuration, formatQuantity } from "../../src/alert/quantity.ts";

test("formatDuration has the unit that people would take, and three digits", () => {
  const texts = [0, 0.0000123, 0.000999, 0.001, 0.01234, 0.9999, 1, 31.21, 60, 90, 120, 300, 301, 3600, 5400];
  expect(texts.map(formatDuration)).toEqual([
    "0 s",
    "12.3 us",
    "999 us",
    "1 ms",
    "12.3 ms",
    "1000 ms",
    "1 s",
    "31.2 s",
    "60 s",
    "90 s",
    "2 min",
    "5 min",
    "301 s",
    "1 h",
    "1.5 h",
  ]);
});

test("formatQuantity has a value with its unit", () => {
  expect(formatQuantity(undefined, "percent")).toBe("no data");
  expect(formatQuantity(66.6667, "percent")).toBe("66.7 %");
  expect(formatQuantity(-2.5, "seconds")).toBe("-2.5 s");
  expect(formatQuantity(104_857_600, "bytes")).toBe("100 MiB");
  expect(formatQuantity(512, "bytes")).toBe("512 B");
  expect(formatQuantity(-1536, "bytes")).toBe("-1.5 KiB");
  expect(formatQuantity(49, "points")).toBe("49 points");
  expect(formatQuantity(12_345.6, "")).toBe("12346");
  expect(formatQuantity(0.6, "", true)).toBe("0.6/s");
  expect(formatQuantity(2_097_152, "bytes", true)).toBe("2 MiB/s");
});

import { expect, test } from "bun:test";

import { addCounts, countJunit, formatCounts, parseParityCounts } from "./checks.ts";

const suites = (attributes: string) =>
  `<?xml version="1.0"?>\n<testsuites name="bun test" ${attributes} time="0.1">\n</testsuites>`;

test("countJunit takes the totals of all files", () => {
  const report = suites('tests="9" assertions="40" failures="2" skipped="3"');
  expect(countJunit(report, 1)).toEqual({ passed: 4, failed: 2, skipped: 3 });
});

test("countJunit counts a run that failed without a failed test as one failure", () => {
  const report = suites('tests="9" assertions="40" failures="0" skipped="0"');
  expect(countJunit(report, 0)).toEqual({ passed: 9, failed: 0, skipped: 0 });
  expect(countJunit(report, 1)).toEqual({ passed: 9, failed: 1, skipped: 0 });
  expect(countJunit("", 139)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  expect(countJunit("", 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test("parseParityCounts reads the closing line only", () => {
  expect(parseParityCounts("21 passed, 1 failed")).toEqual({ passed: 21, failed: 1, skipped: 0 });
  expect(parseParityCounts("ok cold-1-port")).toBeUndefined();
});

test("formatCounts names skipped ones only when there are any", () => {
  expect(formatCounts({ passed: 5, failed: 0, skipped: 0 })).toBe("5 passed, 0 failed");
  const sum = addCounts({ passed: 5, failed: 0, skipped: 1 }, { passed: 1, failed: 2, skipped: 1 });
  expect(formatCounts(sum)).toBe("6 passed, 2 failed, 2 skipped");
});

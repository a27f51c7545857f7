import { describe, expect, test } from "bun:test";

import {
  formatLogLevel,
  fromLogTapeLevel,
  LOG_LEVELS,
  parseLogLevel,
  parseSonicLogLevel,
  priorityOf,
  toLogTapeLevel,
} from "../../src/log/level.ts";

describe("priorityOf", () => {
  test("gives the priorities of syslog.h", () => {
    expect(LOG_LEVELS.map((level) => [formatLogLevel(level), priorityOf(level)])).toEqual([
      ["EMERG", 0],
      ["ALERT", 1],
      ["CRIT", 2],
      ["ERROR", 3],
      ["WARN", 4],
      ["NOTICE", 5],
      ["INFO", 6],
      ["DEBUG", 7],
    ]);
  });
});

describe("toLogTapeLevel", () => {
  test("gives notice, info and debug a level of their own", () => {
    expect(LOG_LEVELS.slice(2).map(toLogTapeLevel)).toEqual(["fatal", "error", "warning", "info", "debug", "trace"]);
  });

  test("is undone by fromLogTapeLevel from crit on", () => {
    for (const level of LOG_LEVELS.slice(2)) expect(fromLogTapeLevel(toLogTapeLevel(level))).toBe(level);
  });
});

describe("parseLogLevel", () => {
  test("reads every level in any case and nothing else", () => {
    for (const level of LOG_LEVELS)
      expect([parseLogLevel(level), parseLogLevel(formatLogLevel(level))]).toEqual([level, level]);
    for (const text of ["", "warning", "notice ", "5", "constructor"]) expect(parseLogLevel(text)).toBeUndefined();
  });
});

describe("parseSonicLogLevel", () => {
  test("reads upper case only, as the C++ logger does", () => {
    expect(parseSonicLogLevel("NOTICE")).toBe("notice");
    expect(parseSonicLogLevel("notice")).toBeUndefined();
  });
});

import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import type { LogEntry } from "../../src/log/entry.ts";
import {
  formatJournal,
  formatJson,
  formatPlain,
  formatPretty,
  formatStream,
  formatSyslog,
  type LogSurroundings,
  parseLogOutput,
  resolveFormat,
} from "../../src/log/format.ts";
import { LOG_LEVELS, type LogLevel } from "../../src/log/level.ts";

const JULY_4 = new Date(2026, 6, 4, 1, 2, 3, 45).getTime();

function entry(level: LogLevel, name: unknown): LogEntry {
  return { level, category: "linksync", parts: ["port ", name, " is up"], properties: { name }, timestamp: JULY_4 };
}

const plain = entry("notice", "Ethernet0");
const hostile = entry("notice", "a\n<0>\x1b[2J\x9b\ud800");

describe("formatJournal", () => {
  test("starts each line with the syslog priority", () => {
    expect(formatJournal(plain)).toBe("<5>linksync: port Ethernet0 is up\n");
    expect(formatJournal(entry("emerg", 1))).toStartWith("<0>");
    expect(formatJournal(entry("debug", 1))).toStartWith("<7>");
  });
});

describe("formatSyslog", () => {
  test("writes the datagram of vsyslog, facility user, the day padded with a space", () => {
    expect(formatSyslog(plain)).toBe("<13>Jul  4 01:02:03 portsyncd: :- linksync: port Ethernet0 is up");
    const december = { ...entry("debug", 1), timestamp: new Date(2026, 11, 31, 23, 59, 59).getTime() };
    expect(formatSyslog(december)).toStartWith("<15>Dec 31 23:59:59 portsyncd: :- ");
  });
});

describe("formatSyslog and formatPretty", () => {
  test("give the local time", () => {
    const zone = process.env["TZ"];
    process.env["TZ"] = "Asia/Kolkata";
    try {
      const newYear = { ...plain, timestamp: Date.UTC(2026, 11, 31, 20, 0, 0) };
      expect(formatSyslog(newYear)).toStartWith("<13>Jan  1 01:30:00 ");
      expect(formatPretty(newYear, false)).toStartWith("01:30:00.000 ");
    } finally {
      if (zone === undefined) delete process.env["TZ"];
      else process.env["TZ"] = zone;
    }
  });
});

describe("formatStream", () => {
  test("pads the level on the left to six and puts nothing behind it, as the C++ logger", () => {
    expect(formatStream(plain)).toBe("NOTICE:- linksync: port Ethernet0 is up\n");
    expect(formatStream(entry("warn", 1))).toBe("  WARN:- linksync: port 1 is up\n");
  });
});

describe("formatPlain", () => {
  test("writes the level and the text", () => {
    expect(formatPlain(plain)).toBe("NOTICE :- linksync: port Ethernet0 is up\n");
  });
});

describe("formatPretty", () => {
  test("writes the time, the level and the message", () => {
    expect(formatPretty(plain, false)).toBe("01:02:03.045 NOTICE linksync: port Ethernet0 is up\n");
  });

  test("differs with colours by escape sequences only", () => {
    for (const level of LOG_LEVELS) {
      const colored = formatPretty(entry(level, "x"), true);
      expect(colored).toContain("\x1b[");
      expect(colored.replace(/\x1b\[[\d;]*m/g, "")).toBe(formatPretty(entry(level, "x"), false));
    }
  });
});

describe("formatJson", () => {
  test("writes one object with time, level, category, message and properties", () => {
    expect(JSON.parse(formatJson(plain))).toEqual({
      time: new Date(JULY_4).toISOString(),
      level: "notice",
      category: "linksync",
      message: "port Ethernet0 is up",
      properties: { name: "Ethernet0" },
    });
  });

  test("keeps hostile values whole", () => {
    expect(JSON.parse(formatJson(hostile)).properties.name).toBe("a\n<0>\x1b[2J\x9b\ud800");
  });

  test("writes big integers and errors, and leaves out properties that JSON cannot hold", () => {
    expect(JSON.parse(formatJson({ ...plain, properties: { n: 1n, e: new Error("x") } })).properties).toEqual({
      n: "1",
      e: "x",
    });
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    expect(JSON.parse(formatJson({ ...plain, properties: cycle }))).toMatchObject({ message: "port Ethernet0 is up" });
  });
});

describe("no format", () => {
  const formats: Readonly<Record<string, (entry: LogEntry) => string>> = {
    formatJournal,
    formatJson,
    formatPlain,
    formatStream,
    formatPretty: (entry) => formatPretty(entry, false),
    formatSyslog: (entry) => `${formatSyslog(entry)}\n`,
  };
  const values = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom(...'a \n\x1b\x7f\x80\x9b\u2028\u202e"\\', "\ud800") }),
  );
  for (const [name, format] of Object.entries(formats))
    test(`lets a value break its line or reach the terminal: ${name}`, () => {
      fc.assert(
        fc.property(values, (value) => {
          const line = format(entry("notice", value));
          expect(line.endsWith("\n")).toBe(true);
          expect(line.slice(0, -1)).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]/);
          expect(line.isWellFormed()).toBe(true);
        }),
        { numRuns: 500 },
      );
    });
});

describe("resolveFormat", () => {
  const nothing: LogSurroundings = { env: {}, stderrIsTty: false, stderrInode: "1:2", hasSyslog: false };
  const journal = { JOURNAL_STREAM: "1:2" };
  for (const [name, surroundings, expected] of [
    ["plain where nothing is known", nothing, "plain"],
    ["syslog where its socket is", { ...nothing, hasSyslog: true }, "syslog"],
    ["pretty on a terminal", { ...nothing, stderrIsTty: true, hasSyslog: true }, "pretty"],
    ["journal where stderr is the journal's", { ...nothing, env: journal, hasSyslog: true }, "journal"],
    ["no journal where stderr was redirected", { ...nothing, env: journal, stderrInode: "1:3" }, "plain"],
    ["journal where stderr cannot be compared", { ...nothing, env: journal, stderrInode: undefined }, "journal"],
  ] as const)
    test(`takes for auto ${name}`, () => {
      expect(resolveFormat("auto", surroundings)).toBe(expected);
    });

  test("keeps a format that was asked for", () => {
    expect(resolveFormat("json", { ...nothing, env: journal, stderrIsTty: true })).toBe("json");
  });
});

describe("parseLogOutput", () => {
  test("reads the three outputs in upper case only", () => {
    expect(["SYSLOG", "STDOUT", "STDERR", "stderr", ""].map(parseLogOutput)).toEqual([
      "SYSLOG",
      "STDOUT",
      "STDERR",
      undefined,
      undefined,
    ]);
  });
});

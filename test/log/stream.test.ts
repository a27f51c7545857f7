import { describe, expect, test } from "bun:test";
import { closeSync, fstatSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openLogStream } from "../../src/log/stream.ts";

describe("openLogStream", () => {
  test("writes each line before it returns, and knows its inode in the form of JOURNAL_STREAM", () => {
    const path = join(tmpdir(), `portsyncd-log-${process.pid}`);
    const fd = openSync(path, "w");
    try {
      const stream = openLogStream(fd);
      expect(stream.write("é 1\n")).toBe(true);
      expect(readFileSync(path, "utf8")).toBe("é 1\n");
      const { dev, ino } = fstatSync(fd);
      expect([stream.isTty, stream.inode]).toEqual([false, `${dev}:${ino}`]);
    } finally {
      closeSync(fd);
      rmSync(path);
    }
  });

  test("says so when a line cannot be written, and does not throw", () => {
    const fd = openSync("/dev/full", "w");
    try {
      expect(openLogStream(fd).write("x\n")).toBe(false);
    } finally {
      closeSync(fd);
    }
    // No process has so many descriptors open.
    const closed = openLogStream(1_000_000);
    expect([closed.write("x\n"), closed.inode, closed.isTty]).toEqual([false, undefined, false]);
  });
});

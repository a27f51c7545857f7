import { describe, expect, test } from "bun:test";
import { closeSync, fstatSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
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

  test("does not wait for a reader that stands still, and begins a new line after a torn one", () => {
    const path = join(tmpdir(), `portsyncd-fifo-${process.pid}`);
    Bun.spawnSync(["mkfifo", path]);
    const fd = openSync(path, "r+"); // both ends, blocking
    try {
      const stream = openLogStream(fd);
      const line = `${"x".repeat(5999)}\n`;
      let written = 0;
      while (stream.write(line)) written++;
      expect(written).toBeGreaterThan(5); // a pipe holds 64 KiB
      expect(stream.write("lost\n")).toBe(false);
      const room = Buffer.alloc(65_536);
      const held = readSync(fd, room);
      expect(stream.write("after\n")).toBe(true);
      const torn = held % line.length !== 0;
      expect(room.toString("utf8", 0, readSync(fd, room))).toBe(torn ? "\nafter\n" : "after\n");
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

import { fstatSync, writeSync } from "node:fs";
import { isatty } from "node:tty";

import { canWrite } from "../../ffi/libc.ts";

/** Where lines of text go, and what is known of it. */
export interface LogStream {
  /** Writes whole lines at once; false when they could not be written. */
  readonly write: (text: string) => boolean;
  readonly isTty: boolean;
  /** `device:inode`, the form of JOURNAL_STREAM; undefined where fstat failed. */
  readonly inode: string | undefined;
}

/** What poll(2) promises room for when it says that a pipe can be written (PIPE_BUF of linux/limits.h), in bytes. */
const PIECE_BYTES = 4096;

/**
 * A log stream on an open file descriptor: synchronous, so that the last line before a crash is not lost, and without
 * waiting: a reader that stands still or has gone costs lines, never the daemon.
 */
export function openLogStream(fd: number): LogStream {
  let isTorn = false;
  const write = (text: string): boolean => {
    const bytes = Buffer.from(isTorn ? `\n${text}` : text);
    const written = writeReady(fd, bytes);
    if (written > 0) isTorn = written < bytes.length;
    return written === bytes.length;
  };
  return { write, isTty: isatty(fd), inode: inodeOf(fd) };
}

/** Writes as much as goes without waiting; returns the number of bytes. */
function writeReady(fd: number, bytes: Uint8Array): number {
  let offset = 0;
  try {
    while (offset < bytes.length && canWrite(fd)) {
      offset += writeSync(fd, bytes, offset, Math.min(PIECE_BYTES, bytes.length - offset));
    }
  } catch {
    // The reader has gone, or the disk is full.
  }
  return offset;
}

function inodeOf(fd: number): string | undefined {
  try {
    const stat = fstatSync(fd, { bigint: true });
    return `${stat.dev}:${stat.ino}`;
  } catch {
    return undefined;
  }
}

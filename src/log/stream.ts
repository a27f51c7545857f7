import { fstatSync, writeSync } from "node:fs";
import { isatty } from "node:tty";

/** Where lines of text go, and what is known of it. */
export interface LogStream {
  /** Writes whole lines at once; false when they could not be written. */
  readonly write: (text: string) => boolean;
  readonly isTty: boolean;
  /** `device:inode`, the form of JOURNAL_STREAM; undefined where fstat failed. */
  readonly inode: string | undefined;
}

/** A log stream on an open file descriptor: synchronous, so that the last line before a crash is not lost. */
export function openLogStream(fd: number): LogStream {
  return { write: (text) => writeAll(fd, Buffer.from(text)), isTty: isatty(fd), inode: inodeOf(fd) };
}

function writeAll(fd: number, bytes: Uint8Array): boolean {
  try {
    let offset = 0;
    while (offset < bytes.length) offset += writeSync(fd, bytes, offset);
    return true;
  } catch {
    // A full pipe or a reader that has gone must neither stop the daemon nor make it wait.
    return false;
  }
}

function inodeOf(fd: number): string | undefined {
  try {
    const stat = fstatSync(fd, { bigint: true });
    return `${stat.dev}:${stat.ino}`;
  } catch {
    return undefined;
  }
}

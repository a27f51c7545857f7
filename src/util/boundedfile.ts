import { O_NONBLOCK, O_RDONLY } from "node:constants";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** The bytes of a regular file, or in words what forbids to read it. Never waits for a writer. Throws what opening throws. */
export function readBounded(path: string, mostBytes: number): Uint8Array | string {
  // Without O_NONBLOCK, opening a FIFO would wait for its writer.
  const fd = openSync(path, O_RDONLY | O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) return "is a directory, a file is needed";
    // A FIFO without a writer would read as an empty file; /dev/null is one on purpose.
    if (!stat.isFile() && !stat.isCharacterDevice()) return "is not a regular file";
    const bytes = new Uint8Array(mostBytes + 1);
    let length = 0;
    for (let count = -1; count !== 0 && length < bytes.length; length += count)
      count = readSync(fd, bytes, length, bytes.length - length, null);
    if (length > mostBytes) return `is larger than ${mostBytes} bytes, the most that is read`;
    return bytes.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

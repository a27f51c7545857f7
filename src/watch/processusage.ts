import { readdirSync, readFileSync } from "node:fs";

/** What the system says of this process; undefined where it does not. */
export const processUsage = {
  /** CPU time, in user mode and in the kernel. */
  cpuSeconds(): number {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },

  /** Resident memory. */
  residentBytes(): number {
    return process.memoryUsage.rss();
  },

  /** Open file descriptors, without the one that looks. */
  openFiles(): number | undefined {
    return orUndefined(() => readdirSync("/proc/self/fd").length - 1);
  },

  /** How many there may be. */
  mostFiles(): number | undefined {
    const limit = orUndefined(() => /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1]);
    return limit === undefined ? undefined : Number(limit);
  },

  /** When it was started, in seconds since 1970. */
  startSeconds(): number {
    return performance.timeOrigin / 1000;
  },
} as const;

/** There is no /proc but on Linux. */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

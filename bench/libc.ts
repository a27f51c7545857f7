import { dlopen } from "bun:ffi";

import { pollfd } from "../ffi/sys/poll.ts";

// What only the benches need of libc; the rest is in ffi/libc.ts.
const { symbols: c } = dlopen("libc.so.6", {
  clock_gettime: { args: ["i32", "buffer"], returns: "i32" },
  poll: { args: ["buffer", "u64", "i32"], returns: "i32" },
});

const POLLIN = 0x1;
const CLOCK_MONOTONIC = 1;
/** CPUCLOCK_SCHED of the kernel's posix-timers.h: to the nanosecond, threads that have ended included. */
const CPUCLOCK_SCHED = 2;

/** `struct timespec`, whose seconds and nanoseconds all fit in the lower halves of their words. */
const timespec = new Uint32Array(4);

function readClock(clock: number): number | undefined {
  if (c.clock_gettime(clock, timespec) !== 0) return undefined;
  return timespec[0]! * 1000 + timespec[2]! / 1e6;
}

/** CLOCK_MONOTONIC in milliseconds: unlike performance.now(), the same in all processes. */
export function monotonicMs(): number {
  return readClock(CLOCK_MONOTONIC)!;
}

/** The CPU time of a process so far, in milliseconds (clock_getcpuclockid(3)). Throws when there is no such process. */
export function processCpuMs(pid: number): number {
  const ms = readClock((~pid << 3) | CPUCLOCK_SCHED);
  if (ms === undefined) throw new Error(`process ${pid} has ended`);
  return ms;
}

const pollRequest = new DataView(new ArrayBuffer(pollfd.size));

/** Blocks this thread until there is something to read, for `ms` at most; false when there is not. */
export function waitReadable(fd: number, ms: number): boolean {
  pollRequest.setInt32(pollfd.offset.fd, fd, true);
  pollRequest.setInt16(pollfd.offset.events, POLLIN, true);
  return c.poll(pollRequest, 1, ms) > 0;
}

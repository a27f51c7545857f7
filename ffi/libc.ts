import { dlopen, type Pointer, read } from "bun:ffi";

import { errno, errnoName } from "./errno.ts";
import { pollfd, POLLOUT } from "./sys/poll.ts";
import { mmsghdr, MSG_DONTWAIT } from "./sys/socket.ts";

/** A libc call that failed: which one, the error number and its symbol. */
export class SystemError extends Error {
  override readonly name = "SystemError";
  /** The symbol of the error number, such as `EACCES`. */
  readonly code: string;

  constructor(
    readonly syscall: string,
    readonly errno: number,
    detail = "",
  ) {
    const code = errnoName(errno);
    super(`${syscall}${detail && ` ${detail}`}: ${code}`);
    this.code = code;
  }
}

// ssize_t is read as int: no datagram is near 2 GiB, and a BigInt for each call would cost more than the call.
const symbols = {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  socketpair: { args: ["i32", "i32", "i32", "buffer"], returns: "i32" },
  bind: { args: ["i32", "buffer", "u32"], returns: "i32" },
  connect: { args: ["i32", "buffer", "u32"], returns: "i32" },
  getsockname: { args: ["i32", "buffer", "buffer"], returns: "i32" },
  setsockopt: { args: ["i32", "i32", "i32", "buffer", "u32"], returns: "i32" },
  getsockopt: { args: ["i32", "i32", "i32", "buffer", "buffer"], returns: "i32" },
  send: { args: ["i32", "buffer", "u64", "i32"], returns: "i32" },
  sendto: { args: ["i32", "buffer", "u64", "i32", "buffer", "u32"], returns: "i32" },
  recv: { args: ["i32", "buffer", "u64", "i32"], returns: "i32" },
  recvfrom: { args: ["i32", "buffer", "u64", "i32", "buffer", "buffer"], returns: "i32" },
  poll: { args: ["buffer", "u64", "i32"], returns: "i32" },
  recvmmsg: { args: ["i32", "buffer", "u32", "i32", "ptr"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  open: { args: ["cstring", "i32"], returns: "i32" },
  setns: { args: ["i32", "i32"], returns: "i32" },
  getpriority: { args: ["i32", "u32"], returns: "i32" },
  setpriority: { args: ["i32", "u32", "i32"], returns: "i32" },
  clock_gettime: { args: ["i32", "buffer"], returns: "i32" },
  __errno_location: { args: [], returns: "ptr" },
} as const;

let loaded: ReturnType<typeof load> | undefined;

function load() {
  if (process.platform !== "linux") throw new Error(`rtnetlink needs Linux; this is ${process.platform}`);
  const { symbols: c } = dlopen("libc.so.6", symbols);
  return { c, errnoAt: c.__errno_location() as Pointer };
}

/** libc is loaded with its first use, so that sources without a kernel work where there is no libc.so.6. */
function libc() {
  loaded ??= load();
  return loaded;
}

function check(result: number, syscall: string, detail?: string): number {
  if (result < 0) throw new SystemError(syscall, read.i32(libc().errnoAt, 0), detail);
  return result;
}

/** socket(2); throws SystemError. */
export function socket(domain: number, type: number, protocol: number): number {
  return check(libc().c.socket(domain, type, protocol), "socket");
}

/** socketpair(2): both ends; throws SystemError. */
export function socketpair(domain: number, type: number, protocol: number): [number, number] {
  const ends = new Int32Array(2);
  check(libc().c.socketpair(domain, type, protocol, ends), "socketpair");
  return [ends[0]!, ends[1]!];
}

/** bind(2); throws SystemError. */
export function bind(fd: number, address: Uint8Array): void {
  check(libc().c.bind(fd, address, address.length), "bind");
}

/** connect(2); throws SystemError. */
export function connect(fd: number, address: Uint8Array): void {
  check(libc().c.connect(fd, address, address.length), "connect");
}

/** getsockname(2): the address in at most `size` bytes; throws SystemError. */
export function getsockname(fd: number, size: number): Uint8Array {
  const address = new Uint8Array(size);
  const length = new Uint32Array([size]);
  check(libc().c.getsockname(fd, address, length), "getsockname");
  return address.subarray(0, length[0]);
}

/** setsockopt(2) with an int; throws SystemError. */
export function setsockopt(fd: number, level: number, option: number, value: number): void {
  check(libc().c.setsockopt(fd, level, option, new Int32Array([value]), 4), "setsockopt", `${level} ${option}`);
}

/** getsockopt(2) of an int; throws SystemError. */
export function getsockopt(fd: number, level: number, option: number): number {
  const value = new Int32Array(1);
  check(libc().c.getsockopt(fd, level, option, value, new Uint32Array([4])), "getsockopt", `${level} ${option}`);
  return value[0]!;
}

/** send(2): the number of bytes taken; throws SystemError. */
export function send(fd: number, data: Uint8Array, flags: number): number {
  return check(libc().c.send(fd, data, data.length, flags), "send");
}

/** sendto(2): the number of bytes taken; throws SystemError. */
export function sendto(fd: number, data: Uint8Array, flags: number, address: Uint8Array): number {
  return check(libc().c.sendto(fd, data, data.length, flags, address, address.length), "sendto");
}

/** recv(2) without exceptions, for hot paths: the length, or the error number negated. EINTR is tried again. */
export function recv(fd: number, into: Uint8Array, flags: number): number {
  const { c, errnoAt } = libc();
  for (;;) {
    const length = c.recv(fd, into, into.length, flags);
    if (length >= 0) return length;
    const error = read.i32(errnoAt, 0);
    if (error !== errno.EINTR) return -error;
  }
}

/** recvfrom(2) without exceptions, for hot paths: as recv; `address` receives the sender and `addressLength[0]` its length. */
export function recvfrom(
  fd: number,
  into: Uint8Array,
  flags: number,
  address: Uint8Array,
  addressLength: Uint32Array,
): number {
  const { c, errnoAt } = libc();
  for (;;) {
    addressLength[0] = address.length;
    const length = c.recvfrom(fd, into, into.length, flags, address, addressLength);
    if (length >= 0) return length;
    const error = read.i32(errnoAt, 0);
    if (error !== errno.EINTR) return -error;
  }
}

/** Datagrams that one recvmmsg(2) takes away. */
const DISCARDED_AT_ONCE = 64;
/** `struct mmsghdr` of that many, all zero: without room for an address or content. */
const noRoom = new Uint8Array(DISCARDED_AT_ONCE * mmsghdr.size);

/** Takes away all datagrams that are queued, whatever they hold; stops at any error. */
export function discardAll(fd: number): void {
  while (libc().c.recvmmsg(fd, noRoom, DISCARDED_AT_ONCE, MSG_DONTWAIT, null) === DISCARDED_AT_ONCE);
}

const pollRequest = new DataView(new ArrayBuffer(pollfd.size));

/** True when a write of at most PIPE_BUF bytes would not wait, as poll(2) says it; and where it cannot tell. */
export function canWrite(fd: number): boolean {
  if (process.platform !== "linux") return true;
  pollRequest.setInt32(pollfd.offset.fd, fd, true);
  pollRequest.setInt16(pollfd.offset.events, POLLOUT, true);
  return libc().c.poll(pollRequest, 1, 0) !== 0;
}

/** close(2); errors are of no use to the caller and are dropped. */
export function close(fd: number): void {
  libc().c.close(fd);
}

const O_RDONLY = 0;
const O_CLOEXEC = 0x80000;
const CLONE_NEWNET = 0x40000000;

/** setns(2): moves the calling thread into the network namespace behind `path`; sockets made before stay where they are. Throws SystemError. */
export function enterNetworkNamespace(path: string): void {
  const fd = check(libc().c.open(path, O_RDONLY | O_CLOEXEC), "open", path);
  try {
    check(libc().c.setns(fd, CLONE_NEWNET), "setns", path);
  } finally {
    close(fd);
  }
}

const PRIO_PROCESS = 0;
const THIS_THREAD = 0;

/** setpriority(2): makes the calling thread, which alone it means on Linux, give way to others by so many steps more. Throws SystemError. */
export function addNice(steps: number): void {
  const nice = libc().c.getpriority(PRIO_PROCESS, THIS_THREAD); // of itself it cannot fail
  check(libc().c.setpriority(PRIO_PROCESS, THIS_THREAD, nice + steps), "setpriority");
}

const CLOCK_MONOTONIC = 1;
const timespec = new BigInt64Array(2);

/** clock_gettime(CLOCK_MONOTONIC) in microseconds, the clock systemd means by MONOTONIC_USEC. */
export function monotonicMicroseconds(): bigint {
  check(libc().c.clock_gettime(CLOCK_MONOTONIC, timespec), "clock_gettime");
  return timespec[0]! * 1_000_000n + timespec[1]! / 1000n;
}

import { expect, test } from "bun:test";
import { readdirSync, readlinkSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { errno } from "../../ffi/errno.ts";
import * as libc from "../../ffi/libc.ts";
import {
  AF_NETLINK,
  AF_UNIX,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  MSG_TRUNC,
  SO_RCVBUF,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../ffi/sys/socket.ts";
import { encodeSockaddrUn } from "../../ffi/sys/un.ts";
import { runChild } from "../support/child.ts";
import { Links } from "../support/links.ts";
import { canUseNamespaces, Namespace } from "../support/namespace.ts";
import { all, needsCommands, needsRoot, type Requirement } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";

const onLinux: Requirement = process.platform === "linux" ? { ok: true } : { ok: false, reason: "needs Linux" };
type Bytes = Uint8Array<ArrayBuffer>;

const NO_FD = -1;
const SO_SNDBUF = 7;

function bytes(text: string): Bytes {
  return new TextEncoder().encode(text);
}

/** Runs `body` with both ends of a socket pair, and closes them. */
function withPair(type: number, body: (a: number, b: number) => void): void {
  const [a, b] = libc.socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  try {
    body(a, b);
  } finally {
    libc.close(a);
    libc.close(b);
  }
}

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

function openFds(): number {
  return readdirSync("/proc/self/fd").length;
}

/** A name in the abstract namespace that nobody else has. */
function abstractName(): string {
  return `@portsyncd-test-${crypto.randomUUID()}`;
}

test("SystemError names the call, the number and its symbol", () => {
  const error = new libc.SystemError("setns", errno.EPERM, "/x");
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: "SystemError", syscall: "setns", errno: 1, code: "EPERM" });
  expect(error.message).toBe("setns /x: EPERM");
  expect(new libc.SystemError("bind", 133)).toMatchObject({ code: "errno 133", message: "bind: errno 133" });
});

const refusals: readonly (readonly [name: string, call: () => unknown, syscall: string, code: string])[] = [
  ["socket", () => libc.socket(AF_NETLINK, 99, 0), "socket", "EINVAL"],
  ["socketpair", () => libc.socketpair(AF_NETLINK, SOCK_DGRAM, 0), "socketpair", "EOPNOTSUPP"],
  ["bind", () => libc.bind(NO_FD, encodeSockaddrUn("@a")), "bind", "EBADF"],
  ["connect", () => libc.connect(NO_FD, encodeSockaddrUn("@a")), "connect", "EBADF"],
  ["getsockname", () => libc.getsockname(NO_FD, 16), "getsockname", "EBADF"],
  ["setsockopt", () => libc.setsockopt(NO_FD, SOL_SOCKET, SO_RCVBUF, 1), "setsockopt", "EBADF"],
  ["getsockopt", () => libc.getsockopt(NO_FD, SOL_SOCKET, SO_RCVBUF), "getsockopt", "EBADF"],
  ["send", () => libc.send(NO_FD, bytes("x"), 0), "send", "EBADF"],
  ["sendto", () => libc.sendto(NO_FD, bytes("x"), 0, encodeSockaddrUn("@a")), "sendto", "EBADF"],
  ["enterNetworkNamespace", () => libc.enterNetworkNamespace("/proc/none"), "open", "ENOENT"],
];

for (const [name, call, syscall, code] of refusals) {
  testWith(onLinux, `${name} throws a SystemError with the call's name and error number`, () => {
    const error = thrownBy(call);
    expect(error).toBeInstanceOf(libc.SystemError);
    expect(error).toMatchObject({ syscall, code });
  });
}

testWith(onLinux, "socketpair gives two ends that keep the borders of datagrams, with send and recv", () => {
  withPair(SOCK_SEQPACKET, (a, b) => {
    expect(libc.send(a, bytes("first"), 0)).toBe(5);
    expect(libc.send(a, bytes("second"), 0)).toBe(6);
    const into = new Uint8Array(16);
    expect(libc.recv(b, into, 0)).toBe(5);
    expect(into.subarray(0, 5)).toEqual(bytes("first"));
    expect(libc.recv(b, into, 0)).toBe(6);
    expect(into.subarray(0, 6)).toEqual(bytes("second"));
  });
});

testWith(onLinux, "recv gives the error number negated, EAGAIN when nothing is queued, and 0 at the end", () => {
  withPair(SOCK_SEQPACKET, (a, b) => {
    const into = new Uint8Array(1);
    expect(libc.recv(b, into, MSG_DONTWAIT)).toBe(-errno.EAGAIN);
    libc.close(a);
    expect(libc.recv(b, into, MSG_DONTWAIT)).toBe(0);
    expect(libc.recv(a, into, MSG_DONTWAIT)).toBe(-errno.EBADF);
    expect(libc.recv(NO_FD, into, 0)).toBe(-errno.EBADF);
    expect(libc.recvfrom(NO_FD, into, 0, new Uint8Array(2), new Uint32Array(1))).toBe(-errno.EBADF);
  });
});

testWith(
  onLinux,
  "recv gives the whole length of a datagram that is cut off with MSG_TRUNC, and writes no further",
  () => {
    withPair(SOCK_SEQPACKET, (a, b) => {
      const memory = new Uint8Array(8).fill(0xee);
      libc.send(a, bytes("0123456789"), 0);
      expect(libc.recv(b, memory.subarray(0, 4), MSG_TRUNC)).toBe(10);
      expect(memory).toEqual(Uint8Array.from([...bytes("0123"), 0xee, 0xee, 0xee, 0xee]));
      libc.send(a, bytes("0123456789"), 0);
      expect(libc.recv(b, memory.subarray(0, 4), 0)).toBe(4);
      expect(libc.recv(b, memory, MSG_DONTWAIT)).toBe(-errno.EAGAIN);
    });
  },
);

testWith(onLinux, "recv and send take a part of a buffer where it lies", () => {
  withPair(SOCK_SEQPACKET, (a, b) => {
    const memory = bytes("0123456789");
    libc.send(a, memory.subarray(3, 6), 0);
    expect(libc.recv(b, memory.subarray(7, 9), MSG_TRUNC)).toBe(3);
    expect(memory).toEqual(bytes("0123456349"));
  });
});

testWith(onLinux, "bind, getsockname, sendto and recvfrom speak of the same address", () => {
  const [here, there] = [0, 1].map(() => Uint8Array.from(encodeSockaddrUn(abstractName()))) as [Bytes, Bytes];
  const [a, b] = [0, 1].map(() => libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) as [number, number];
  try {
    libc.bind(a, here);
    libc.bind(b, there);
    expect(libc.getsockname(a, 110)).toEqual(here);
    expect(libc.getsockname(a, 4)).toEqual(here.subarray(0, 4));
    expect(libc.sendto(a, bytes("hello"), MSG_NOSIGNAL, there)).toBe(5);
    const [into, sender, length] = [new Uint8Array(9), new Uint8Array(110), new Uint32Array(1)];
    expect(libc.recvfrom(b, into, 0, sender, length)).toBe(5);
    expect(sender.subarray(0, length[0])).toEqual(here);
    expect(libc.recvfrom(b, into, MSG_DONTWAIT, sender, length)).toBe(-errno.EAGAIN);
  } finally {
    libc.close(a);
    libc.close(b);
  }
});

testWith(onLinux, "connect makes send go to the address, and refuses one that nobody has", () => {
  const address = encodeSockaddrUn(abstractName());
  const [a, b] = [0, 1].map(() => libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) as [number, number];
  try {
    expect(thrownBy(() => libc.connect(a, address))).toMatchObject({ syscall: "connect", code: "ECONNREFUSED" });
    libc.bind(b, address);
    libc.connect(a, address);
    expect(libc.send(a, bytes("x"), 0)).toBe(1);
    expect(libc.recv(b, new Uint8Array(9), 0)).toBe(1);
  } finally {
    libc.close(a);
    libc.close(b);
  }
});

testWith(onLinux, "setsockopt sets what getsockopt reads: the kernel doubles SO_RCVBUF", () => {
  withPair(SOCK_STREAM, (a) => {
    libc.setsockopt(a, SOL_SOCKET, SO_RCVBUF, 50_000);
    expect(libc.getsockopt(a, SOL_SOCKET, SO_RCVBUF)).toBe(100_000);
    const error = thrownBy(() => libc.setsockopt(a, SOL_SOCKET, 9999, 1));
    expect(error).toMatchObject({ message: "setsockopt 1 9999: errno 92" });
  });
});

testWith(onLinux, "discardAll takes away everything that is queued, also more than one call takes", () => {
  withPair(SOCK_SEQPACKET, (a, b) => {
    libc.setsockopt(a, SOL_SOCKET, SO_SNDBUF, 4_000_000); // so that all of them fit
    for (let i = 0; i < 200; i++) libc.send(a, bytes(`datagram ${i}`), 0);
    libc.discardAll(b);
    expect(libc.recv(b, new Uint8Array(16), MSG_DONTWAIT)).toBe(-errno.EAGAIN);
    libc.send(a, bytes("next"), 0);
    expect(libc.recv(b, new Uint8Array(16), MSG_DONTWAIT)).toBe(4);
  });
});

testWith(onLinux, "discardAll takes nothing from an empty or a closed socket", () => {
  withPair(SOCK_SEQPACKET, (a, b) => {
    libc.discardAll(b);
    libc.send(a, bytes("x"), 0);
    libc.discardAll(NO_FD);
    expect(libc.recv(b, new Uint8Array(16), MSG_DONTWAIT)).toBe(1);
  });
});

testWith(onLinux, "close gives the file descriptor back, and says nothing of one that is not open", () => {
  const before = openFds();
  for (let i = 0; i < 100; i++) withPair(SOCK_STREAM, () => {});
  libc.close(NO_FD);
  expect(openFds()).toBe(before);
});

const able = all(onLinux, canUseNamespaces());
const MODULES = JSON.stringify(join(import.meta.dir, "../.."));
const ENTERS = `
const { enterNetworkNamespace } = await import(${MODULES} + "/ffi/libc.ts");
const { LinkSocket } = await import(${MODULES} + "/test/support/linksocket.ts");
const { readlinkSync } = await import("node:fs");
const before = new LinkSocket();
enterNetworkNamespace(process.env.NETWORK);
const after = new LinkSocket();
const names = (socket) => [...socket.dump().keys()].sort();
console.log(JSON.stringify([readlinkSync("/proc/thread-self/ns/net"), names(before), names(after)]));`;

async function enterFromChild(home: Namespace, path: string): Promise<unknown> {
  return JSON.parse(await home.run([process.execPath, "-e", ENTERS], { env: { NETWORK: path } }));
}

// A network of another process can be entered by those who have CAP_SYS_ADMIN over both.
testWith(
  all(able, needsRoot()),
  "enterNetworkNamespace moves the thread, and leaves sockets that exist where they are",
  async () => {
    await using home = await Namespace.open();
    await using other = await Namespace.open();
    await using dir = new TempDir();
    await new Links(home).add(["Ethernet0"]);
    await new Links(other).add(["Ethernet4"]);
    const network = readlinkSync(other.path);
    const expected = [network, ["Ethernet0", "lo", "p0"], ["Ethernet4", "lo", "p4"]];
    expect(await enterFromChild(home, other.path)).toEqual(expected);
    symlinkSync(other.path, dir.file("asic0"));
    expect(await enterFromChild(home, dir.file("asic0"))).toEqual(expected);
  },
);

testWith(onLinux, "enterNetworkNamespace refuses what is no network namespace, and closes it", () => {
  const before = openFds();
  const error = thrownBy(() => libc.enterNetworkNamespace("/proc/self/ns/uts"));
  expect(error).toMatchObject({ syscall: "setns", code: "EINVAL" });
  expect((error as Error).message).toBe("setns /proc/self/ns/uts: EINVAL");
  expect(openFds()).toBe(before);
});

testWith(
  all(onLinux, needsCommands("python3")),
  "monotonicMicroseconds is CLOCK_MONOTONIC, as other processes read it",
  async () => {
    const before = libc.monotonicMicroseconds();
    const print = "import time; print(time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)";
    const there = BigInt((await runChild(["python3", "-c", print])).trim());
    const after = libc.monotonicMicroseconds();
    expect([before, there, after].sort((a, b) => Number(a - b))).toEqual([before, there, after]);
  },
);

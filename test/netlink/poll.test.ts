import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { close, recv, send, socketpair, SystemError } from "../../ffi/libc.ts";
import {
  AF_UNIX,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
} from "../../ffi/sys/socket.ts";
import { adopt } from "../../src/netlink/poll.ts";
import { spawnChild } from "../support/child.ts";
import { waitUntil, within } from "../support/deadline.ts";
import type { Requirement } from "../support/requirement.ts";
import { testWith } from "../support/testwith.ts";

const onLinux: Requirement = process.platform === "linux" ? { ok: true } : { ok: false, reason: "needs Linux" };

function pair(): [number, number] {
  return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

function isOpen(fd: number): boolean {
  return existsSync(`/proc/self/fd/${fd}`);
}

/** Counts calls of `ring` and lets a test wait for one of them. */
class Bell {
  rings = 0;
  readonly ring = (): void => {
    this.rings++;
  };

  async waitFor(rings: number): Promise<void> {
    await waitUntil(`ring ${rings}`, () => this.rings >= rings, { seen: () => this.rings });
  }
}

testWith(onLinux, "adopt rings once for each datagram, as long as Bun.connect takes a file descriptor", async () => {
  const [far, near] = pair();
  const bell = new Bell();
  using adopted = adopt(near, bell.ring);
  for (let i = 1; i <= 3; i++) {
    send(far, new Uint8Array(i), 0);
    await bell.waitFor(i);
  }
  for (let i = 0; i < 5; i++) send(far, new Uint8Array(9), 0);
  await bell.waitFor(8);
  expect(bell.rings).toBe(8);
  expect(adopted).toBeDefined();
  close(far);
});

testWith(onLinux, "adopt takes the datagrams away, so that the sender never finds the queue full", async () => {
  const [far, near] = pair();
  const bell = new Bell();
  using adopted = adopt(near, bell.ring);
  send(far, new Uint8Array(1000), 0);
  await bell.waitFor(1);
  expect(recv(near, new Uint8Array(1000), MSG_DONTWAIT)).toBe(-11);
  expect(adopted).toBeDefined();
  close(far);
});

for (const [when, settle] of [
  ["at once", undefined],
  ["later", () => new Promise((resolve) => setImmediate(resolve))],
] as const) {
  testWith(onLinux, `adopt closes the file descriptor when it is disposed of ${when}, and rings no more`, async () => {
    const [far, near] = pair();
    const bell = new Bell();
    const adopted = adopt(near, bell.ring);
    if (settle) await settle();
    adopted[Symbol.dispose]();
    await waitUntil("close", () => !isOpen(near));
    const refused = () => send(far, new Uint8Array(1), MSG_NOSIGNAL);
    expect(refused).toThrow(SystemError);
    expect(bell.rings).toBe(0);
    close(far);
  });
}

testWith(onLinux, "adopt ends the process when Bun closes the file descriptor by itself", async () => {
  const program = `
    const { adopt } = await import(${JSON.stringify(join(import.meta.dir, "../../src/netlink/poll.ts"))});
    const { close, socketpair } = await import(${JSON.stringify(join(import.meta.dir, "../../ffi/libc.ts"))});
    const [far, near] = socketpair(${AF_UNIX}, ${SOCK_SEQPACKET | SOCK_NONBLOCK}, 0);
    adopt(near, () => {});
    setImmediate(() => close(far));
    setInterval(() => {}, 1000);`;
  const child = spawnChild([process.execPath, "-e", program]);
  const [code, stderr] = await within("end", Promise.all([child.exited, child.stderr.text()]), 10);
  expect(stderr).toContain("Bun closed the netlink bell");
  expect(code).toBe(1);
});

test("Bun.connect is told of a file descriptor in one file only", async () => {
  const root = join(import.meta.dir, "../..");
  const users: string[] = [];
  for (const file of new Bun.Glob("{src,ffi}/**/*.ts").scanSync(root)) {
    if ((await Bun.file(join(root, file)).text()).includes("FdSocketOptions")) users.push(file);
  }
  expect(users).toEqual(["src/netlink/poll.ts"]);
});

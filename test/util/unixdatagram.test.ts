import { expect } from "bun:test";
import { readdirSync } from "node:fs";

import { bind, close, recv, socket } from "../../ffi/libc.ts";
import { AF_UNIX, MSG_DONTWAIT, SOCK_DGRAM } from "../../ffi/sys/socket.ts";
import { encodeSockaddrUn } from "../../ffi/sys/un.ts";
import { UnixDatagramSender } from "../../src/util/unixdatagram.ts";
import type { Requirement } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";

const onLinux: Requirement = process.platform === "linux" ? { ok: true } : { ok: false, reason: "needs Linux" };

/** A receiver at an address, as systemd and syslog are. */
class Receiver implements Disposable {
  readonly #fd = socket(AF_UNIX, SOCK_DGRAM, 0);

  constructor(path: string) {
    bind(this.#fd, encodeSockaddrUn(path));
  }

  next(): string | undefined {
    const into = new Uint8Array(100);
    const length = recv(this.#fd, into, MSG_DONTWAIT);
    return length < 0 ? undefined : Buffer.from(into.subarray(0, length)).toString();
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}

testWith(onLinux, "UnixDatagramSender sends to a path and to an abstract name", async () => {
  await using dir = new TempDir();
  for (const path of [dir.file("notify"), `@portsyncd-test-${crypto.randomUUID()}`]) {
    using receiver = new Receiver(path);
    using sender = new UnixDatagramSender(path);
    expect(sender.send(Buffer.from("READY=1"))).toBe(true);
    expect(sender.send(Buffer.from("STATUS=x"))).toBe(true);
    expect([receiver.next(), receiver.next(), receiver.next()]).toEqual(["READY=1", "STATUS=x", undefined]);
  }
});

testWith(onLinux, "UnixDatagramSender says so when nobody is there, and sends again when somebody is", async () => {
  await using dir = new TempDir();
  const path = dir.file("log");
  using sender = new UnixDatagramSender(path);
  expect(sender.send(Buffer.from("1"))).toBe(false);
  using receiver = new Receiver(path);
  expect(sender.send(Buffer.from("2"))).toBe(true);
  expect(receiver.next()).toBe("2");
});

testWith(onLinux, "UnixDatagramSender does not wait for a receiver that does not read", async () => {
  await using dir = new TempDir();
  using receiver = new Receiver(dir.file("log"));
  using sender = new UnixDatagramSender(dir.file("log"));
  let sent = 0;
  while (sent < 100_000 && sender.send(Buffer.from(`${sent}`))) sent++;
  expect(sent).toBeWithin(1, 100_000);
  expect(receiver.next()).toBe("0");
  expect(sender.send(Buffer.from("again"))).toBe(true);
});

testWith(onLinux, "UnixDatagramSender closes its socket, and opens none for an address that is too long", () => {
  const fds = () => readdirSync("/proc/self/fd").length;
  const before = fds();
  for (let i = 0; i < 50; i++) {
    using sender = new UnixDatagramSender("@nobody");
    expect(sender.send(Buffer.from("x"))).toBe(false);
    expect(() => new UnixDatagramSender("/".repeat(200))).toThrow(RangeError);
  }
  expect(fds()).toBeLessThanOrEqual(before);
});

import { expect } from "bun:test";
import { randomUUID } from "node:crypto";

import { monotonicMicroseconds } from "../../ffi/libc.ts";
import { Notifier } from "../../src/systemd/notify.ts";
import { Daemon, type DaemonConfig } from "../support/daemon.ts";
import { waitUntil } from "../support/deadline.ts";
import { canUseNamespaces } from "../support/namespace.ts";
import { canUseRedis } from "../support/redis.ts";
import { all, type Requirement } from "../support/requirement.ts";
import { Switch } from "../support/switch.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { NotifySocket } from "./notifysocket.ts";

const linux: Requirement = process.platform === "linux" ? { ok: true } : { ok: false, reason: "needs Linux" };
const able = all(linux, canUseNamespaces(), canUseRedis());

/** The machine may be busy, and a status line would tell that events take long. */
const PATIENT = { max_latency_us: 60_000_000 };

/** A plain Linux machine with one port; with no rule of orchagent's in the way, its state is the first publish. */
async function openMachine(): Promise<Switch> {
  const box = await Switch.open();
  await box.links.add(["Ethernet0"], { up: true, carrier: true });
  return box;
}

function start(box: Switch, notify: NotifySocket, config: DaemonConfig = {}, seconds = 60): Promise<Daemon> {
  return box.start({
    args: ["--mode", "standalone", "--log-level", "info"],
    env: { NOTIFY_SOCKET: notify.path },
    config: { performance: PATIENT, ...config, database: { connection_timeout_secs: seconds } },
  });
}

/** Lets everything go on in Redis but writes, and returns when one waits. */
async function writeWaits(box: Switch): Promise<void> {
  const blocked = async () => /^blocked_clients:[1-9]/m.test(String(await box.db.config.call("INFO", "clients")));
  await waitUntil("a write that waits", blocked);
}

testWith(linux, "Notifier without a socket tells nobody, and with one that nobody reads does not fail", async () => {
  await using dir = new TempDir();
  for (const path of [undefined, "", dir.file("nobody"), `@${randomUUID()}`]) {
    const notifier = new Notifier(path);
    notifier.ready();
    notifier.reloading();
    notifier.extendTimeout(1.5);
  }
});

testWith(linux, "Notifier sends each message as one datagram, and a status as one line", async () => {
  await using dir = new TempDir();
  using socket = await NotifySocket.open(dir.file("notify"));
  const notifier = new Notifier(socket.path);
  notifier.extendTimeout(2_500_000.4);
  notifier.watchdog();
  notifier.status("first\nsecond");
  notifier.ready();
  notifier.stopping();
  await socket.waitFor(/STOPPING/);
  expect(socket.datagrams).toEqual([
    "EXTEND_TIMEOUT_USEC=2500000",
    "WATCHDOG=1",
    "STATUS=first second",
    "READY=1",
    "STOPPING=1",
  ]);
});

testWith(able, "Daemon tells READY once Redis has acknowledged the first publish", async () => {
  await using box = await openMachine();
  using notify = await NotifySocket.open(`${box.directory}/notify`);
  await box.db.config.call("CLIENT", "PAUSE", "60000", "WRITE");
  const daemon = await start(box, notify);
  await daemon.waitForLog(/1 of them ports/);
  await writeWaits(box);
  expect(notify.indexOf(/READY/)).toBe(-1);
  await box.db.config.call("CLIENT", "UNPAUSE");
  await notify.waitFor(/^READY=1$/);
  expect(await box.db.state.hget("PORT_TABLE|Ethernet0", "netdev_oper_status")).toBe("up");
  await notify.waitFor(/^STATUS=running: 1 ports published$/, { from: notify.indexOf(/READY/) });
  expect(await daemon.stop()).toBe(0);
});

testWith(linux, "Daemon tells READY on a socket in the abstract namespace", async () => {
  await using dir = new TempDir();
  // Such a name is known in one network namespace only, so the daemon has to be in this one.
  using notify = await NotifySocket.open(`@portsyncd-${randomUUID()}`);
  const args = ["--mode", "standalone", "--source", "simulate:4", "--store", "memory"];
  await using daemon = await Daemon.start({ directory: dir.path, args, env: { NOTIFY_SOCKET: notify.path } });
  await notify.waitFor(/^READY=1$/);
  expect(await daemon.stop()).toBe(0);
  await notify.waitFor(/^STOPPING=1$/);
});

testWith(linux, "Daemon runs with a NOTIFY_SOCKET that no socket can have", async () => {
  await using dir = new TempDir();
  const args = ["--once", "--mode", "standalone", "--source", "simulate:1", "--store", "memory"];
  const env = { NOTIFY_SOCKET: `/${"x".repeat(200)}` };
  await using daemon = await Daemon.start({ directory: dir.path, args, env });
  expect(await daemon.exited()).toBe(0);
});

testWith(
  able,
  "Daemon tells READY on a switch before PortInitDone, and in the status what that waits for",
  async () => {
    await using box = await Switch.open();
    await box.configure(["Ethernet0", "Ethernet4"]);
    using notify = await NotifySocket.open(`${box.directory}/notify`);
    await box.start({ env: { NOTIFY_SOCKET: notify.path }, config: { performance: PATIENT } });
    await notify.waitFor(/^READY=1$/);
    await notify.waitFor(/^STATUS=running: 0 ports published, PortInitDone waits for 2$/);
    await using _orchagent = await box.orchagent();
    const before = notify.datagrams.length;
    await box.links.add(["Ethernet0", "Ethernet4"], { up: true });
    await notify.waitFor(/^STATUS=running: 2 ports published$/, { from: before });
  },
);

testWith(able, "Daemon asks for more time, again and again, as long as Redis is awaited", async () => {
  await using box = await openMachine();
  await box.db.server("STATE_DB").kill();
  using notify = await NotifySocket.open(`${box.directory}/notify`);
  await start(box, notify);
  await notify.waitFor(/^EXTEND_TIMEOUT_USEC=\d+$/);
  await notify.waitFor(/^EXTEND_TIMEOUT_USEC=\d+$/, { from: notify.indexOf(/EXTEND/) + 1 });
  expect(notify.indexOf(/READY/)).toBe(-1);
  await box.db.server("STATE_DB").start();
  await notify.waitFor(/^READY=1$/);
  const extensions = notify.datagrams.filter((datagram) => datagram.startsWith("EXTEND"));
  // Each is longer than the pause until the next, or the service manager would give up in between.
  for (const datagram of extensions) expect(Number(datagram.split("=")[1])).toBeGreaterThan(2_000_000);
  expect(notify.datagrams.slice(notify.indexOf(/READY/)).some((datagram) => datagram.startsWith("EXTEND"))).toBe(false);
});

testWith(able, "Daemon asks for more time also while the first publish waits for Redis", async () => {
  await using box = await openMachine();
  using notify = await NotifySocket.open(`${box.directory}/notify`);
  await box.db.config.call("CLIENT", "PAUSE", "60000", "WRITE");
  await start(box, notify);
  await writeWaits(box);
  await notify.waitFor(/^EXTEND_TIMEOUT_USEC=\d+$/, { from: notify.datagrams.length, seconds: 5 });
});

testWith(
  able,
  "Daemon tells in the status that it waits for Redis when that is lost, and that it runs again",
  async () => {
    await using box = await openMachine();
    using notify = await NotifySocket.open(`${box.directory}/notify`);
    await start(box, notify);
    await notify.waitFor(/^READY=1$/);
    await box.db.server("STATE_DB").kill();
    await notify.waitFor(/^STATUS=waiting for Redis/, { from: notify.indexOf(/READY/) });
    const before = notify.datagrams.length;
    await box.db.server("STATE_DB").start();
    await notify.waitFor(/^STATUS=running/, { from: before });
  },
);

testWith(able, "Daemon tells RELOADING with the monotonic time and then READY at SIGHUP", async () => {
  await using box = await openMachine();
  using notify = await NotifySocket.open(`${box.directory}/notify`);
  const daemon = await start(box, notify);
  await notify.waitFor(/^READY=1$/);
  const ready = notify.indexOf(/READY/);
  const earliest = monotonicMicroseconds();
  daemon.signal("SIGHUP");
  const reloading = await notify.waitFor(/^RELOADING=1/, { from: ready });
  const [, microseconds] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(reloading) ?? [];
  expect(BigInt(microseconds ?? 0)).toBeGreaterThanOrEqual(earliest);
  expect(BigInt(microseconds ?? 0)).toBeLessThanOrEqual(monotonicMicroseconds());
  await notify.waitFor(/^READY=1$/, { from: notify.indexOf(/RELOADING/) });
});

testWith(able, "Daemon tells STOPPING at SIGTERM, and nothing of being alive after it", async () => {
  await using box = await openMachine();
  using notify = await NotifySocket.open(`${box.directory}/notify`);
  const daemon = await box.start({
    args: ["--mode", "standalone"],
    env: { NOTIFY_SOCKET: notify.path, WATCHDOG_USEC: "2000" },
  });
  await notify.waitFor(/^READY=1$/);
  expect(await daemon.stop()).toBe(0);
  await notify.waitFor(/^STOPPING=1$/);
  const last = notify.datagrams.slice(notify.indexOf(/STOPPING/) + 1);
  expect(last.filter((datagram) => !datagram.startsWith("STATUS=stopping"))).toEqual([]);
});

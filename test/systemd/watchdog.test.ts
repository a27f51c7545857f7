import { expect, test } from "bun:test";
import { chmodSync } from "node:fs";

import { startWatchdog, watchdogInterval, type WatchdogOptions } from "../../src/systemd/watchdog.ts";
import { daemonCommand } from "../support/daemon.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { canUseNamespaces } from "../support/namespace.ts";
import { canUseRedis } from "../support/redis.ts";
import { all } from "../support/requirement.ts";
import { Switch } from "../support/switch.ts";
import { testWith } from "../support/testwith.ts";
import { NotifySocket } from "./notifysocket.ts";

const INTERVAL_MS = 1000;
const STALL_MS = 300;

/** A watchdog on a clock turned by hand, and what it did. */
function watch(probe: WatchdogOptions["probe"] = async () => {}) {
  const clock = new FakeClock();
  const seen = { alive: 0, stalled: [] as string[] };
  const watchdog = startWatchdog(clock, {
    intervalMs: INTERVAL_MS,
    stallMs: STALL_MS,
    probe,
    alive: () => seen.alive++,
    stalled: (reason) => seen.stalled.push(reason),
  });
  return { clock, seen, watchdog };
}

test("watchdogInterval is half of WATCHDOG_USEC, and no longer than the configuration allows", () => {
  expect(watchdogInterval({ WATCHDOG_USEC: "30000000" }, 7, 60_000)).toBe(15_000);
  expect(watchdogInterval({ WATCHDOG_USEC: "30000000" }, 7, 2000)).toBe(2000);
  expect(watchdogInterval({ WATCHDOG_USEC: "3000000" }, 7, 60_000)).toBe(1500);
});

test("watchdogInterval is undefined where nobody watches this process", () => {
  for (const usec of [undefined, "", "0", "-5", "soon"]) {
    expect(watchdogInterval({ WATCHDOG_USEC: usec }, 7, 60_000)).toBeUndefined();
  }
  expect(watchdogInterval({ WATCHDOG_USEC: "2000000", WATCHDOG_PID: "8" }, 7, 60_000)).toBeUndefined();
  expect(watchdogInterval({ WATCHDOG_USEC: "2000000", WATCHDOG_PID: "7" }, 7, 60_000)).toBe(1000);
});

test("startWatchdog gives a sign of life at once and at each interval", async () => {
  const { clock, seen } = watch();
  expect(seen.alive).toBe(1);
  await clock.run(INTERVAL_MS - 1);
  expect(seen.alive).toBe(1);
  await clock.run(1);
  expect(seen.alive).toBe(2);
  await clock.run(3 * INTERVAL_MS);
  expect(seen).toEqual({ alive: 5, stalled: [] });
});

test("startWatchdog withholds the sign of life while the probe fails, and gives it again when it works", async () => {
  let broken = true;
  const { clock, seen } = watch(async () => {
    if (broken) throw new Error("RTM_GETLINK probe: no answer in time");
  });
  await clock.run(2 * INTERVAL_MS);
  expect(seen.alive).toBe(1);
  expect(seen.stalled).toEqual(Array(2).fill("the kernel does not answer: RTM_GETLINK probe: no answer in time"));
  broken = false;
  await clock.run(INTERVAL_MS);
  expect(seen.alive).toBe(2);
});

test("startWatchdog withholds the sign of life for a turn that came too late", async () => {
  const { clock, seen } = watch();
  clock.pass(INTERVAL_MS + STALL_MS + 1);
  await clock.run(0);
  expect(seen).toEqual({ alive: 1, stalled: [`the event loop stood still for ${STALL_MS + 1} ms`] });
  await clock.run(INTERVAL_MS);
  expect(seen.alive).toBe(2);
});

test("startWatchdog takes a turn that is late by less for life", async () => {
  const { clock, seen } = watch();
  clock.pass(INTERVAL_MS + STALL_MS);
  await clock.run(0);
  expect(seen).toEqual({ alive: 2, stalled: [] });
});

test("startWatchdog withholds the sign of life when the answer took too long", async () => {
  const answers: (() => void)[] = [];
  const { clock, seen } = watch(() => new Promise<void>((resolve) => answers.push(resolve)));
  await clock.run(INTERVAL_MS);
  await clock.run(STALL_MS + 1);
  expect(seen).toEqual({ alive: 1, stalled: [] });
  answers.shift()!();
  await clock.settle();
  expect(seen).toEqual({ alive: 1, stalled: [`the kernel took ${STALL_MS + 1} ms to answer`] });
});

test("startWatchdog asks the kernel once at a time, however long that takes", async () => {
  let asked = 0;
  const { clock, seen } = watch(() => {
    asked++;
    return new Promise<void>(() => {});
  });
  await clock.run(10 * INTERVAL_MS);
  expect(asked).toBe(1);
  expect(seen.alive).toBe(1);
});

test("startWatchdog says nothing after it was disposed of, not even of a probe under way", async () => {
  const answers: (() => void)[] = [];
  const { clock, seen, watchdog } = watch(() => new Promise<void>((resolve) => answers.push(resolve)));
  await clock.run(INTERVAL_MS);
  watchdog[Symbol.dispose]();
  answers.shift()!();
  await clock.run(5 * INTERVAL_MS);
  expect(seen).toEqual({ alive: 1, stalled: [] });
  expect(clock.timers).toBe(0);
});

const able = all(canUseNamespaces(), canUseRedis());
const ARGS = ["--mode", "standalone"];

testWith(able, "Daemon gives signs of life from READY on, as often as WATCHDOG_USEC needs", async () => {
  await using box = await Switch.open();
  using notify = await NotifySocket.open(`${box.directory}/notify`);
  await box.start({ args: ARGS, env: { NOTIFY_SOCKET: notify.path, WATCHDOG_USEC: "100000" } });
  await notify.waitFor(/^READY=1$/);
  for (let signs = 0, from = notify.indexOf(/READY/); signs < 3; signs++) {
    await notify.waitFor(/^WATCHDOG=1$/, { from });
    from = notify.datagrams.length;
  }
});

testWith(able, "Daemon gives no sign of life when the service manager watches another process", async () => {
  await using box = await Switch.open();
  using notify = await NotifySocket.open(`${box.directory}/notify`);
  const env = { NOTIFY_SOCKET: notify.path, WATCHDOG_USEC: "2000", WATCHDOG_PID: "1" };
  const daemon = await box.start({ args: ARGS, env });
  await notify.waitFor(/^READY=1$/);
  daemon.signal("SIGHUP");
  await notify.waitFor(/^RELOADING=1/);
  expect(await daemon.stop()).toBe(0);
  await notify.waitFor(/^STOPPING=1$/);
  expect(notify.indexOf(/WATCHDOG/)).toBe(-1);
});

testWith(able, "Daemon gives signs of life when WATCHDOG_PID is its own", async () => {
  await using box = await Switch.open();
  using notify = await NotifySocket.open(`${box.directory}/notify`);
  const binary = `${box.directory}/daemon`;
  const words = daemonCommand().map((word) => `'${word}'`);
  await Bun.write(binary, `#!/bin/sh\nWATCHDOG_PID=$$ exec ${words.join(" ")} "$@"\n`);
  chmodSync(binary, 0o755);
  await box.start({ binary, args: ARGS, env: { NOTIFY_SOCKET: notify.path, WATCHDOG_USEC: "100000" } });
  await notify.waitFor(/^WATCHDOG=1$/);
});

testWith(
  able,
  "Daemon gives no sign of life when the configuration turns the watchdog off, also at SIGHUP",
  async () => {
    await using box = await Switch.open();
    using notify = await NotifySocket.open(`${box.directory}/notify`);
    const env = { NOTIFY_SOCKET: notify.path, WATCHDOG_USEC: "100000" };
    const daemon = await box.start({ args: ARGS, env, config: { health: { enable_watchdog: false } } });
    await notify.waitFor(/^READY=1$/);
    expect(notify.indexOf(/WATCHDOG/)).toBe(-1);
    const file = `${box.directory}/portsyncd.conf`;
    const text = await Bun.file(file).text();
    await Bun.write(file, text.replace("enable_watchdog = false", "enable_watchdog = true"));
    daemon.signal("SIGHUP");
    await notify.waitFor(/^WATCHDOG=1$/);
  },
);

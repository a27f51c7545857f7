import { expect } from "bun:test";

import type { Daemon, DaemonConfig } from "../support/daemon.ts";
import { waitUntil } from "../support/deadline.ts";
import { canUseNamespaces } from "../support/namespace.ts";
import { canUseRedis } from "../support/redis.ts";
import { all } from "../support/requirement.ts";
import { Switch } from "../support/switch.ts";
import { testWith } from "../support/testwith.ts";
import { builtBinary } from "./binary.ts";

const able = all(canUseNamespaces(), canUseRedis());

/** A daemon that has a change of Ethernet0 to publish, and a Redis that takes no writes until it is told to. */
async function startPending(box: Switch, config: DaemonConfig = {}): Promise<Daemon> {
  await box.links.add(["Ethernet0"], { up: true, carrier: true });
  const daemon = await box.start({
    binary: await builtBinary(),
    args: ["--mode", "standalone"],
    config: { ...config, database: { connection_timeout_secs: 60 } },
  });
  await box.expectStateEqualsKernel(["Ethernet0"]);
  await box.db.config.call("CLIENT", "PAUSE", "60000", "WRITE");
  await box.links.mtu(1400, "Ethernet0");
  const blocked = async () => /^blocked_clients:[1-9]/m.test(String(await box.db.config.call("INFO", "clients")));
  await waitUntil("a write that waits", blocked);
  return daemon;
}

for (const [signal, number] of [
  ["SIGINT", 2],
  ["SIGTERM", 15],
] as const) {
  testWith(able, `portsyncd publishes what is pending before it ends with 0 after ${signal}`, async () => {
    await using box = await Switch.open();
    const daemon = await startPending(box);
    daemon.signal(signal);
    await daemon.waitForLog(new RegExp(`${signal}: stopping`));
    expect(daemon.exitCode).toBeUndefined();
    await box.db.config.call("CLIENT", "UNPAUSE");
    expect(await daemon.exited()).toBe(0);
    expect(await box.differences(["Ethernet0"])).toEqual([]);
  });

  testWith(able, `portsyncd ends at once, as killed by it, after a second ${signal}`, async () => {
    await using box = await Switch.open();
    const daemon = await startPending(box);
    daemon.signal(signal);
    await daemon.waitForLog(new RegExp(`${signal}: stopping`));
    daemon.signal(signal);
    expect(await daemon.exited()).toBe(128 + number);
    expect(daemon.lines.join("\n")).toMatch(new RegExp(`${signal} again`));
  });
}

testWith(able, "portsyncd ends after shutdown.timeout_secs and says what is not published", async () => {
  await using box = await Switch.open();
  const daemon = await startPending(box, { shutdown: { timeout_secs: 0.2 } });
  daemon.signal("SIGTERM");
  expect(await daemon.exited()).toBe(0);
  expect(daemon.lines.join("\n")).toMatch(/stopped with 1 ports that are not published/);
});

testWith(able, "portsyncd ends with 0 when it is stopped while Redis is awaited", async () => {
  await using box = await Switch.open();
  await box.db.server("STATE_DB").kill();
  const config = { database: { connection_timeout_secs: 60 } };
  const daemon = await box.start({ binary: await builtBinary(), config });
  await daemon.waitForLog(/is not there/);
  expect(await daemon.stop()).toBe(0);
});

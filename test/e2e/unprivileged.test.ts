import { expect } from "bun:test";
import { chmodSync, copyFileSync } from "node:fs";

import { canUseNamespaces } from "../support/namespace.ts";
import { canUseRedis } from "../support/redis.ts";
import { all } from "../support/requirement.ts";
import { Switch } from "../support/switch.ts";
import { testWith } from "../support/testwith.ts";
import { builtBinary } from "./binary.ts";
import { canDropPrivileges, UNPRIVILEGED } from "./privilege.ts";

const able = all(canDropPrivileges(), canUseNamespaces(), canUseRedis());

/** A program in the switch's directory that is the daemon without any privilege. */
async function unprivilegedBinary(box: Switch): Promise<string> {
  const copy = `${box.directory}/portsyncd`;
  copyFileSync(await builtBinary(), copy);
  const script = `${box.directory}/unprivileged`;
  await Bun.write(script, `#!/bin/sh\nexec ${UNPRIVILEGED.join(" ")} '${copy}' "$@"\n`);
  for (const path of [box.directory, copy, script]) chmodSync(path, 0o755);
  return script;
}

function bufferBytes(line: string): number {
  return Number(/netlink receive buffer: (\d+) bytes/.exec(line)![1]);
}

testWith(able, "portsyncd without privileges takes the receive buffer that everybody may have", async () => {
  await using box = await Switch.open();
  await box.links.add(["Ethernet0"], { up: true });
  const config = { netlink: { receive_buffer_bytes: 1 << 30 } };
  const args = ["--mode", "standalone", "--log-level", "info"];
  const privileged = await box.start({ binary: await builtBinary(), args, config });
  const most = bufferBytes(await privileged.waitForLog(/receive buffer/));
  expect(await privileged.stop()).toBe(0);
  await box.db.state.flush();
  const daemon = await box.start({ binary: await unprivilegedBinary(box), args, config });
  const granted = bufferBytes(await daemon.waitForLog(/receive buffer/));
  expect(granted).toBeGreaterThan(0);
  expect(granted).toBeLessThan(most);
  await box.expectStateEqualsKernel(["Ethernet0"]);
  expect(await daemon.stop()).toBe(0);
});

testWith(
  able,
  "portsyncd without privileges warns of the old links that it cannot bring down, and goes on",
  async () => {
    await using box = await Switch.open();
    await box.configure(["Ethernet0", "Ethernet4"]);
    await box.links.add(["Ethernet0"], { up: true });
    const orchagent = await box.orchagent();
    const daemon = await box.start({ binary: await unprivilegedBinary(box) });
    await daemon.waitForLog(/WARN .*Ethernet0.* is old and could not be brought down: .*EPERM/);
    await orchagent.waitFor("PortConfigDone");
    expect((await box.links.table()).get("Ethernet0")!.admin).toBe("up");
    await box.links.add(["Ethernet4"], { up: true });
    await box.expectStateEqualsKernel(["Ethernet4"]);
    await box.links.delete("Ethernet0");
    await box.links.add(["Ethernet0"]);
    await box.expectStateEqualsKernel(["Ethernet0"]);
    await orchagent.waitFor("PortInitDone");
    expect(await daemon.stop()).toBe(0);
  },
);

import { expect } from "bun:test";

import { testWith } from "../support/testwith.ts";
import { startCold, startRunning } from "./coldstart.ts";
import { able, shareSwitch } from "./sharedswitch.ts";

const shared = shareSwitch();

testWith(
  able,
  "LinkMonitor reads all links again when the kernel dropped messages, deletions included (rules 55, 56, section 9)",
  async () => {
    const box = shared();
    const ports = Array.from({ length: 12 }, (_, i) => `Ethernet${i}`);
    const config = { netlink: { receive_buffer_bytes: 4096 } };
    await using daemon = await startRunning(box, [...ports, "Ethernet99"], { config });
    await box.links.add(ports);
    await box.expectStateEqualsKernel(ports);
    await box.db.state.hset("PORT_TABLE|Ethernet0", { host_tx_ready: "true" });
    using recorder = await box.db.record("STATE_DB", "PORT_TABLE|Ethernet0");
    await daemon.freeze();
    const changes = Array.from({ length: 300 }, (_, i) => `link set Ethernet${(i % 10) + 2} mtu ${1400 + i}`);
    await box.links.batch(changes);
    await box.links.delete("Ethernet0", "Ethernet1");
    await box.links.add(["Ethernet0", "Ethernet99"], { mtu: 4000 });
    await box.links.up("Ethernet11");
    daemon.thaw();
    await daemon.waitForLog(/netlink messages were lost \(overrun\)/);
    await box.expectStateEqualsKernel([...ports, "Ethernet99"]);
    await recorder.sync();
    expect(recorder.of("PORT_TABLE|Ethernet0").filter((event) => event === "del")).toEqual(["del"]);
    expect(await box.db.state.hget("PORT_TABLE|Ethernet0", "host_tx_ready")).toBeNull();
  },
);

testWith(able, "LinkMonitor says what receive buffer the kernel granted (rules 53, 54)", async () => {
  const box = shared();
  const config = { netlink: { receive_buffer_bytes: 65_536 } };
  await using daemon = await startCold(box, { config, args: ["--log-level", "info"] });
  const line = await daemon.waitForLog(/netlink receive buffer/);
  expect(JSON.parse(line)).toMatchObject({ properties: { granted: 131_072 } });
});

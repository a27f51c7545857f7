import { expect } from "bun:test";

import { canUseNamespaces } from "../support/namespace.ts";
import { canUseRedis } from "../support/redis.ts";
import { all } from "../support/requirement.ts";
import { Switch } from "../support/switch.ts";
import { testWith } from "../support/testwith.ts";
import { builtBinary } from "./binary.ts";

const able = all(canUseNamespaces(), canUseRedis());
const ARGS = ["--mode", "standalone"];

testWith(able, "portsyncd --mode standalone takes the ports of CONFIG_DB, whatever their names", async () => {
  await using box = await Switch.open();
  await box.configure(["uplink1", "uplink2"]);
  await box.links.add(["uplink1", "Ethernet0"], { up: true, carrier: true });
  const daemon = await box.start({ binary: await builtBinary(), args: ARGS });
  await box.expectStateEqualsKernel(["uplink1"]);
  await box.links.add(["uplink2"], { up: true });
  await box.expectStateEqualsKernel(["uplink2"]);
  expect(await daemon.stop()).toBe(0);
  expect(await box.db.state.keys("PORT_TABLE|*")).toEqual(["PORT_TABLE|uplink1", "PORT_TABLE|uplink2"]);
});

testWith(
  able,
  "portsyncd --mode standalone takes the links that match a pattern when CONFIG_DB has no port",
  async () => {
    await using box = await Switch.open();
    await box.links.add(["swp1", "swp22", "Ethernet0"], { up: true });
    const config = { standalone: { port_patterns: ["swp?", "none*"] } };
    const daemon = await box.start({ binary: await builtBinary(), args: ARGS, config });
    await box.expectStateEqualsKernel(["swp1"]);
    expect(await daemon.stop()).toBe(0);
    expect(await box.db.state.keys("PORT_TABLE|*")).toEqual(["PORT_TABLE|swp1"]);
  },
);

testWith(able, "portsyncd --mode standalone adopts old links as they are, and does not touch APPL_DB", async () => {
  await using box = await Switch.open();
  await box.links.add(["Ethernet0"], { up: true, carrier: true });
  const before = await box.links.waitFor("carrier", (links) => links.get("Ethernet0")!.oper === "up");
  const daemon = await box.start({ binary: await builtBinary(), args: ARGS });
  await box.expectStateEqualsKernel(["Ethernet0"]);
  await box.links.carrier(false, "Ethernet0");
  await box.links.waitFor("loss of carrier", (links) => links.get("Ethernet0")!.oper === "down");
  await box.expectStateEqualsKernel(["Ethernet0"]);
  await box.links.delete("Ethernet0");
  await box.expectStateEqualsKernel(["Ethernet0"]);
  expect(await daemon.stop()).toBe(0);
  expect(before.get("Ethernet0")!.admin).toBe("up");
  expect(await box.db.appl.keys("*")).toEqual([]);
});

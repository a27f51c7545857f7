import { expect } from "bun:test";

import { failureOf } from "./failure.ts";
import { portNames } from "./links.ts";
import { canUseNamespaces } from "./namespace.ts";
import { portRow } from "./portrow.ts";
import { canUseRedis } from "./redis.ts";
import { all } from "./requirement.ts";
import { Switch } from "./switch.ts";
import { testWith } from "./testwith.ts";

testWith(
  all(canUseNamespaces(), canUseRedis()),
  "Switch.expectStateEqualsKernel names the port that differs",
  async () => {
    await using box = await Switch.open();
    const ports = portNames(3);
    await box.configure(ports, { admin_status: undefined, fec: "rs" });
    expect(await box.db.config.hgetall("PORT|Ethernet4")).toMatchObject({ lanes: "4,5,6,7", alias: "etp4", fec: "rs" });
    expect(await box.db.config.hget("PORT|Ethernet4", "admin_status")).toBeNull();
    await box.links.add(ports.slice(0, 2));
    const links = await box.links.table();
    await box.db.state.hset("PORT_TABLE|Ethernet0", portRow(links.get("Ethernet0")!));
    expect(await failureOf(box.expectStateEqualsKernel(ports, { seconds: 0.05 }))).toMatch(
      /1 of 3 ports differ\nEthernet4: /,
    );
    await box.db.state.hset("PORT_TABLE|Ethernet4", portRow(links.get("Ethernet4")!));
    await box.expectStateEqualsKernel(ports);
  },
);

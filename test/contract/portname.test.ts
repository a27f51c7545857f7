import { expect } from "bun:test";

import { waitUntil } from "../support/deadline.ts";
import type { Switch } from "../support/switch.ts";
import { testWith } from "../support/testwith.ts";
import { startCold } from "./coldstart.ts";
import { Marker } from "./marker.ts";
import { able, expectRow, shareSwitch } from "./sharedswitch.ts";

const shared = shareSwitch();
const DOWN = { state: "ok", netdev_oper_status: "down", admin_status: "down", mtu: "1500" };

/** What the kernel allows in a name: any byte but NUL, slash, colon and white space. Bytes as latin-1. */
const NAMES = {
  quotes: "Ethernet\"'`$(x)",
  separator: "Ethernet0|x",
  glob: "Ethernet[*]?",
  backslash: "Ethernet\\r\\n",
  controls: "Ethernet\x01\x1b[2J",
  high: "Ethernet\x80\xff\xfe",
  utf8: "Ethernet\xc3\xa9\xe2\x82",
  at: "Ethernet@1",
  proto: "Ethernet__",
} as const;

/** Runs ip(8) with a name of any bytes. */
async function ip(box: Switch, before: string, name: string, after = ""): Promise<void> {
  const octal = [...name].map((byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, "0")}`).join("");
  await box.namespace.run(["sh", "-c", `ip ${before} "$(printf '${octal}')" ${after}`]);
}

for (const [kind, name] of Object.entries(NAMES)) {
  testWith(able, `LinkSync publishes and deletes a name with ${kind} byte for byte (rules 11, 30, 31)`, async () => {
    const box = shared();
    await box.db.config.hset(`PORT|${name}`, { lanes: "1" });
    await using _ = await startCold(box);
    expect(await box.db.appl.smembers("PORT_TABLE_KEY_SET")).toEqual([name, "PortConfigDone"].sort());
    await box.pop();
    await ip(box, "link add dev", name, "type ifb");
    await expectRow(box, name, { ...DOWN });
    await waitUntil("PortInitDone", () => box.db.appl.exists("_PORT_TABLE:PortInitDone"));
    const marker = await Marker.open(box);
    expect(await box.db.state.keys("PORT_TABLE|*")).toEqual([`PORT_TABLE|${name}`, Marker.key].sort());
    await ip(box, "link del dev", name);
    await marker.pass();
    expect(await box.db.state.keys("PORT_TABLE|*")).toEqual([Marker.key]);
  });
}

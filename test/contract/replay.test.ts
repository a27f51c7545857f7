import { expect } from "bun:test";

import { testWith } from "../support/testwith.ts";
import { start } from "./coldstart.ts";
import { encodeLinkMessage, LOWER_UP, RUNNING, UP } from "./linkmessage.ts";
import { able, expectRow, shareSwitch } from "./sharedswitch.ts";

const shared = shareSwitch();
const flags = UP | RUNNING | LOWER_UP;

for (const args of [["--once"], []]) {
  testWith(
    able,
    `replaySource leaves in STATE_DB what the recording ends with, called with [${args.join(" ")}]`,
    async () => {
      const box = shared();
      await box.db.config.hset("DEVICE_METADATA|localhost", { switch_type: "dpu" }); // no netdev counts as old
      for (const port of ["Ethernet0", "Ethernet4"]) await box.db.appl.hset(`PORT_TABLE:${port}`, { lanes: "1" });
      const port = { ifindex: 8, ifname: "Ethernet4" } as const;
      const messages = [
        encodeLinkMessage({ type: "new", ...port, mtu: 1500 }),
        encodeLinkMessage({ type: "new", ifindex: 4, ifname: "Ethernet0", mtu: 1500 }),
        encodeLinkMessage({ type: "del", ...port }),
        encodeLinkMessage({ type: "new", ifindex: 4, ifname: "Ethernet0", flags, mtu: 9100 }),
      ];
      const file = `${box.directory}/recording`;
      await Bun.write(file, Buffer.concat(messages));
      await using daemon = await start(box, { args: [...args, "--source", `replay:${file}`] });
      if (args.length > 0) expect(await daemon.exited()).toBe(0);
      else await daemon.waitForLog(/"PortInitDone"/);
      await expectRow(box, "Ethernet0", { state: "ok", netdev_oper_status: "up", admin_status: "up", mtu: "9100" });
      expect(await box.db.state.keys("PORT_TABLE|*")).toEqual(["PORT_TABLE|Ethernet0"]);
    },
  );
}

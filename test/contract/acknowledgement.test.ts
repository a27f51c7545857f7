import { expect } from "bun:test";

import { waitUntil } from "../support/deadline.ts";
import { testWith } from "../support/testwith.ts";
import { startRunning } from "./coldstart.ts";
import { CommandTrace } from "./commandtrace.ts";
import { Marker } from "./marker.ts";
import { able, shareSwitch } from "./sharedswitch.ts";

const shared = shareSwitch({ APPL_DB: { instance: "redis1" } });
const DONE = "_PORT_TABLE:PortInitDone";

testWith(able, "PortSet waits for the acknowledgement of every HSET, not for its sending (rules 21, 33)", async () => {
  const box = shared();
  await using daemon = await startRunning(box, ["Ethernet0", "Ethernet4"], { args: ["--log-level", "info"] });
  await box.links.add(["Ethernet0"]);
  await box.expectStateEqualsKernel(["Ethernet0"]);
  const state = box.db.server("STATE_DB");
  await state.freeze();
  try {
    await box.links.add(["Ethernet4", "Ethernet8"]);
    // Said in the turn in which Ethernet4's HSET is sent, and answered by nobody.
    await daemon.waitForLog(/Ethernet8 is not in APPL_DB yet/);
    // It looks at a row of which a field is gone over the connection on which PortInitDone would have gone before.
    using trace = await CommandTrace.open(box.db.server("APPL_DB").socketPath);
    await box.db.appl.hset("PORT_TABLE:Ethernet8", { lanes: "8" });
    await box.db.appl.call("HDEL", "PORT_TABLE:Ethernet8", "lanes");
    await trace.waitFor(
      "look at Ethernet8",
      ({ words: [verb, key] }) => key === "PORT_TABLE:Ethernet8" && !/^(HSET|HDEL)$/.test(verb!),
    );
    expect(await box.db.appl.exists(DONE)).toBe(false);
  } finally {
    state.thaw();
  }
  await waitUntil("PortInitDone", () => box.db.appl.exists(DONE));
  await box.expectStateEqualsKernel(["Ethernet0", "Ethernet4"]);
});

testWith(
  able,
  "PortSet sends PortInitDone when APPL_DB is back, if it was lost when that was due (rules 27, 28 made better)",
  async () => {
    const box = shared();
    await using daemon = await startRunning(box, ["Ethernet0"]);
    const marker = await Marker.open(box);
    await box.db.server("APPL_DB").kill();
    await daemon.waitForLog(/APPL_DB is not there/);
    await box.links.add(["Ethernet0"]);
    await marker.pass();
    await box.db.server("APPL_DB").start();
    await box.db.connect();
    await daemon.waitForLog(/APPL_DB is there again/);
    await waitUntil("PortInitDone", () => box.db.appl.exists(DONE));
    expect(await box.db.appl.entries(DONE)).toEqual([["lanes", "0"]]);
  },
);

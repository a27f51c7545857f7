import { afterAll, expect } from "bun:test";

import { waitUntil } from "../support/deadline.ts";
import { portRow } from "../support/portrow.ts";
import { canUseFaultBed, FaultBed } from "./faultbed.ts";
import { RecoveryTimes } from "./recoverytimes.ts";
import { refill, snapshot } from "./refill.ts";
import { testTogether } from "./together.ts";

const times = new RecoveryTimes("Others write into the tables");
afterAll(() => times.print());

/** The shortest that may be configured. */
const AUDITED = { audit: { interval_secs: 1 } };

testTogether(canUseFaultBed, "Audit repairs rows that others deleted or edited, and nothing else", async () => {
  await using bed = await FaultBed.open({ config: AUDITED });
  const { state } = bed.box.db;
  const [edited, deleted, partial, shared] = bed.ports;
  await state.hset(`PORT_TABLE|${shared}`, { host_tx_ready: "true" });
  const recorder = await bed.box.db.record("STATE_DB", "PORT_TABLE|*");
  await state.hset(`PORT_TABLE|${edited}`, { netdev_oper_status: "down", mtu: "1" });
  await state.del(`PORT_TABLE|${deleted}`);
  await state.hdel(`PORT_TABLE|${partial}`, "state", "admin_status");
  times.add("rows deleted and edited", await bed.recovered(performance.now()));
  await recorder.sync();
  const harm = [`hset PORT_TABLE|${edited}`, `del PORT_TABLE|${deleted}`, `hdel PORT_TABLE|${partial}`];
  const repairs = [edited, deleted, partial].map((port) => `hset PORT_TABLE|${port}`);
  const seen = recorder.events.map(({ key, event }) => `${event} ${key}`);
  expect(seen.sort()).toEqual([...harm, ...repairs].sort());
  expect(await state.hget(`PORT_TABLE|${shared}`, "host_tx_ready")).toBe("true");
});

testTogether(canUseFaultBed, "Audit fills STATE_DB again after FLUSHDB", async () => {
  await using bed = await FaultBed.open({ config: AUDITED });
  await bed.box.db.state.flush();
  times.add("FLUSHDB of STATE_DB", await bed.recovered(performance.now()));
});

testTogether(
  canUseFaultBed,
  "Audit fills everything again after FLUSHALL, when others have refilled APPL_DB",
  async () => {
    await using bed = await FaultBed.open({ config: AUDITED });
    const before = await snapshot(bed.box.db);
    await bed.box.db.state.call("FLUSHALL");
    await bed.replug();
    await bed.daemon.waitForLog(/ports in STATE_DB were changed by others/);
    await refill(bed.box.db, before, ["CONFIG_DB", "APPL_DB"]);
    times.add("FLUSHALL, APPL_DB refilled", await bed.recovered(performance.now()));
  },
);

testTogether(canUseFaultBed, "Audit finds a row that Redis has ceased to tell of", async () => {
  await using bed = await FaultBed.open({ config: AUDITED, held: 1 });
  const { appl } = bed.box.db;
  const [late] = bed.held;
  await appl.del(`PORT_TABLE:${late}`);
  await appl.call("CONFIG", "SET", "notify-keyspace-events", "");
  await bed.box.links.add(bed.held, { up: true, carrier: true });
  await bed.readAll();
  await appl.hset(`PORT_TABLE:${late}`, { admin_status: "up" });
  times.add("notifications ended while connected", await bed.recovered(performance.now()));
});

testTogether(
  canUseFaultBed,
  "Audit removes the rows of ports that ended while no daemon ran, and no other row",
  async () => {
    await using bed = await FaultBed.open({ config: { ...AUDITED, restart: "adopt" } });
    const { config, state } = bed.box.db;
    const [gone, unconfigured] = bed.ports;
    const foreign = {
      Ethernet999: { host_tx_ready: "true" }, // a row that orchagent may have made: not all of our fields
      "Ethernet0.10": portRow({ admin: "up", oper: "up", mtu: 9100 }), // intfmgrd's sub-interface
      Vlan10: portRow({ admin: "up", oper: "up", mtu: 9100 }), // no port
    };
    for (const [name, row] of Object.entries(foreign)) await state.hset(`PORT_TABLE|${name}`, row);
    await bed.daemon.kill();
    await config.del(`PORT|${unconfigured}`);
    await bed.box.links.delete(gone!, unconfigured!);
    const startMs = performance.now();
    await bed.restart();
    times.add("leftovers, from the start on", await bed.recovered(startMs));
    await waitUntil("another audit", async () => {
      await state.del(`PORT_TABLE|${bed.ports[3]}`);
      await bed.recovered(startMs);
      return true;
    });
    for (const [name, row] of Object.entries(foreign)) expect(await state.hgetall(`PORT_TABLE|${name}`)).toEqual(row);
  },
);

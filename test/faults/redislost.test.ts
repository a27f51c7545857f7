import { afterAll } from "bun:test";

import { waitUntil } from "../support/deadline.ts";
import { testWith } from "../support/testwith.ts";
import { canUseFaultBed, FaultBed } from "./faultbed.ts";
import { RecoveryTimes } from "./recoverytimes.ts";
import { refill, snapshot } from "./refill.ts";

const times = new RecoveryTimes("Redis lost");
afterAll(() => times.print());

testWith(canUseFaultBed, "Reconciler publishes what happened while connections were refused", async () => {
  await using bed = await FaultBed.open({ proxied: true });
  bed.proxy!.refuse();
  await bed.daemon.waitForLog(/STATE_DB is not there/);
  await bed.expectIntake();
  await bed.replug();
  bed.proxy!.accept();
  times.add("connections refused", await bed.recovered(performance.now()));
});

testWith(canUseFaultBed, "Reconciler publishes what happened when connections are reset again and again", async () => {
  await using bed = await FaultBed.open({ proxied: true });
  for (let i = 0; i < 5; i++) {
    const { connections } = bed.proxy!;
    bed.scramble(20);
    bed.proxy!.reset();
    await bed.daemon.waitForLog(/STATE_DB is not there/);
    await waitUntil("new connection", () => bed.proxy!.connections > connections);
  }
  await bed.replug();
  const usableMs = performance.now();
  bed.proxy!.reset();
  times.add("connections reset", await bed.recovered(usableMs));
});

testWith(canUseFaultBed, "Reconciler publishes what happened while Redis was killed", async () => {
  await using bed = await FaultBed.open();
  await bed.box.db.state.call("SAVE"); // the next start has it: rows that the test wrote then might be later than the daemon's
  await bed.box.db.server("STATE_DB").kill();
  await bed.daemon.waitForLog(/STATE_DB is not there/);
  await bed.expectIntake();
  await bed.replug();
  await bed.box.db.server("STATE_DB").start();
  await bed.box.db.connect();
  times.add("killed, its data restored", await bed.recovered(performance.now()));
});

testWith(canUseFaultBed, "Reconciler fills a Redis that comes back empty and gets its rows late", async () => {
  await using bed = await FaultBed.open();
  const before = await snapshot(bed.box.db);
  await bed.box.db.server("STATE_DB").restart();
  await bed.box.db.connect();
  await bed.daemon.waitForLog(/APPL_DB is there again/);
  await bed.replug();
  await refill(bed.box.db, { ...before, STATE_DB: new Map() });
  times.add("restarted empty, APPL_DB refilled", await bed.recovered(performance.now()));
});

testWith(canUseFaultBed, "Reconciler repairs rows that somebody changed while Redis could not be reached", async () => {
  await using bed = await FaultBed.open({ proxied: true });
  bed.proxy!.refuse();
  await bed.daemon.waitForLog(/STATE_DB is not there/);
  const { state } = bed.box.db;
  const [edited, deleted, partial] = bed.ports;
  await state.hset(`PORT_TABLE|${edited}`, { netdev_oper_status: "down", mtu: "1" });
  await state.del(`PORT_TABLE|${deleted}`);
  await state.hdel(`PORT_TABLE|${partial}`, "state", "mtu");
  bed.proxy!.accept();
  times.add("rows changed during an outage", await bed.recovered(performance.now()));
});

testWith(canUseFaultBed, "Reconciler goes on while one of three servers is gone", async () => {
  const databases = { APPL_DB: { instance: "redis1" }, STATE_DB: { instance: "redis2" } };
  await using bed = await FaultBed.open({ databases });
  for (const [name, client] of [
    ["CONFIG_DB", "config"],
    ["APPL_DB", "appl"],
    ["STATE_DB", "state"],
  ] as const) {
    await bed.box.db[client].call("SAVE"); // as above
    await bed.box.db.server(name).kill();
    await bed.daemon.waitForLog(new RegExp(`${name} is not there`));
    await bed.expectIntake();
    if (name !== "STATE_DB") await bed.equal();
    await bed.box.db.server(name).start();
    await bed.box.db.connect();
    times.add(`${name} alone was gone`, await bed.recovered(performance.now()));
  }
  await bed.replug();
  await bed.equal();
});

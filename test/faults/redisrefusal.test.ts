import { afterAll, expect } from "bun:test";

import { waitUntil } from "../support/deadline.ts";
import { elapse } from "./elapse.ts";
import { canUseFaultBed, FaultBed } from "./faultbed.ts";
import { LoadingRedis } from "./loadingredis.ts";
import { longOr } from "./long.ts";
import { RecoveryTimes } from "./recoverytimes.ts";
import { testTogether } from "./together.ts";

const times = new RecoveryTimes("Redis refuses");
afterAll(() => times.print());

/** Long enough for the pauses between tries to grow. */
const REFUSING_SECONDS = longOr(60, 6);

testTogether(
  canUseFaultBed,
  "Publisher writes what a read-only replica refused once it is the master again",
  async () => {
    await using bed = await FaultBed.open();
    const { state } = bed.box.db;
    await state.call("REPLICAOF", "127.0.0.1", "1"); // nobody is there, so what it holds stays
    await bed.expectIntake();
    await bed.daemon.waitForLog(/STATE_DB refused Ethernet\d+: "READONLY/);
    await elapse(REFUSING_SECONDS);
    await bed.expectIntake();
    await state.call("REPLICAOF", "NO", "ONE");
    times.add(`READONLY for ${REFUSING_SECONDS} s`, await bed.recovered(performance.now()));
  },
);

testTogether(canUseFaultBed, "Publisher writes what was refused for want of memory", async () => {
  await using bed = await FaultBed.open();
  const { state } = bed.box.db;
  await state.call("CONFIG", "SET", "maxmemory", "1");
  await bed.expectIntake();
  await bed.daemon.waitForLog(/STATE_DB refused Ethernet\d+: "OOM/);
  await bed.box.links.delete(bed.ports[1]!);
  await elapse(REFUSING_SECONDS);
  await bed.expectIntake();
  await state.call("CONFIG", "SET", "maxmemory", "0");
  times.add(`OOM for ${REFUSING_SECONDS} s`, await bed.recovered(performance.now()));
});

testTogether(canUseFaultBed, "Publisher publishes the other ports while a row has the wrong type", async () => {
  await using bed = await FaultBed.open();
  const { state } = bed.box.db;
  const [wrong] = bed.ports;
  await state.del(`PORT_TABLE|${wrong}`);
  await state.call("SET", `PORT_TABLE|${wrong}`, "not a hash");
  bed.scramble(5);
  await bed.daemon.waitForLog(new RegExp(`STATE_DB refused ${wrong}: "WRONGTYPE`));
  const others = bed.ports.slice(1);
  await waitUntil("the other ports", async () => (await bed.differences(others)).length === 0);
  await elapse(REFUSING_SECONDS);
  await state.del(`PORT_TABLE|${wrong}`);
  times.add(`WRONGTYPE for ${REFUSING_SECONDS} s`, await bed.recovered(performance.now()));
});

testTogether(canUseFaultBed, "ProducerStateTable sends PortInitDone after SCRIPT FLUSH", async () => {
  await using bed = await FaultBed.open({ held: 1 });
  const { appl } = bed.box.db;
  await appl.call("SCRIPT", "FLUSH");
  const startMs = performance.now();
  await bed.box.links.add(bed.held, { up: true, carrier: true });
  await waitUntil("PortInitDone", async () => (await bed.box.pop()).includes("PortInitDone"));
  times.add("NOSCRIPT, until PortInitDone", performance.now() - startMs);
  await bed.recovered(startMs);
});

testTogether(canUseFaultBed, "Reconciler waits for Redis while it loads its data", async () => {
  await using bed = await FaultBed.open();
  const { state } = bed.box.db;
  const server = bed.box.db.server("STATE_DB");
  await state.call("SAVE");
  await server.kill();
  await bed.daemon.waitForLog(/STATE_DB is not there/);
  await using loading = await LoadingRedis.start(server);
  await bed.daemon.waitForLog(/STATE_DB is not there: "LOADING/);
  await bed.expectIntake();
  await bed.replug();
  await loading.loaded;
  const usableMs = performance.now();
  await bed.box.db.connect();
  times.add("LOADING", await bed.recovered(usableMs));
});

testTogether(canUseFaultBed, "Reconciler comes back when a password that was set is taken away", async () => {
  await using bed = await FaultBed.open();
  const { state } = bed.box.db;
  await state.call("CONFIG", "SET", "requirepass", "secret");
  await state.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await state.call("CLIENT", "KILL", "TYPE", "pubsub", "SKIPME", "yes");
  await bed.daemon.waitForLog(/STATE_DB is not there: "NOAUTH/);
  await bed.expectIntake();
  await elapse(REFUSING_SECONDS);
  await state.call("CONFIG", "SET", "requirepass", "");
  const usableMs = performance.now();
  await bed.box.db.connect();
  times.add(`NOAUTH for ${REFUSING_SECONDS} s`, await bed.recovered(usableMs));
});

testTogether(canUseFaultBed, "Admission looks at the rows each second where Redis tells of no changes", async () => {
  await using bed = await FaultBed.open({ held: 1 });
  const { appl, state } = bed.box.db;
  const [late] = bed.held;
  await appl.del(`PORT_TABLE:${late}`);
  await appl.call("CONFIG", "SET", "notify-keyspace-events", "");
  await appl.call("CLIENT", "KILL", "TYPE", "pubsub", "SKIPME", "yes");
  await bed.daemon.waitForLog(/does not tell of changes in APPL_DB/);
  await bed.box.links.add(bed.held, { up: true, carrier: true });
  await bed.readAll();
  expect(await state.exists(`PORT_TABLE|${late}`)).toBe(false);
  await appl.hset(`PORT_TABLE:${late}`, { admin_status: "up" });
  times.add("a row that no notification tells of", await bed.recovered(performance.now()));
});

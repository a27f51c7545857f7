import { afterAll, expect } from "bun:test";

import { elapse } from "./elapse.ts";
import { canUseFaultBed, FaultBed } from "./faultbed.ts";
import { longOr } from "./long.ts";
import { RecoveryTimes } from "./recoverytimes.ts";
import { testTogether } from "./together.ts";

const times = new RecoveryTimes("Redis does not answer");
afterAll(() => times.print());

/** Longer than the 10 s for which an answer is awaited. */
const FROZEN_SECONDS = longOr(60, 12);
const SLOW_MS = 5000;
const SECONDS = longOr(180, 60);

testTogether(
  canUseFaultBed,
  "Reconciler takes in what happens while Redis is stopped for longer than answers are awaited",
  async () => {
    await using bed = await FaultBed.open();
    const server = bed.box.db.server("STATE_DB");
    await server.freeze();
    for (let i = 0; i < FROZEN_SECONDS; i++) {
      await bed.expectIntake();
      await elapse(1);
    }
    await bed.replug();
    const usableMs = performance.now();
    server.thaw();
    times.add(`stopped for ${FROZEN_SECONDS} s`, await bed.recovered(usableMs));
  },
  SECONDS,
);

testTogether(canUseFaultBed, "Publisher does not take a short stop of Redis for its end", async () => {
  await using bed = await FaultBed.open();
  const server = bed.box.db.server("STATE_DB");
  await server.freeze();
  await bed.expectIntake();
  await elapse(2);
  await bed.expectIntake();
  const usableMs = performance.now();
  server.thaw();
  times.add("stopped for 2 s", await bed.recovered(usableMs));
  expect(bed.daemon.lines.join("\n")).not.toMatch(/is not there/);
});

testTogether(canUseFaultBed, "Publisher writes the latest state only to a Redis that takes 5 s to answer", async () => {
  await using bed = await FaultBed.open({ proxied: true });
  const recorder = await bed.box.db.record("STATE_DB", "PORT_TABLE|*");
  bed.proxy!.delay(SLOW_MS);
  bed.scramble();
  await recorder.waitFor("first flush", ({ event }) => event === "hset");
  for (let i = 0; i < 50; i++) bed.scramble(10);
  await bed.expectIntake();
  await bed.equal({ seconds: 3 * (SLOW_MS / 1000) });
  await recorder.sync();
  // A flush of what the first message of the burst said, one of what was said until its answer came.
  expect(recorder.events.length).toBeLessThan(5 * bed.ports.length);
  bed.scramble(10);
  await bed.replug();
  await bed.readAll();
  const usableMs = performance.now();
  bed.proxy!.delay(0);
  times.add("5 s slow", await bed.recovered(usableMs));
  expect(bed.daemon.lines.join("\n")).not.toMatch(/is not there/);
});

testTogether(canUseFaultBed, "DBConnector gives up a connection that is open on one side only", async () => {
  await using bed = await FaultBed.open({ proxied: true });
  bed.proxy!.swallow();
  await bed.expectIntake();
  await elapse(1);
  await bed.replug();
  const usableMs = performance.now();
  bed.proxy!.serve();
  times.add("half-open with a write in flight", await bed.recovered(usableMs, 30));
});

testTogether(canUseFaultBed, "Publisher deletes a row again when the DEL was lost on the way", async () => {
  await using bed = await FaultBed.open({ proxied: true });
  const [gone] = bed.ports;
  await bed.box.links.down(gone!);
  await bed.equal();
  bed.proxy!.swallow();
  await bed.box.links.delete(gone!); // a link that is down says nothing more before its end
  await bed.readAll();
  bed.proxy!.reset();
  const usableMs = performance.now();
  bed.proxy!.serve();
  times.add("a DEL lost on the way", await bed.recovered(usableMs));
});

testTogether(canUseFaultBed, "DBConnector notices a half-open connection on which nothing is written", async () => {
  await using bed = await FaultBed.open({ proxied: true, held: 1 });
  const { appl } = bed.box.db;
  const [late] = bed.held;
  await appl.del(`PORT_TABLE:${late}`);
  bed.proxy!.reset();
  await bed.daemon.waitForLog(/APPL_DB is there again/);
  bed.proxy!.swallow();
  bed.proxy!.serve();
  await bed.box.links.add(bed.held, { up: true, carrier: true });
  await appl.hset(`PORT_TABLE:${late}`, { admin_status: "up" });
  times.add("half-open without a write in flight", await bed.recovered(performance.now()));
});

testTogether(canUseFaultBed, "DBConnector comes back after connections were refused for long", async () => {
  await using bed = await FaultBed.open({ proxied: true });
  bed.proxy!.refuse();
  await elapse(10);
  await bed.expectIntake();
  await bed.replug();
  const usableMs = performance.now();
  bed.proxy!.accept();
  times.add("refused for 10 s", await bed.recovered(usableMs));
});

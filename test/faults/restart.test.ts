import { afterAll, expect } from "bun:test";
import { join } from "node:path";

import { waitUntil } from "../support/deadline.ts";
import type { LinkNotice } from "../support/linkmessage.ts";
import { LinkWatch } from "../support/linksocket.ts";
import { all, needsCommands } from "../support/requirement.ts";
import { testWith } from "../support/testwith.ts";
import { canUseFaultBed, FaultBed } from "./faultbed.ts";
import { Injection } from "./injection.ts";
import { RecoveryTimes } from "./recoverytimes.ts";
import { snapshot } from "./refill.ts";

const times = new RecoveryTimes("Daemon restarted");
afterAll(() => times.print());

/** Makes a dump of 500 links last longer than there is between two changes of CHURN. */
const RECEIVE_MICROSECONDS = 5000;
/** Adds and deletes a link that is no port, on and on. */
const CHURN = "while :; do ip link add churn type veth peer name churn1; ip link del churn; done";

for (const end of ["SIGKILL", "SIGTERM"] as const) {
  testWith(canUseFaultBed, `Reconciler adopts a running switch after ${end} and disturbs no port`, async () => {
    await using bed = await FaultBed.open({ ports: 64, config: { restart: "adopt" } });
    const before = await snapshot(bed.box.db);
    bed.daemon.signal(end);
    await bed.daemon.exited();
    const recorder = await bed.box.db.record("STATE_DB", "PORT_TABLE|*");
    const notices: LinkNotice[] = [];
    const startMs = performance.now();
    using watch = new LinkWatch((notice) => notices.push(notice), bed.box.namespace);
    await bed.restart();
    await waitUntil("first publish", () => recorder.events.length >= bed.ports.length);
    times.add(`adopt after ${end}, first publish complete`, performance.now() - startMs);
    await bed.recovered(startMs);
    watch.poll();
    await recorder.sync();
    expect(notices).toEqual([]);
    expect(new Set(recorder.events.map(({ event }) => event))).toEqual(new Set(["hset"]));
    expect((await snapshot(bed.box.db)).APPL_DB).toEqual(before.APPL_DB);
  });
}

testWith(canUseFaultBed, "Reconciler publishes what changed while no daemon ran", async () => {
  await using bed = await FaultBed.open({ ports: 64, config: { restart: "adopt" } });
  await bed.daemon.kill();
  bed.scramble(10);
  await bed.box.links.delete(bed.ports[2]!);
  await bed.box.links.add([bed.ports[2]!], { up: true, mtu: 2222 });
  const startMs = performance.now();
  await bed.restart();
  times.add("adopt, links changed meanwhile", await bed.recovered(startMs));
});

testWith(canUseFaultBed, "Reconciler removes the row of a port that ended while no daemon ran", async () => {
  await using bed = await FaultBed.open({ ports: 64, config: { restart: "adopt" } });
  await bed.daemon.kill();
  await bed.box.links.delete(bed.ports[2]!);
  const startMs = performance.now();
  await bed.restart();
  times.add("adopt, a port ended meanwhile", await bed.recovered(startMs));
});

testWith(canUseFaultBed, "Reconciler publishes all ports after a warm restart", async () => {
  await using bed = await FaultBed.open({ ports: 64 });
  const { state } = bed.box.db;
  await bed.daemon.stop();
  await state.hset("WARM_RESTART_ENABLE_TABLE|swss", { enable: "true" });
  bed.scramble(10);
  const startMs = performance.now();
  await bed.restart();
  times.add("warm, links changed meanwhile", await bed.recovered(startMs));
  expect(await state.hget("WARM_RESTART_TABLE|portsyncd", "restore_count")).toBe("1");
});

testWith(
  all(canUseFaultBed, needsCommands("strace")),
  "Reconciler goes on when the first dump does not end in time, and is right once it does",
  async () => {
    await using bed = await FaultBed.open({ ports: 256, config: { restart: "adopt" } });
    const { state } = bed.box.db;
    const server = bed.box.db.server("STATE_DB");
    await bed.daemon.kill();
    await state.flush();
    await server.freeze(); // until the daemon is made slow
    const daemon = await bed.restart({}, { PORTSYNCD_EOIU_TIMEOUT_SECS: "0.5" });
    const log = join(bed.box.directory, "strace");
    const slow = await Injection.into(daemon.pid, log, `recvfrom:delay_exit=${RECEIVE_MICROSECONDS}`);
    const churn = bed.box.namespace.spawn(["sh", "-c", CHURN]);
    server.thaw();
    await daemon.waitForLog(/the kernel did not tell all links within 500 ms/);
    await daemon.waitForLog(/NLM_F_DUMP_INTR/);
    churn.kill("SIGKILL");
    await churn.exited;
    const usableMs = performance.now();
    await slow[Symbol.asyncDispose]();
    times.add("adopt, first dump interrupted for long", await bed.recovered(usableMs));
  },
);

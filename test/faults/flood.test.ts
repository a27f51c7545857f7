import { afterAll, expect } from "bun:test";
import { join } from "node:path";

import { waitUntil } from "../support/deadline.ts";
import { farEnd } from "../support/links.ts";
import { all, needsCommands } from "../support/requirement.ts";
import { testWith } from "../support/testwith.ts";
import { elapse } from "./elapse.ts";
import { canUseFaultBed, FaultBed } from "./faultbed.ts";
import { Injection } from "./injection.ts";
import { longOr } from "./long.ts";
import { RecoveryTimes } from "./recoverytimes.ts";

const times = new RecoveryTimes("Floods of netlink messages");
afterAll(() => times.print());

/** Makes a dump of some 250 links last longer than there is between two changes. */
const RECEIVE_MICROSECONDS = 2000;
/** The kernel accounts some 2,300 bytes a message: more than fit in the 32 MiB that 16 MiB become. */
const OVERRUNNING_EVENTS = 30_000;
const FROZEN_MS = longOr(10_000, 2000);
const MANY_PORTS = longOr(4096, 1024);
const BURST_EVENTS = 100_000;

/** Changes ports for so long, while the event loop turns. */
async function flood(bed: FaultBed, ms: number): Promise<void> {
  for (const endMs = performance.now() + ms; performance.now() < endMs;) {
    bed.scramble(5);
    await new Promise(setImmediate);
  }
}

testWith(canUseFaultBed, "LinkMonitor reads all links again after a burst that overran 32 MiB", async () => {
  await using bed = await FaultBed.open({ ports: 64 });
  await bed.daemon.freeze();
  bed.scramble(OVERRUNNING_EVENTS / bed.ports.length);
  await bed.replug();
  bed.scramble();
  expect(bed.drops()).toBeGreaterThan(0);
  const goesOnMs = performance.now();
  bed.daemon.thaw();
  times.add(`${OVERRUNNING_EVENTS} events while stopped`, await bed.recovered(goesOnMs));
  await bed.expectIntake();
  await bed.equal();
});

testWith(
  canUseFaultBed,
  "Reconciler is right after the daemon was stopped in a flood that goes on",
  async () => {
    await using bed = await FaultBed.open({ ports: 64 });
    await flood(bed, 300);
    await bed.daemon.freeze();
    await flood(bed, FROZEN_MS);
    bed.daemon.thaw();
    await flood(bed, 700);
    await bed.replug();
    times.add(`stopped for ${FROZEN_MS / 1000} s in a flood`, await bed.recovered(performance.now()));
  },
  60,
);

testWith(canUseFaultBed, "LinkMonitor is right in the end when each dump meets another overrun", async () => {
  await using bed = await FaultBed.open({ ports: 128, config: { netlink: { receive_buffer_bytes: 4096 } } });
  const losses = () => bed.daemon.lines.filter((line) => /netlink messages were lost/.test(line)).length;
  await waitUntil("several losses", async () => {
    await flood(bed, 50);
    return losses() >= 10;
  });
  await bed.replug();
  times.add("overruns in the middle of dumps", await bed.recovered(performance.now()));
});

testWith(
  all(canUseFaultBed, needsCommands("strace")),
  "LinkMonitor takes an event for newer than the dump during which it came",
  async () => {
    await using bed = await FaultBed.open({ ports: 128, config: { audit: { interval_secs: 1 } } });
    const log = join(bed.box.directory, "strace");
    const slow = await Injection.into(bed.daemon.pid, log, `recvfrom:delay_exit=${RECEIVE_MICROSECONDS}`);
    for (const endMs = performance.now() + 3000; performance.now() < endMs;) {
      bed.scramble(1, bed.ports.slice(0, 4));
      await elapse(0.02);
    }
    await slow[Symbol.asyncDispose]();
    times.add("changes during slow audits", await bed.recovered(performance.now()));
    expect(bed.daemon.lines.filter((line) => /the audit of links found/.test(line))).toEqual([]);
  },
);

testWith(
  canUseFaultBed,
  `Reconciler publishes ${MANY_PORTS} ports that come at once, and all their changes in one stop`,
  async () => {
    await using bed = await FaultBed.open({ ports: MANY_PORTS, held: MANY_PORTS });
    await bed.box.links.add(bed.ports, { up: true });
    times.add(`${MANY_PORTS} ports created at once`, await bed.recovered(performance.now()));
    await bed.box.links.batch(bed.ports.map((port) => `link set ${farEnd(port)} up`));
    times.add(`carrier for ${MANY_PORTS} ports`, await bed.recovered(performance.now()));
    const stoppedMs = performance.now();
    await bed.daemon.freeze();
    bed.scramble(Math.ceil(BURST_EVENTS / bed.ports.length));
    while (performance.now() < stoppedMs + 2000) await new Promise(setImmediate);
    const goesOnMs = performance.now();
    bed.daemon.thaw();
    times.add(`${BURST_EVENTS} events over ${MANY_PORTS} ports while stopped`, await bed.recovered(goesOnMs));
  },
  180,
);

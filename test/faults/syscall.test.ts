import { afterAll, expect } from "bun:test";
import { join } from "node:path";

import { runChild } from "../support/child.ts";
import { waitUntil } from "../support/deadline.ts";
import { all, needsCommands } from "../support/requirement.ts";
import { testWith } from "../support/testwith.ts";
import { elapse } from "./elapse.ts";
import { canUseFaultBed, FaultBed } from "./faultbed.ts";
import { Injection } from "./injection.ts";
import { netlinkQueues } from "./netlinkqueue.ts";
import { RecoveryTimes } from "./recoverytimes.ts";

const times = new RecoveryTimes("System calls that fail");
afterAll(() => times.print());

const canInject = all(canUseFaultBed, needsCommands("strace", "prlimit"));
/** So little room that the messages of a few changes are lost. */
const SMALL = { netlink: { receive_buffer_bytes: 4096 } };

/** Lets the daemon open no further file until the returned function is called; those that are open stay. */
async function exhaustFiles(bed: FaultBed): Promise<() => Promise<void>> {
  const limit = async (files: number) => {
    await runChild(["prlimit", "--pid", `${bed.daemon.pid}`, `--nofile=${files}:`]);
  };
  await limit(3);
  return () => limit(1024);
}

/** Has the daemon lose messages, those of a port that ended among them, and arranges something before it goes on. */
async function lose(bed: FaultBed, arrange?: () => Promise<Injection>): Promise<Injection | undefined> {
  await bed.daemon.freeze();
  const before = bed.drops();
  bed.scramble(30);
  await bed.replug();
  bed.scramble();
  expect(bed.drops()).toBeGreaterThan(before);
  const arranged = await arrange?.();
  bed.daemon.thaw();
  return arranged;
}

function log(bed: FaultBed): string {
  return join(bed.box.directory, "strace");
}

testWith(canInject, "LinkMonitor asks again for links while no socket can be opened (EMFILE)", async () => {
  await using bed = await FaultBed.open({ config: SMALL });
  const restore = await exhaustFiles(bed);
  await lose(bed);
  await bed.daemon.waitForLog(/reading all links failed .*EMFILE/);
  await restore();
  times.add("EMFILE for the dump", await bed.recovered(performance.now()));
});

testWith(canInject, "DBConnector comes back after no socket could be opened (EMFILE)", async () => {
  await using bed = await FaultBed.open({ proxied: true });
  const restore = await exhaustFiles(bed);
  bed.proxy!.refuse();
  bed.proxy!.accept();
  await bed.daemon.waitForLog(/STATE_DB is not there/);
  await bed.expectIntake();
  const { connections } = bed.proxy!;
  await elapse(1);
  expect(bed.proxy!.connections).toBe(connections);
  await restore();
  times.add("EMFILE for Redis", await bed.recovered(performance.now()));
});

testWith(
  canInject,
  "LinkMonitor asks again for links while the kernel has no memory for a socket (ENOMEM)",
  async () => {
    await using bed = await FaultBed.open({ config: SMALL });
    const injection = await lose(bed, () => Injection.into(bed.daemon.pid, log(bed), "socket:error=ENOMEM"));
    await bed.daemon.waitForLog(/reading all links failed .*ENOMEM/);
    await injection![Symbol.asyncDispose]();
    times.add("ENOMEM for the dump", await bed.recovered(performance.now()));
  },
);

testWith(canInject, "LinkMonitor asks again for links when a dump breaks off in the middle (ENOBUFS)", async () => {
  await using bed = await FaultBed.open({ config: SMALL, ports: 64 });
  const restore = await exhaustFiles(bed);
  await lose(bed);
  await bed.daemon.waitForLog(/reading all links failed .*EMFILE/);
  // From here on only the dump receives: the links are quiet, and nothing is published.
  await bed.readAll();
  const injection = await Injection.into(bed.daemon.pid, log(bed), "recvfrom:error=ENOBUFS:when=3+4");
  await restore();
  await bed.daemon.waitForLog(/reading all links failed .*ENOBUFS/);
  await injection[Symbol.asyncDispose]();
  times.add("ENOBUFS in the middle of a dump", await bed.recovered(performance.now()));
});

testWith(canInject, "LinkIntake outlives a receive for which the kernel has no memory (ENOMEM)", async () => {
  await using bed = await FaultBed.open();
  const read = netlinkQueues(bed.daemon.pid)
    .toSorted((a, b) => a.inode - b.inode)
    .at(-1)!;
  const injection = await Injection.into(bed.daemon.pid, log(bed), "recvfrom:error=ENOMEM:when=2..4", read.inode);
  await waitUntil("failed receive", () => {
    bed.scramble();
    return injection.count > 0;
  });
  await injection[Symbol.asyncDispose]();
  await bed.replug();
  times.add("ENOMEM for a receive", await bed.recovered(performance.now()));
});

testWith(canInject, "Reconciler outlives sends that fail (ENOMEM, ENOBUFS)", async () => {
  await using bed = await FaultBed.open({ config: { ...SMALL, audit: { interval_secs: 1 } } });
  for (const error of ["ENOMEM", "ENOBUFS"]) {
    const expression = `sendto:error=${error}:when=1+2`;
    const injection = await lose(bed, () => Injection.into(bed.daemon.pid, log(bed), expression));
    await waitUntil("failed sends", () => injection!.count > 5);
    await injection![Symbol.asyncDispose]();
    times.add(`${error} for sends`, await bed.recovered(performance.now()));
  }
});

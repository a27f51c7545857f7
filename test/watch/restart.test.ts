import { expect } from "bun:test";
import { join } from "node:path";

import type { Daemon } from "../../src/daemon.ts";
import type { TrendFacts } from "../../src/http/sources.ts";
import { canWatchSwitch, WatchedSwitch } from "../metrics/watchedswitch.ts";
import { Asked, limitsIn } from "../store/requests.ts";
import { waitUntil } from "../support/deadline.ts";
import { testWith } from "../support/testwith.ts";

const STEP_MS = 300_000;
const EARLIER = 6;
const QUEUED = "portsyncd_store_queued_transitions";

/** What the trends of a daemon say as soon as it has taken its first sample, which it does after 10 s, and read the history. */
function trendsOf(daemon: Daemon): Promise<TrendFacts> {
  const told = () => daemon.watch.trending.facts().catch(() => undefined);
  return waitUntil("trends", told, { seconds: 60, everyMs: 100 });
}

function pointsOfDay({ reports }: TrendFacts): number {
  return reports.find(({ series, tier }) => series === "health_score" && tier === "day")?.trend?.points ?? 0;
}

/** Puts points into the file, as a daemon of the last hour would have. */
function keepEarlierPoints(directory: string): void {
  using asked = new Asked(limitsIn(directory));
  const firstMs = Date.now() - 3_600_000;
  const points = Array.from({ length: EARLIER }, (_, i) => {
    return { series: "health_score", tier: "day", ms: firstMs + i * STEP_MS, value: 90 + i, most: 288 };
  });
  expect(asked.save([], { points }).outcome).toBe("done");
}

testWith(
  canWatchSwitch,
  "Daemon shows after a restart its silence, its trend and which port flaps, and counts no flap twice",
  async () => {
    await using bed = await WatchedSwitch.open({ config: { restart: "adopt" } });
    keepEarlierPoints(join(bed.box.directory, "store"));
    const { daemon: first } = await bed.start();
    await bed.box.links.add(bed.ports, { up: true, carrier: true });
    for (const port of bed.ports) await bed.untilOper(port, "up");
    const port = bed.ports[1]!;
    await bed.flap(port, 3);
    const made = await first.watch.silences.create({ rule: "redis_down", reason: "upgrade", expires_in_secs: 3600 });
    const { notKept, ...silence } = made as { notKept: string };
    expect(notKept).toBe("");
    const before = await trendsOf(first);
    // One more for each step of five minutes that ended meanwhile.
    expect(pointsOfDay(before)).toBeGreaterThanOrEqual(EARLIER);
    expect(before.ports.map((one) => [one.port, one.flaps, one.episodes])).toEqual([[port, 3, 1]]);
    // A daemon that stops gives the disk two seconds.
    await waitUntil("the end of the queue", async () => (await bed.daemon.series()).get(QUEUED) === 0);
    await bed.daemon.stop();

    const { daemon: second } = await bed.start();
    const silences = await waitUntil(
      "silence",
      () => second.watch.silences.list.length > 0 && second.watch.silences.list,
    );
    expect(silences).toEqual([silence] as never);
    await bed.flap(port, 1);
    const after = await trendsOf(second);
    // And one for the step in which the first daemon was stopped.
    expect(pointsOfDay(after)).toBeGreaterThan(pointsOfDay(before));
    expect(after.ports.map((one) => [one.port, one.flaps, one.episodes])).toEqual([[port, 4, 1]]);
    expect(after.reports.find(({ series }) => series === "restarts")).toBeDefined();
  },
  180,
);

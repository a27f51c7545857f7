import { describe, expect, test } from "bun:test";

import { collectLog } from "../port/loglines.ts";
import { Story } from "./story.ts";

// The whole daemon on a fake clock. The daemon looks at its rules each 5 s; each expectation follows from the rules as they are
// promised: redis_down after 15 s, health_score_low (below 50) after 60 s, port_flapping (more than 5 in 300 s) and
// netlink_overrun (any in 300 s) at once; what is over is shown for 15 minutes more.

const lines = collectLog();

const GAUGES = [
  "redis_connected",
  "health_score",
  "queue_depth",
  "ports_in_sync",
  'port_flaps_total{port="Ethernet4"}',
  "netlink_overruns_total",
] as const;

describe("Daemon", () => {
  test("Daemon has each alert in the right state after each tick while Redis is away for 3 minutes, a port flaps and messages are lost", async () => {
    await using story = await Story.begin("Ethernet0", "Ethernet4", "Ethernet8");
    expect(await story.gauges(...GAUGES)).toEqual([1, 100, 0, 3, 0, 0]);
    await story.to(102);
    story.databases.lose();
    expect(await story.gauges("redis_connected", "health_score")).toEqual([0, 40]); // at once, not at the next tick
    await story.flap("Ethernet4", 201, 211, 221, 231, 241, 251);
    await story.to(263);
    story.overrun();
    await story.to(281);
    // Ethernet4 waits to be looked at, but is as it was.
    expect(await story.gauges(...GAUGES)).toEqual([0, 40, 1, 3, 6, 1]);
    await story.to(282);
    story.databases.bringBack();
    await story.flap("Ethernet8", 290, 295, 300, 305, 310); // five times is not too often
    await story.to(1600);
    expect(await story.gauges(...GAUGES)).toEqual([1, 100, 0, 3, 6, 1]);
    expect(story.changes).toEqual([
      "105 health_score_low pending",
      "105 redis_down pending",
      "120 redis_down firing",
      "165 health_score_low firing",
      "255 port_flapping Ethernet4 firing", // the sixth, at 251
      "265 netlink_overrun firing",
      "285 health_score_low resolved",
      "285 redis_down resolved",
      "505 port_flapping Ethernet4 resolved", // the first is out of the window
      "565 netlink_overrun resolved",
      "1190 health_score_low inactive",
      "1190 redis_down inactive",
      "1410 port_flapping Ethernet4 inactive",
      "1470 netlink_overrun inactive",
    ]);
    expect(lines().filter((line) => line.includes(" alert: "))).toEqual([
      'ERROR :- alert: redis_down is firing: "Redis is not connected"',
      'WARN :- alert: health_score_low is firing: "portsyncd is unhealthy: 40 points of 100"',
      'WARN :- alert: port_flapping of Ethernet4 is firing: "Ethernet4 went down 6 times in 5 min"',
      'WARN :- alert: netlink_overrun is firing: "messages of the kernel were lost; overruns in 5 min: 1"',
      'NOTICE :- alert: health_score_low is resolved; it was: "portsyncd is unhealthy: 40 points of 100"',
      'NOTICE :- alert: redis_down is resolved; it was: "Redis is not connected"',
      'NOTICE :- alert: port_flapping of Ethernet4 is resolved; it was: "Ethernet4 went down 6 times in 5 min"',
      'NOTICE :- alert: netlink_overrun is resolved; it was: "messages of the kernel were lost; overruns in 5 min: 1"',
    ]);
  });

  test("Daemon has alerts pending, and none that fires, while Redis is away for less than 15 seconds", async () => {
    await using story = await Story.begin("Ethernet0");
    await story.to(104);
    story.databases.lose();
    await story.to(118);
    story.databases.bringBack();
    await story.to(400);
    expect(story.changes).toEqual([
      "105 health_score_low pending",
      "105 redis_down pending",
      "120 health_score_low inactive",
      "120 redis_down inactive",
    ]);
  });

  test("Daemon begins to count anew when Redis comes back in between, and fires again after an end", async () => {
    await using story = await Story.begin("Ethernet0");
    for (const [lost, back] of [
      [104, 114],
      [117, 141],
      [152, 171],
    ] as const) {
      await story.to(lost);
      story.databases.lose();
      await story.to(back);
      story.databases.bringBack();
    }
    await story.to(400);
    expect(story.changes.filter((change) => change.includes("redis_down"))).toEqual([
      "105 redis_down pending",
      "115 redis_down inactive",
      "120 redis_down pending",
      "135 redis_down firing",
      "145 redis_down resolved",
      "155 redis_down pending",
      "170 redis_down firing",
      "175 redis_down resolved",
    ]);
  });

  test("Daemon says in its trends that the outage is an anomaly, and which port flaps most", async () => {
    await using story = await Story.begin("Ethernet0", "Ethernet4", "Ethernet8");
    await story.flap("Ethernet8", 50);
    await story.to(102);
    story.databases.lose();
    await story.flap("Ethernet4", 201, 211, 221, 231, 241, 251);
    await story.to(281);
    const { reports, ports } = await story.trends();
    const { words, trend } = reports.find(({ series, tier }) => series === "health_score" && tier === "hour")!;
    expect(words).toContain("the newest value, 40 points, is a severe anomaly");
    // A sample each 10 s, from 110 to 280.
    expect(trend!.anomalies.map(({ value, severity }) => [value, severity])).toEqual(
      Array.from({ length: 18 }, () => [40, "severe"]),
    );
    const [first, last] = [trend!.anomalies[0]!, trend!.anomalies.at(-1)!];
    expect(last.ms - first.ms).toBe(170_000);
    expect(ports.map(({ port, flaps }) => [port, flaps])).toEqual([
      ["Ethernet4", 6],
      ["Ethernet8", 1],
    ]);
  });
});

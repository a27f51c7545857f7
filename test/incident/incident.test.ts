import { expect } from "bun:test";

import { waitUntil } from "../support/deadline.ts";
import { testWith } from "../support/testwith.ts";
import { AlertRecord, OBSERVERS, type Step } from "./alertrecord.ts";
import { canHaveIncident, type Rule, TroubledSwitch } from "./troubledswitch.ts";

const SHORT: readonly Rule[] = [
  { id: "redis_down", for_secs: 3 },
  { id: "health_score_low", for_secs: 7 },
  { id: "port_flapping", window_secs: 20 },
  { id: "netlink_overrun", window_secs: 28 },
];
const FLAPPING = "Ethernet4";

const STORY = [
  ["health_score_low pending", "redis_down pending"],
  ["redis_down firing"],
  ["health_score_low firing"],
  ["netlink_overrun firing", `port_flapping ${FLAPPING} firing`],
  ["health_score_low resolved", "redis_down resolved"],
  [`port_flapping ${FLAPPING} resolved`],
  ["netlink_overrun resolved"],
] as const satisfies readonly Step[];

testWith(
  canHaveIncident,
  "draft",
  async () => {
    const t0 = performance.now();
    await using it = await TroubledSwitch.open(SHORT);
    console.log("opened", performance.now() - t0);
    const record = new AlertRecord({ daemon: () => it.alertsOfDaemon(), Prometheus: () => it.alertsOfPrometheus() });
    await record.look();
    const show = async (what: string) => {
      console.log(`--- ${what} at ${record.seconds.toFixed(1)}`);
      console.log(await it.get("/-/healthy"), it.notify.datagrams.filter((d) => d.startsWith("STATUS")).at(-1));
      console.log(await it.command("status"));
      console.log(await it.command("alerts"));
      console.log(await it.alertsOfAlertmanager());
      console.log(
        await it.gauges(
          "redis_connected",
          "queue_depth",
          "health_score",
          "health_status",
          "netlink_overruns_total",
          `port_flaps_total{port="${FLAPPING}"}`,
          "event_latency_seconds_count",
        ),
      );
    };
    await show("well");
    const bringBack = await it.killRedis();
    console.log("killed at", record.seconds);
    await record.until(STORY[0], 30);
    await show("pending");
    await record.until(STORY[1], 30);
    await record.until(STORY[2], 30);
    await show("firing");
    await it.flap(FLAPPING, 8);
    await it.overrun("Ethernet8");
    console.log("flapped at", record.seconds);
    await record.until(STORY[3], 30);
    await show("flapping");
    await bringBack();
    console.log("back at", record.seconds);
    await it.bed.equal();
    await record.until(STORY[4], 30);
    await show("back");
    console.log(await it.command("trends"));
    console.log(await it.command("history"));
    await record.until(STORY[5], 60);
    await record.until(STORY[6], 60);
    await show("over");
    console.log(record.entries.map((e) => `${e.seconds.toFixed(1)} ${e.observer} ${e.change}`).join("\n"));
    console.log(it.bed.daemon.lines.join("\n"));
    for (const observer of OBSERVERS) expect(record.steps(observer, STORY)).toEqual(STORY.map((step) => [...step]));
  },
  300,
);

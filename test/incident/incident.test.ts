import { expect } from "bun:test";

import type { Response } from "../../src/http/v1/schema.ts";
import { longOr } from "../faults/long.ts";
import { waitUntil } from "../support/deadline.ts";
import { testWith } from "../support/testwith.ts";
import { AlertRecord, OBSERVERS, type Step } from "./alertrecord.ts";
import { canHaveIncident, type Rule, TroubledSwitch } from "./troubledswitch.ts";

const [FLAPPING, STEADIER, OVERRUN] = ["Ethernet4", "Ethernet8", "Ethernet12"] as const;

/** What the configuration changes of the rules, so that the story takes less than a minute; none when it may take long. */
const RULES: readonly Rule[] = longOr<readonly Rule[]>(
  [],
  [
    { id: "redis_down", for_secs: 3 },
    { id: "health_score_low", for_secs: 7 },
    { id: "port_flapping", window_secs: 32 },
    { id: "netlink_overrun", window_secs: 24 },
  ],
);
/** For how long Redis is away, at least. */
const OUTAGE_SECONDS = longOr(180, 0);
/** Of the longest wait of the story: a window of five minutes, or less. */
const PATIENCE_SECONDS = longOr(400, 60);

const STORY = {
  flapping: [`port_flapping ${FLAPPING} firing`],
  away: ["health_score_low pending", "redis_down pending"],
  noticed: ["redis_down firing"],
  worse: ["health_score_low firing", "netlink_overrun firing"],
  back: ["health_score_low resolved", "redis_down resolved"],
  steady: [`port_flapping ${FLAPPING} resolved`],
  over: ["netlink_overrun resolved"],
} as const satisfies Record<string, Step>;

const GAUGES = ["redis_connected", "health_score", "health_status", "queue_depth", "netlink_overruns_total"] as const;
const FLAPS = `port_flaps_total{port="${FLAPPING}"}`;

/** What an operator sees while Redis is away. */
async function expectTrouble(it: TroubledSwitch): Promise<void> {
  const overruns = { netlink_overruns_total: 1, queue_depth: 1 };
  const series = await it.gauges(...GAUGES, FLAPS);
  expect(series).toEqual({
    redis_connected: 0,
    health_score: expect.any(Number),
    health_status: 0,
    ...overruns,
    [FLAPS]: 8,
  });
  expect(series["health_score"]).toBeLessThan(50);
  const { status, body } = await it.get("/-/healthy");
  expect([status, body]).toEqual([503, expect.stringMatching(/^unhealthy, .*Redis has not been connected for \d/)]);
  expect(await it.command("status")).toMatch(/^unhealthy, .*\n  Redis has not been connected for [\s\S]*ECONNREFUSED/);
  expect(await it.command("status")).toMatch(
    /\n  3 of 4 ports are in sync, .*\nports +3 of 4 in sync, 1 not in order\n/,
  );
  const alerts = (await it.command("alerts")).split("\n").filter((line) => /^\w/.test(line));
  expect(alerts.map((line) => line.replace(/ since .*?:\d\d\.\d+Z/, "").replaceAll(/ +/g, " ")).sort()).toEqual([
    expect.stringMatching(/^firing critical redis_down: Redis is not connected$/),
    expect.stringMatching(/^firing warning health_score_low: portsyncd is unhealthy: \d+ points of 100$/),
    expect.stringMatching(/^firing warning netlink_overrun: messages of the kernel were lost; overruns in .*: 1$/),
    expect.stringMatching(/^firing warning port_flapping Ethernet4: Ethernet4 went down 8 times in /),
  ]);
  // As it is now, and not as of the begin.
  await it.notify.waitFor(/^STATUS=waiting for Redis: 4 ports published; unhealthy, .*connected for [1-9][\d.]* s/);
}

/** What an operator finds when all is over. */
async function expectPeace(it: TroubledSwitch): Promise<void> {
  expect(await it.bed.differences()).toEqual([]);
  expect(await it.gauges(...GAUGES)).toEqual({
    redis_connected: 1,
    health_score: 100,
    health_status: 1,
    queue_depth: 0,
    netlink_overruns_total: 1,
  });
  expect(await it.get("/-/healthy")).toMatchObject({ status: 200, body: "healthy, 100 of 100\n" });
  expect(await it.command("status")).toMatch(/^healthy, 100 of 100\nports +4 of 4 in sync, 0 not in order\n/);
  expect(it.notify.datagrams.findLast((datagram) => datagram.startsWith("STATUS="))).toBe(
    "STATUS=running: 4 ports published",
  );
  const ports = (await it.command("trends")).split("\n").filter((line) => line.startsWith("Ethernet"));
  expect(ports).toEqual([
    expect.stringMatching(new RegExp(`^${FLAPPING} +usual +8 flaps in 1 episode`)),
    expect.stringMatching(new RegExp(`^${STEADIER} +usual +1 flap in 1 episode`)),
  ]);
  const history = (await it.command("history", FLAPPING)).split("\n");
  expect(history.filter((line) => /oper up .*-> .*oper down/.test(line))).toHaveLength(8);
  const { rules } = JSON.parse((await it.get("/api/v1/alerts")).body) as Response<"Alerts">;
  expect(
    rules
      .filter(({ transitions_total: { firing } }) => firing > 0)
      .map(({ rule }) => rule)
      .sort(),
  ).toEqual(["health_score_low", "netlink_overrun", "port_flapping", "redis_down"]);
}

/** What happens, each thing when the last one has been noticed by the daemon and by Prometheus. */
async function tell(it: TroubledSwitch, record: AlertRecord): Promise<void> {
  const reach = (step: Step) => record.until(step, PATIENCE_SECONDS);
  record.note(`${FLAPPING} flaps 8 times, ${STEADIER} once`);
  await it.flap(FLAPPING, 8);
  await it.flap(STEADIER, 1);
  await reach(STORY.flapping);
  await it.untilTold(`port_flapping ${FLAPPING}`);

  record.note("Redis is killed");
  const lost = record.seconds;
  const bringBack = await it.killRedis();
  await reach(STORY.away);
  await reach(STORY.noticed);
  record.note("more link messages than the receive buffer holds");
  await it.overrun(OVERRUN);
  await reach(STORY.worse);
  await it.untilTold("health_score_low", "netlink_overrun", `port_flapping ${FLAPPING}`, "redis_down");
  await expectTrouble(it);

  await waitUntil("the outage", () => record.seconds - lost > OUTAGE_SECONDS, { seconds: 300, everyMs: 50 });
  record.note("Redis is back, without the rows of ports");
  await bringBack();
  await it.bed.equal();
  await reach(STORY.back);
  await it.untilTold("netlink_overrun", `port_flapping ${FLAPPING}`);

  await reach(STORY.steady);
  await reach(STORY.over);
  await it.untilTold();
}

testWith(
  canHaveIncident,
  "An incident shows in gauges, health, alerts, Prometheus, Alertmanager, trends and history alike, and is over when it is",
  async () => {
    await using it = await TroubledSwitch.open(RULES);
    const record = new AlertRecord({ daemon: () => it.alertsOfDaemon(), Prometheus: () => it.alertsOfPrometheus() });
    await record.look();
    expect(record.entries).toEqual([]);
    await tell(it, record);
    await expectPeace(it);
    await record.look();
    const story = Object.values(STORY);
    for (const observer of OBSERVERS)
      expect([observer, ...record.steps(observer, story)]).toEqual([observer, ...story]);
    console.log(`The incident, in seconds:\n${record.table().join("\n")}`);
  },
  longOr(600, 150),
);

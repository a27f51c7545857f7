import { describe, expect, test } from "bun:test";

import { MOST_SAMPLES } from "../../src/watch/alertkeeping.ts";
import { keepWrongly } from "../store/databasefile.ts";
import { waitUntil } from "../support/deadline.ts";
import { TempDir } from "../support/tempdir.ts";
import { NOBODY } from "./alertbench.ts";
import { KeepingProcess } from "./keepingprocess.ts";

const CONNECTED = "portsyncd_redis_connected";
const CORRUPTIONS = "portsyncd_corruptions_detected_total";
const RECOVERIES = "portsyncd_state_recoveries_total";

/** What the first process of a test has: a loaded store, and Redis there. */
async function first(directory: string): Promise<KeepingProcess> {
  const one = await KeepingProcess.start(directory).load();
  one.metrics.set(CONNECTED, 1);
  await one.look(5);
  return one;
}

describe("AlertKeeping", () => {
  test("AlertKeeping goes on over a restart with what is pending, since when it was", async () => {
    await using dir = new TempDir();
    using one = await first(dir.file("store"));
    one.metrics.set(CONNECTED, 0);
    await one.look(10);
    expect(one.state("redis_down")).toBe("pending");
    using two = await (await one.restart(dir.file("store"), 4)).load();
    two.metrics.set(CONNECTED, 0);
    await two.look(5); // 5 s, 4 s while none ran, and 5 s: less than 15 s
    expect(two.state("redis_down")).toBe("pending");
    await two.look(5);
    expect(two.state("redis_down")).toBe("firing");
  });

  test("AlertKeeping goes on with what was pending when the process was killed, though nothing had changed for long", async () => {
    await using dir = new TempDir();
    using one = await first(dir.file("store"));
    one.metrics.set(CORRUPTIONS, 0);
    one.metrics.set(RECOVERIES, 0);
    await one.look(5);
    one.metrics.set(CORRUPTIONS, 1);
    await one.look(115);
    expect(one.state("corruption_unrecovered")).toBe("pending");
    using two = await (await one.crash(dir.file("store"), 10)).load();
    for (const name of [CORRUPTIONS, RECOVERIES]) two.metrics.set(name, name === CORRUPTIONS ? 1 : 0);
    await two.look(5);
    expect(two.state("corruption_unrecovered")).toBe("firing");
  });

  test("AlertKeeping goes on with what fires, and ends it when it is over", async () => {
    await using dir = new TempDir();
    using one = await first(dir.file("store"));
    one.metrics.set(CONNECTED, 0);
    await one.look(20);
    using two = await (await one.crash(dir.file("store"), 3600)).load();
    two.metrics.set(CONNECTED, 0);
    await two.look(5);
    expect(two.state("redis_down")).toBe("firing");
    two.metrics.set(CONNECTED, 1);
    await two.look(5);
    expect(two.state("redis_down")).toBe("resolved");
    using three = await (await two.crash(dir.file("store"), 5)).load();
    three.metrics.set(CONNECTED, 1);
    await three.look(5);
    expect(three.state("redis_down")).toBe("resolved");
    await three.look(900);
    using four = await (await three.crash(dir.file("store"), 5)).load();
    await four.look(5);
    expect(four.store.keepsakes("alert")).toEqual(new Map());
  });

  test("AlertKeeping knows under which instance an alert was told, and a webhook hears its end when that is another now", async () => {
    await using dir = new TempDir();
    const heard: string[] = [];
    await using hook = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: async (request) => {
        const { alerts } = (await request.json()) as { alerts: { status: string; labels: Record<string, string> }[] };
        heard.push(...alerts.map(({ status, labels }) => `${labels["alertname"]} of ${labels["instance"]} ${status}`));
        return new Response();
      },
    });
    using one = await first(dir.file("store"));
    one.metrics.set(CONNECTED, 0);
    await one.look(20);
    using two = await (await one.crash(dir.file("store"), 5, "switch2")).load();
    two.alerting.apply({
      rules: two.alerting.rules,
      labels: {},
      receivers: { ...NOBODY, webhooks: [hook.url.href] },
    });
    two.metrics.set(CONNECTED, 0);
    await two.look(5);
    await waitUntil("both", () => heard.length >= 2, { seen: () => heard });
    expect(heard).toEqual(["redis_down of switch1 resolved", "redis_down of switch2 firing"]);
  });

  test("AlertKeeping joins what was kept with what the process has seen before its store was open", async () => {
    await using dir = new TempDir();
    using one = await first(dir.file("store"));
    one.metrics.set(CONNECTED, 0);
    await one.look(20);
    using two = await one.crash(dir.file("store"), 30);
    two.metrics.set(CONNECTED, 0);
    await two.look(10);
    expect(two.state("redis_down")).toBe("pending");
    await two.load();
    await two.look(5);
    expect(two.state("redis_down")).toBe("firing");
    const [saved] = two.store.keepsakes("alert")!.values();
    const startedMs = (JSON.parse(saved!) as { alert: { startedAt: { wallMs: number } } }).alert.startedAt.wallMs;
    expect(startedMs).toBe(one.clock.wallNow() - 1000);
  });

  test("AlertKeeping has windows over counters that last go on over a restart, and over the time before the store is open", async () => {
    await using dir = new TempDir();
    using one = await first(dir.file("store"));
    for (const name of [CORRUPTIONS, RECOVERIES]) one.metrics.set(name, 3);
    await one.look(5);
    using two = await one.crash(dir.file("store"), 60);
    await two.look(20); // the counters are not known yet
    await two.load();
    two.metrics.set(CORRUPTIONS, 4);
    two.metrics.set(RECOVERIES, 3);
    await two.look(5);
    expect(two.state("corruption_unrecovered")).toBe("pending");
    await two.look(120);
    expect(two.state("corruption_unrecovered")).toBe("firing");
    await two.look(400); // 10 min after what was saved
    expect(two.state("corruption_unrecovered")).toBe("firing");
    await two.look(600);
    expect(two.state("corruption_unrecovered")).toBe("resolved");
  });

  test("AlertKeeping does not take what the process counted for itself for a continuation of what was kept", async () => {
    await using dir = new TempDir();
    using one = await first(dir.file("store"));
    for (const name of [CORRUPTIONS, RECOVERIES]) one.metrics.set(name, 3);
    await one.look(5);
    using two = await one.crash(dir.file("store"), 60);
    for (const name of [CORRUPTIONS, RECOVERIES]) two.metrics.set(name, name === CORRUPTIONS ? 5 : 4);
    await two.look(5);
    await two.load();
    await two.look(300);
    expect(two.state("corruption_unrecovered")).toBeUndefined();
  });

  test("AlertKeeping keeps a sample only when a counter changed, and no more than it needs", async () => {
    await using dir = new TempDir();
    using one = await first(dir.file("store"));
    const kept = () => [...one.store.keepsakes("sample")!.values()].map((json) => JSON.parse(json) as object);
    one.metrics.set(CORRUPTIONS, 0);
    await one.look(60);
    expect(kept()).toEqual([{ wallMs: one.clock.wallNow() - 55_000, values: { [CORRUPTIONS]: 0 } }]);
    for (let i = 1; i <= MOST_SAMPLES + 44; i++) {
      one.metrics.set(CORRUPTIONS, i);
      await one.look(5);
    }
    expect(kept()).toHaveLength(MOST_SAMPLES);
    expect(kept().at(0)).toMatchObject({ values: { [CORRUPTIONS]: 45 } });
    using two = await (await one.crash(dir.file("store"), 5)).load();
    two.metrics.set(CORRUPTIONS, 1000);
    await two.look(5);
    const keys = [...two.store.keepsakes("sample")!.keys()].map(Number);
    expect([keys.length, Math.max(...keys)]).toEqual([MOST_SAMPLES, MOST_SAMPLES + 46]);
  });

  test("AlertKeeping keeps the alerts of many ports, and no more than it may, those that were told of first", async () => {
    await using dir = new TempDir();
    using one = await first(dir.file("store"));
    const flaps = "portsyncd_port_flaps_total";
    const ports = Array.from({ length: 5000 }, (_, i) => `Ether\xffnet${i}`);
    void one.silences.create({ port: "Ether\xffnet1*", reason: "x", expires_in_secs: 3600 });
    for (const count of [0, 9]) {
      for (const port of ports) one.metrics.setPort(flaps, port, count);
      await one.look(5);
    }
    expect(one.alerting.statistics.find(({ rule }) => rule === "port_flapping")!.alerts).toMatchObject({
      firing: 3889,
      suppressed: 1111,
    });
    using two = await (await one.crash(dir.file("store"), 5)).load();
    const kept = [...two.store.keepsakes("alert")!.keys()];
    expect(kept.filter((key) => !key.startsWith("port_flapping/Ether\xffnet1"))).toHaveLength(3889);
    for (const port of ports) two.metrics.setPort(flaps, port, 9);
    const seen = () => two.alerting.statistics.find(({ rule }) => rule === "port_flapping")!;
    await two.look(5);
    // Those that were kept go on, since the flaps are in the window still, and end when those are out of it.
    const { firing, suppressed } = seen().alerts;
    expect([firing + suppressed, seen().transitions]).toMatchObject([4096, { firing: 0, suppressed: 0, resolved: 0 }]);
    await two.look(300);
    expect([seen().alerts.resolved, seen().transitions.firing]).toEqual([4096, 0]);
  });

  test("AlertKeeping does without what cannot be read, and keeps the rest", async () => {
    await using dir = new TempDir();
    using one = await first(dir.file("store"));
    one.metrics.set(CONNECTED, 0);
    await one.look(20);
    using two = await one.crash(dir.file("store"), 5);
    const wrong = ["{}", "[]", "null", '"x"', '{"rule":"r","severity":"bad"}', "1e999"];
    keepWrongly(dir.file("store/portsyncd.db"), ["alert", "sample", "silence"], wrong);
    await two.load();
    two.metrics.set(CONNECTED, 0);
    await two.look(5);
    expect(two.state("redis_down")).toBe("firing");
    expect([...two.store.keepsakes("alert")!.keys()]).toEqual(["redis_down"]);
    expect(two.silences.list).toEqual([]);
  });

  test("AlertKeeping does without an alert that began when no calendar has a date, which nobody could be told", async () => {
    await using dir = new TempDir();
    using one = await first(dir.file("store"));
    one.metrics.set(CONNECTED, 0);
    await one.look(20);
    const [kept] = one.store.keepsakes("alert")!.values();
    const alert = JSON.parse(kept!) as { alert: { startedAt: { wallMs: number } } };
    expect(alert.alert.startedAt.wallMs).toBeGreaterThan(0);
    alert.alert.startedAt.wallMs = -8.7e15;
    using two = await one.crash(dir.file("store"), 5);
    keepWrongly(dir.file("store/portsyncd.db"), ["alert"], [JSON.stringify(alert)]);
    await two.load();
    two.metrics.set(CONNECTED, 1);
    await two.look(5);
    expect([...two.store.keepsakes("alert")!.keys()]).toEqual(["redis_down"]);
    expect(two.state("redis_down")).toBe("resolved");
  });
});

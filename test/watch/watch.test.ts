import { describe, expect, test } from "bun:test";

import { DEFAULT_CONFIG } from "../../src/config/schema.ts";
import { DEFAULT_HEALTH_LIMITS } from "../../src/health/health.ts";
import { toAlerts } from "../../src/http/v1/alerts.ts";
import { silenceRoutes } from "../../src/http/v1/silences.ts";
import { alertSettings } from "../../src/watch/alertsettings.ts";
import { seriesName } from "../metrics/exposition.ts";
import { collectLog } from "../port/loglines.ts";
import { UP, WatchBench } from "./watchbench.ts";

const lines = collectLog("info");
describe("Watch", () => {
  test("Watch looks at health each five seconds, and the daemon is well then", async () => {
    await using bench = await WatchBench.open("eth0", "eth1");
    await bench.clock.run(5000);
    const series = await bench.series();
    expect(bench.watch.health.health).toEqual({ status: "healthy", score: 100, reasons: [] });
    expect([series.get("portsyncd_health_score"), series.get("portsyncd_netlink_connected")]).toEqual([100, 1]);
    expect([series.get("portsyncd_ports"), series.get("portsyncd_ports_in_sync")]).toEqual([2, 2]);
  });

  test("Watch looked before there was anything, and shows that the daemon was not well then", async () => {
    await using bench = await WatchBench.open();
    expect(bench.watch.health.health?.reasons.map(({ name }) => name)).toEqual(["netlink_down", "redis_down"]);
    expect(await bench.watch.look()).toMatchObject({ score: 100 });
  });

  test("Watch observes by how much its timer was late, and health has a stall in it", async () => {
    await using bench = await WatchBench.open();
    await bench.clock.run(2000);
    const before = (await bench.series()).get("portsyncd_event_loop_delay_seconds_count");
    expect(before).toBe(2);
    bench.clock.pass(12_400); // nothing runs
    await bench.clock.run(0);
    const series = await bench.series();
    const bucket = (le: string) => series.get(seriesName("portsyncd_event_loop_delay_seconds_bucket", { le }));
    expect([bucket("0.001"), bucket("10"), bucket("60")]).toEqual([2, 2, 3]);
    expect(series.get("portsyncd_event_loop_delay_seconds_sum")).toBeCloseTo(11.5, 6);
    const { reasons } = await bench.watch.look();
    expect(reasons).toMatchObject([{ name: "event_loop_stalled", text: expect.stringContaining("11.5 s") }]);
  });

  test("Watch.apply changes what health allows, from the next look on", async () => {
    await using bench = await WatchBench.open();
    bench.clock.pass(5000);
    await bench.clock.run(0);
    expect((await bench.watch.look()).status).toBe("healthy");
    bench.watch.apply({ ...DEFAULT_HEALTH_LIMITS, maxStallSeconds: 1 }, alertSettings(DEFAULT_CONFIG, false));
    expect((await bench.watch.look()).reasons.map(({ name }) => name)).toEqual(["event_loop_stalled"]);
  });

  test("Watch has failed events in the health of five minutes, and no longer", async () => {
    await using bench = await WatchBench.open("eth0");
    await bench.clock.run(10_000);
    bench.reconciler.monitor!.counters.undecoded.name += 5;
    await bench.clock.run(5000);
    expect(bench.watch.health.health?.reasons.map(({ name }) => name)).toEqual(["event_failures"]);
    await bench.clock.run(310_000);
    expect(bench.watch.health.health?.reasons).toEqual([]);
  });

  test("Watch has ports in health that stay wrong, and none that is wrong for a moment", async () => {
    await using bench = await WatchBench.open("eth0", "eth1");
    await bench.clock.run(10_000);
    const names = async () => (await bench.watch.look()).reasons.map(({ name }) => name);
    const wrong = { admin: true, oper: false, mtu: 1500 };
    bench.reconciler.publisher.set("eth0", wrong, "event"); // and nobody has it published
    expect(await names()).toEqual([]);
    await bench.clock.run(2900);
    expect(await names()).toEqual([]);
    await bench.clock.run(1200);
    expect(await names()).toEqual(["ports_out_of_sync"]);
    bench.reconciler.publisher.flush();
    await bench.clock.run(0);
    expect(await names()).toEqual([]);
  });

  test("Watch takes slow events for bad health when they are enough to speak of a hundredth", async () => {
    await using bench = await WatchBench.open("eth0");
    await bench.clock.run(10_000);
    const names = async (slow: number) => {
      for (let i = 0; i < slow; i++) bench.observations.eventLatency.observe(0.2);
      await bench.clock.run(5000);
      return bench.watch.health.health?.reasons.map(({ name }) => name);
    };
    expect(await names(1)).toEqual([]);
    expect(await names(98)).toEqual([]);
    expect(await names(1)).toEqual(["event_latency_high"]);
    await bench.clock.run(310_000);
    expect(bench.watch.health.health?.reasons).toEqual([]);
  });

  test("Watch tells in the log when an alert of a port begins and ends, and counts it", async () => {
    await using bench = await WatchBench.open("eth0");
    lines();
    await bench.clock.run(5000);
    for (let i = 0; i < 6; i++) {
      bench.kernel.change(1, { flags: 0x1 });
      bench.kernel.change(1, { flags: UP });
      await bench.clock.run(10);
    }
    await bench.clock.run(5000);
    const flapping = { rule: "port_flapping", severity: "warning" };
    const state = (state: string) => seriesName("portsyncd_alerts", { ...flapping, state });
    const firing = await bench.series();
    expect([firing.get(state("firing")), firing.get(state("resolved"))]).toEqual([1, 0]);
    expect(firing.get(seriesName("portsyncd_port_flaps_total", { port: "eth0" }))).toBe(6);
    await bench.clock.run(310_000);
    const after = await bench.series();
    expect(after.get(state("firing"))).toBe(0);
    expect(after.get(seriesName("portsyncd_alert_firing_seconds_total", flapping))).toBeGreaterThan(280);
    const told = lines().filter((line) => line.includes("port_flapping"));
    expect(told[0]).toMatch(/^WARN :- alert: port_flapping of eth0 is firing: "eth0 went down 6 times in 5 min"/);
    expect(told[1]).toMatch(
      /^NOTICE :- alert: port_flapping of eth0 is resolved; it was: "eth0 went down 6 times in 5 min"/,
    );
  });

  test("Watch has the flaps of a port before anybody has looked at it count", async () => {
    await using bench = await WatchBench.open("eth0");
    await bench.clock.run(5000);
    bench.kernel.change(bench.kernel.add("eth4"), { flags: UP });
    for (let i = 0; i < 6; i++) {
      bench.kernel.change(2, { flags: 0x1 });
      bench.kernel.change(2, { flags: UP });
      await bench.clock.run(10);
    }
    expect(bench.observations.ports.recent("eth4")).toBe(6);
    await bench.clock.run(5000);
    expect(bench.observations.ports.recent("eth4")).toBe(0);
    const firing = bench.watch.alerting.alerts.map(({ rule, port, alert }) => [rule, port, alert.state, alert.value]);
    expect(firing).toEqual([["port_flapping", "eth4", "firing", 6]]);
  });

  test("Watch keeps quiet about a port that is silenced by the name under which its alert is shown, whatever its bytes are", async () => {
    const shown = ["eth端口", "ethÃ©", "eth/xff", 'eth"\\'];
    const bytes = ["eth\xe7\xab\xaf\xe5\x8f\xa3", "eth\xc3\x83\xc2\xa9", "eth\xff", 'eth"\\'];
    await using bench = await WatchBench.open(...bytes, "eth0");
    const { alerting, silences } = bench.watch;
    const alerts = () => ({ alerts: alerting.alerts, rules: alerting.statistics, silences: silences.list });
    const [, create] = silenceRoutes({ alerts }, silences);
    for (const port of shown) {
      const wanted = { rule: "port_flapping", port, reason: "known", expires_in_secs: 3600 };
      await create!.handle({ names: {}, query: new Map(), body: async () => wanted });
    }
    await bench.clock.run(5000);
    for (let flaps = 0; flaps < 6; flaps++) {
      for (let index = 1; index <= 5; index++) bench.kernel.change(index, { flags: 0x1 });
      for (let index = 1; index <= 5; index++) bench.kernel.change(index, { flags: UP });
      await bench.clock.run(10);
    }
    await bench.clock.run(5000);
    const told = toAlerts(alerts(), bench.clock.wallNow()).alerts.map(({ port, state }) => [port, state]);
    expect(new Map(told as [string, string][])).toEqual(
      new Map([...shown.map((port) => [port, "suppressed"] as const), ["eth0", "firing"]]),
    );
  });

  test("Watch says nothing of the alerts that each start has pending, before Redis and the kernel have answered", async () => {
    await using bench = await WatchBench.open("eth0");
    const state = (rule: string, state: string) =>
      seriesName("portsyncd_alert_transitions_total", { rule, severity: "critical", state });
    await bench.clock.run(60_000);
    const series = await bench.series();
    for (const rule of ["redis_down", "netlink_down"])
      expect([series.get(state(rule, "pending")), series.get(state(rule, "firing"))]).toEqual([1, 0]);
    expect(lines().filter((line) => line.includes("alert:"))).toEqual([]);
  });

  test("Watch forgets the flaps of ports that came and went while nothing could be published", async () => {
    await using bench = await WatchBench.open("eth0");
    for (const name of ["eth0", "eth1", "eth2"]) bench.watch.flap(name);
    expect(bench.observations.ports.size).toBe(3);
    await bench.clock.run(5000);
    expect([bench.observations.ports.size, bench.observations.ports.flaps("eth0")]).toEqual([1, 1]);
  });

  test("Watch does nothing any more after its end", async () => {
    await using bench = await WatchBench.open();
    bench.watch[Symbol.dispose]();
    const { timers } = bench.clock;
    await bench.clock.run(20_000);
    expect((await bench.series()).get("portsyncd_event_loop_delay_seconds_count")).toBe(0);
    expect(bench.clock.timers).toBe(timers);
  });
});

import { expect } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { METRIC_NAMES } from "../../src/metrics/definitions.ts";
import { waitUntil } from "../support/deadline.ts";
import { all, needsCommands } from "../support/requirement.ts";
import { testWith } from "../support/testwith.ts";
import { parseExposition, seriesName } from "./exposition.ts";
import { UPDATED_BY } from "./updaters.ts";
import { ofPorts, type Series, shown } from "./watcheddaemon.ts";
import { canWatchSwitch, WatchedSwitch } from "./watchedswitch.ts";

// What goes on over restarts, what the configuration says, and how all of it is written.

const OPER_UP = "portsyncd_port_oper_up";
const FLAPS = "portsyncd_port_flaps_total";

testWith(canWatchSwitch, "Daemon goes on counting over restarts, and over the damage of its file", async () => {
  await using bed = await WatchedSwitch.running({ config: { restart: "adopt", store: { backups: 1 } } });
  const { ports } = bed;
  const lasting = (series: Series) =>
    Object.fromEntries(
      [
        'portsyncd_starts_total{kind="cold"}',
        'portsyncd_starts_total{kind="adopt"}',
        "portsyncd_cold_starts_total",
        "portsyncd_eoiu_detected_total",
        "portsyncd_initial_sync_duration_seconds_count",
        "portsyncd_backups_created_total",
        "portsyncd_backups_cleaned_total",
        "portsyncd_corruptions_detected_total",
        "portsyncd_state_recoveries_total",
      ].map((name) => [name.replace("portsyncd_", ""), series.get(name)]),
    );
  await bed.flap(ports[0]!, 2);
  await bed.daemon.until("portsyncd_store_queued_transitions", 0);
  await bed.daemon.stop();
  await bed.start();
  const second = await bed.daemon.untilKnown();
  expect(lasting(second)).toEqual({
    'starts_total{kind="cold"}': 1,
    'starts_total{kind="adopt"}': 1,
    cold_starts_total: 1,
    eoiu_detected_total: 2,
    initial_sync_duration_seconds_count: 2,
    backups_created_total: 1,
    backups_cleaned_total: 0,
    corruptions_detected_total: 0,
    state_recoveries_total: 0,
  });
  expect(ofPorts(second, FLAPS, ports)).toEqual([2, 0, 0]);
  // What a first dump says may have been so for long.
  const changed = ofPorts(second, "portsyncd_port_last_change_timestamp_seconds", ports);
  expect(changed).toEqual([undefined, undefined, undefined]);
  expect(second.get("portsyncd_initial_sync_duration_seconds_sum")).toBeGreaterThan(0);
  await bed.flap(ports[0]!, 1);
  expect(ofPorts(await bed.daemon.series(), FLAPS, ports)).toEqual([3, 0, 0]);
  await bed.daemon.stop();
  writeFileSync(join(bed.daemon.config.store.directory, "portsyncd.db"), "no database");
  const damagedSeconds = Math.trunc(Date.now() / 1000);
  await bed.start();
  const third = await bed.daemon.untilKnown();
  expect(lasting(third)).toEqual({
    'starts_total{kind="cold"}': 1,
    'starts_total{kind="adopt"}': 2,
    cold_starts_total: 1,
    eoiu_detected_total: 3,
    initial_sync_duration_seconds_count: 3,
    backups_created_total: expect.any(Number), // the last backup does not know of itself
    backups_cleaned_total: expect.any(Number),
    corruptions_detected_total: 1,
    state_recoveries_total: 1,
  });
  expect(ofPorts(third, FLAPS, ports)).toEqual([3, 0, 0]);
  for (const name of ["corruption", "state_recovery"])
    expect(third.get(`portsyncd_last_${name}_timestamp_seconds`)).toBeGreaterThanOrEqual(damagedSeconds);
  await bed.flap(ports[0]!, 1);
  await bed.daemon.stop();
  await bed.start();
  expect((await bed.daemon.untilKnown()).get("portsyncd_backups_cleaned_total")).toBeGreaterThan(0);
});

testWith(
  canWatchSwitch,
  "Daemon counts for itself where its store cannot be read at first, and does not jump later",
  async () => {
    await using bed = await WatchedSwitch.running({ config: { restart: "adopt" } });
    await bed.flap(bed.ports[0]!, 1);
    await bed.daemon.stop();
    const directory = join(bed.box.directory, "elsewhere");
    writeFileSync(directory, "in the way");
    await bed.start({ config: { store: { directory } } });
    const degraded = await bed.daemon.until("portsyncd_store_degraded", 1);
    expect(degraded.get("portsyncd_store_faults_total")).toBe(1);
    await bed.flap(bed.ports[0]!, 1);
    const own = await bed.daemon.untilKnown();
    expect([own.get('portsyncd_starts_total{kind="adopt"}'), ...ofPorts(own, FLAPS, bed.ports)]).toEqual([1, 1, 0, 0]);
    rmSync(directory);
    const later = await bed.daemon.until("portsyncd_store_degraded", 0);
    expect([later.get('portsyncd_starts_total{kind="adopt"}'), ...ofPorts(later, FLAPS, bed.ports)]).toEqual([
      1, 1, 0, 0,
    ]);
  },
);

testWith(
  canWatchSwitch,
  "Daemon counts a first dump that does not come in time, and when it comes after all",
  async () => {
    await using bed = await WatchedSwitch.open({ eoiuMs: 20 });
    bed.kernel.isHolding = true;
    await bed.start();
    const late = await bed.daemon.untilKnown();
    const eoiu = (series: Series) => ["timeouts", "detected"].map((what) => series.get(`portsyncd_eoiu_${what}_total`));
    expect(eoiu(late)).toEqual([1, 0]);
    expect(late.get("portsyncd_last_eoiu_detection_timestamp_seconds")).toBe(0);
    expect(late.get("portsyncd_port_init_pending_ports")).toBe(3);
    bed.kernel.isHolding = false;
    const detected = async () => {
      await bed.daemon.daemon.health();
      const series = await bed.daemon.series();
      return eoiu(series)[1] === 1 && series;
    };
    expect(eoiu(await waitUntil("end of the dump", detected))).toEqual([1, 1]);
  },
);

testWith(canWatchSwitch, "Daemon counts a warm start, and shows when it was", async () => {
  await using bed = await WatchedSwitch.open();
  const { state } = bed.box.db;
  await state.hset("WARM_RESTART_ENABLE_TABLE|swss", { enable: "true" });
  await state.hset("WARM_RESTART_TABLE|portsyncd", { restore_count: "3" });
  const startSeconds = Math.trunc(Date.now() / 1000);
  await bed.start();
  const series = await bed.daemon.untilKnown();
  expect([
    series.get("portsyncd_warm_restarts_total"),
    series.get('portsyncd_starts_total{kind="warm"}'),
    series.get("portsyncd_cold_starts_total"),
  ]).toEqual([1, 1, 0]);
  expect(series.get("portsyncd_last_warm_restart_timestamp_seconds")).toBeGreaterThanOrEqual(startSeconds);
});

testWith(
  canWatchSwitch,
  "Daemon counts each reading of the configuration, and shows whether the last was good",
  async () => {
    await using bed = await WatchedSwitch.open();
    const { daemon, config } = await bed.start();
    const reloads = async () => {
      const series = await bed.daemon.series();
      const { last, ...counts } = {
        success: series.get('portsyncd_config_reloads_total{result="success"}'),
        failure: series.get('portsyncd_config_reloads_total{result="failure"}'),
        last: series.get("portsyncd_config_last_reload_successful"),
      };
      return [counts.success, counts.failure, last];
    };
    expect(await reloads()).toEqual([0, 0, 1]);
    daemon.refuseReload();
    expect(await reloads()).toEqual([0, 1, 0]);
    daemon.reload({ ...config, performance: { ...config.performance, max_latency_us: 1 } });
    expect(await reloads()).toEqual([1, 1, 1]);
  },
);

testWith(
  canWatchSwitch,
  "Daemon tells its metrics as the configuration says: over HTTP, in a file, both or not at all",
  async () => {
    await using bed = await WatchedSwitch.open();
    const storage_path = join(bed.box.directory, "metrics");
    const file = () => Bun.file(join(storage_path, "metrics.json"));
    const start = (metrics: object) => bed.start({ config: { metrics: { storage_path, ...metrics } } });
    for (const metrics of [{ enabled: false, export_format: "both" }, { export_format: "prometheus" }] as const) {
      const { daemon } = await start(metrics);
      expect([daemon.metrics() !== undefined, await file().exists()]).toEqual([!("enabled" in metrics), false]);
      await bed.daemon.stop();
    }
    for (const [export_format, isTold] of [
      ["json", false],
      ["both", true],
    ] as const) {
      const { daemon } = await start({ export_format });
      expect(daemon.metrics() !== undefined).toBe(isTold);
      const written = await waitUntil("metrics.json", async () => (await file().exists()) && file().json());
      expect((written as { metrics: { name: string }[] }).metrics.map(({ name }) => name)).toEqual([...METRIC_NAMES]);
      await bed.daemon.stop();
      await file().delete();
    }
  },
);

testWith(canWatchSwitch, "Daemon counts of how many alerts its receivers were told, and what came of it", async () => {
  await using taking = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  await using refusing = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("", { status: 400 }) });
  await using failing = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("", { status: 500 }) });
  await using bed = await WatchedSwitch.open();
  const rule = { metric: "portsyncd_netlink_connected", condition: "above", threshold: 0 };
  const webhooks = [taking, refusing, failing].map(({ url }) => url.href);
  const rules = [
    { id: "one", ...rule },
    { id: "two", ...rule },
  ];
  const { daemon } = await bed.start({ config: { alerts: { alertmanagers: [refusing.url.href], webhooks, rules } } });
  const name = (receiver: string, result: string) => seriesName("portsyncd_notifications_total", { receiver, result });
  await daemon.health();
  await bed.daemon.until(name("webhook", "delivered"), 2);
  await bed.daemon.until(name("webhook", "refused"), 2);
  const series = await bed.daemon.until(name("alertmanager", "refused"), 2);
  expect(series.get(name("webhook", "failed"))).toBeGreaterThan(0);
  const others = ["delivered", "failed", "dropped"].map((result) => series.get(name("alertmanager", result)));
  expect(others).toEqual([0, 0, 0]);
});

const HOSTILE = ["Ethernet\xc3\xa9", "Ethernet\xe9", 'Ethernet"\\', "Ethernet\x01\x7f{}", "Ethernet,=#"];

testWith(
  all(canWatchSwitch, needsCommands("promtool")),
  "Daemon shows what promtool has nothing to say against, whatever the names of the ports",
  async () => {
    await using bed = await WatchedSwitch.running();
    for (const [i, name] of HOSTILE.entries()) {
      await bed.box.db.appl.hset(`PORT_TABLE:${name}`, { admin_status: "up" });
      const octal = Array.from(name, (byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, "0")}`).join("");
      const command = `ip link add "$(printf '${octal}')" type veth peer name hostile${i}`;
      await bed.box.namespace.run(["sh", "-c", command]);
    }
    await bed.daemon.until("portsyncd_ports", bed.ports.length + HOSTILE.length);
    const text = await bed.daemon.text();
    const ports = parseExposition(text).get(OPER_UP)!.series;
    expect([...ports.keys()].slice(3)).toEqual(
      ["Etherneté", "Ethernet/xe9", 'Ethernet"\\', "Ethernet\x01\x7f{}", "Ethernet,=#"].map((port) =>
        seriesName(OPER_UP, { port }),
      ),
    );
    const check = async (input: string) => {
      const promtool = Bun.spawn(["promtool", "check", "metrics"], {
        stdin: Buffer.from(input),
        stdout: "pipe",
        stderr: "pipe",
      });
      return [await promtool.exited, await promtool.stdout.text(), await promtool.stderr.text()];
    };
    expect(await check(text)).toEqual([0, "", ""]);
    expect((await check(text.replace("# HELP portsyncd_ports ", "# HELP portsyncd_portz ")))[0]).not.toBe(0);
  },
);

testWith(
  canWatchSwitch,
  "Daemon has shown another value than 0 of every metric that is about starts, the store and the configuration",
  () => {
    expect(UPDATED_BY.lifetime.filter((name) => !shown.has(name))).toEqual([]);
  },
);

import { expect } from "bun:test";

import { METRIC_NAMES, type MetricDefinition, METRICS } from "../../src/metrics/definitions.ts";
import { RECEIVED } from "../../src/netlink/socket.ts";
import type { Database } from "../support/database.ts";
import { waitUntil } from "../support/deadline.ts";
import { encodeSetMtu } from "../support/linkmessage.ts";
import { portRow } from "../support/portrow.ts";
import { testWith } from "../support/testwith.ts";
import { parseExposition, seriesName } from "./exposition.ts";
import { UPDATED_BY } from "./updaters.ts";
import { ofPorts, type Series, shown } from "./watcheddaemon.ts";
import { canWatchSwitch, messages, WatchedSwitch, writes } from "./watchedswitch.ts";

// What the running daemon counts, on a real kernel and a real Redis, against what somebody else counts or the test has done.

const AUDITED = { config: { audit: { interval_secs: 1 } } };
const OPER_UP = "portsyncd_port_oper_up";
const FLAPS = "portsyncd_port_flaps_total";

/** How often audits came depends on the time. */
function withoutAudits(counted: Record<string, number>): Record<string, number> {
  const { 'portsyncd_audits_total{result="completed"}': completed, ...others } = counted;
  expect(completed).toBeGreaterThan(0);
  const commands = /^portsyncd_redis_(commands_total|latency)/;
  return Object.fromEntries(Object.entries(others).filter(([name]) => !commands.test(name)));
}

testWith(canWatchSwitch, "Daemon shows after a cold start what is so, and every metric and known label", async () => {
  const startSeconds = Date.now() / 1000;
  await using bed = await WatchedSwitch.running();
  const { box, ports, daemon } = bed;
  await daemon.daemon.health();
  const series = await daemon.series();
  const shows = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, series.get(name)]));
  const expected = {
    portsyncd_cold_starts_total: 1,
    'portsyncd_starts_total{kind="cold"}': 1,
    'portsyncd_starts_total{kind="warm"}': 0,
    portsyncd_warm_restarts_total: 0,
    portsyncd_last_warm_restart_timestamp_seconds: 0,
    portsyncd_eoiu_detected_total: 1,
    portsyncd_eoiu_timeouts_total: 0,
    portsyncd_initial_sync_duration_seconds_count: 1,
    portsyncd_ports: 3,
    portsyncd_ports_in_sync: 3,
    portsyncd_queue_depth: 0,
    portsyncd_dirty_ports: 0,
    portsyncd_refused_ports: 0,
    portsyncd_port_init_pending_ports: 0,
    portsyncd_port_init_done: 1,
    portsyncd_netlink_connected: 1,
    portsyncd_netlink_links: (await box.links.table()).size,
    portsyncd_redis_connected: 1,
    'portsyncd_redis_database_connected{database="CONFIG_DB"}': 1,
    'portsyncd_redis_database_connected{database="APPL_DB"}': 1,
    'portsyncd_redis_database_connected{database="STATE_DB"}': 1,
    portsyncd_health_status: 1,
    portsyncd_health_score: 100,
    portsyncd_store_enabled: 1,
    portsyncd_store_degraded: 0,
    portsyncd_config_last_reload_successful: 1,
    [seriesName("portsyncd_build_info", { version: "1.2.3", bun: Bun.version })]: 1,
  };
  expect(shows(Object.keys(expected))).toEqual(expected);
  const links = await box.links.table();
  expect(ofPorts(series, OPER_UP, ports)).toEqual(ports.map((port) => Number(links.get(port)!.oper === "up")));
  expect(ofPorts(series, "portsyncd_port_admin_up", ports)).toEqual(
    ports.map((port) => Number(links.get(port)!.admin === "up")),
  );
  expect(ofPorts(series, "portsyncd_port_mtu_bytes", ports)).toEqual(ports.map((port) => links.get(port)!.mtu));
  expect(ofPorts(series, FLAPS, ports)).toEqual([0, 0, 0]);
  const eoiu = series.get("portsyncd_last_eoiu_detection_timestamp_seconds")!;
  expect(eoiu).toBeGreaterThanOrEqual(Math.trunc(startSeconds));
  expect(eoiu).toBeLessThanOrEqual(Date.now() / 1000);
  const families = parseExposition(await daemon.text());
  expect([...families.keys()]).toEqual([...METRIC_NAMES]);
  for (const name of METRIC_NAMES) {
    const { labels }: MetricDefinition = METRICS[name];
    for (const [label, values] of Object.entries(labels)) {
      const found = [...families.get(name)!.series.keys()];
      for (const value of values)
        expect([name, found.some((key) => key.includes(`${label}=${JSON.stringify(value)}`))]).toEqual([name, true]);
    }
  }
});

testWith(canWatchSwitch, "Daemon counts each flap, message, row and command, and nothing else", async () => {
  await using bed = await WatchedSwitch.running();
  const [first, second, third] = bed.ports;
  const { counted, heard, after } = await bed.count(async () => {
    await bed.flap(first!, 4);
    await bed.flap(second!, 1);
  });
  expect(heard.new).toBeGreaterThanOrEqual(10);
  expect(counted).toEqual({
    ...messages(heard),
    ...writes(10),
    portsyncd_event_latency_seconds_count: 10,
    [seriesName(FLAPS, { port: first! })]: 4,
    [seriesName(FLAPS, { port: second! })]: 1,
  });
  const changed = ofPorts(after, "portsyncd_port_last_change_timestamp_seconds", [first!, second!]) as number[];
  expect(changed[1]!).toBeGreaterThanOrEqual(changed[0]!);
  expect(Date.now() / 1000 - changed[0]!).toBeLessThan(60);
  expect(ofPorts(after, FLAPS, [third!])).toEqual([0]);
});

testWith(
  canWatchSwitch,
  "Daemon counts what came in one turn as so many messages and two rows, of the first and of the last",
  async () => {
    await using bed = await WatchedSwitch.running();
    const ifindex = bed.ifindex(bed.ports[0]!);
    const { counted, heard, after } = await bed.count(async () => {
      for (let i = 0; i < 50; i++) bed.requests.send(encodeSetMtu(ifindex, 2000 + i));
      await bed.untilField(bed.ports[0]!, "mtu", "2049");
    });
    expect(heard.new).toBeGreaterThanOrEqual(50);
    expect(counted).toEqual({ ...messages(heard), ...writes(2), portsyncd_event_latency_seconds_count: 2 });
    expect(ofPorts(after, "portsyncd_port_mtu_bytes", bed.ports)).toEqual([2049, 1500, 1500]);
    const sum = after.get("portsyncd_event_latency_seconds_sum")!;
    expect(sum).toBeGreaterThan(0);
    expect(sum / after.get("portsyncd_event_latency_seconds_count")!).toBeLessThan(10);
  },
);

testWith(canWatchSwitch, "Daemon counts the end of a port, and shows it no more", async () => {
  await using bed = await WatchedSwitch.running();
  const port = bed.ports[1]!;
  await bed.box.links.down(port);
  await bed.untilField(port, "admin_status", "down");
  const { counted, heard, after } = await bed.count(async () => {
    await bed.box.links.delete(port);
    await bed.untilField(port, "state", null);
  });
  expect(heard.del).toBeGreaterThanOrEqual(3);
  expect(counted).toMatchObject({ ...messages(heard), ...writes(0, 1), portsyncd_event_latency_seconds_count: 1 });
  expect([after.get("portsyncd_ports"), ...ofPorts(after, OPER_UP, bed.ports)]).toEqual([2, 1, undefined, 1]);
});

testWith(canWatchSwitch, "Daemon counts each row that STATE_DB refuses as Redis does", async () => {
  await using bed = await WatchedSwitch.running();
  const { state } = bed.box.db;
  const [port, other] = bed.ports;
  const key = `PORT_TABLE|${port}`;
  const refusedByRedis = async () =>
    Number(/^cmdstat_hset:.*failed_calls=(\d+)/m.exec(String(await state.call("INFO", "commandstats")))![1]);
  const { counted, heard } = await bed.count(async () => {
    await state.del(key);
    await state.call("SET", key, "no hash");
    await bed.box.links.mtu(3000, port!);
    await bed.daemon.until("portsyncd_refused_ports", 1);
    await bed.box.links.mtu(3000, other!);
    await bed.untilField(other!, "mtu", "3000");
    const during = await bed.daemon.until("portsyncd_queue_depth", 1);
    expect([during.get("portsyncd_ports_in_sync"), during.get("portsyncd_ports")]).toEqual([2, 3]);
    await state.del(key);
    await bed.untilField(port!, "mtu", "3000");
    await bed.daemon.until("portsyncd_refused_ports", 0);
  });
  const refused = await refusedByRedis();
  expect(refused).toBeGreaterThan(0);
  expect(counted).toEqual({
    ...messages(heard),
    ...writes(2 + refused),
    'portsyncd_publishes_total{result="set"}': 2,
    'portsyncd_publishes_total{result="refused"}': refused,
    portsyncd_event_latency_seconds_count: 2,
  });
});

testWith(canWatchSwitch, "Daemon counts an overrun once, and the messages that the kernel did not drop", async () => {
  await using bed = await WatchedSwitch.running({ config: { netlink: { receive_buffer_bytes: 4096 } } });
  const ifindex = bed.ifindex(bed.ports[0]!);
  /** What the kernel dropped so far for each of the sockets that hear of links: the daemon's two, and the other's. */
  const drops = async (): Promise<number[]> => {
    const table = await bed.box.namespace.run(["cat", "/proc/net/netlink"]);
    const sockets = table
      .split("\n")
      .slice(1, -1)
      .map((line) => line.trim().split(/\s+/));
    return sockets.filter((words) => Number(`0x${words[3]}`) !== 0).map((words) => Number(words[8]));
  };
  const dropsBefore = await drops();
  const { counted, heard, after } = await bed.count(async () => {
    for (let i = 0; i < 500; i++) bed.requests.send(encodeSetMtu(ifindex, 2000 + i));
    await bed.untilField(bed.ports[0]!, "mtu", "2499");
  });
  const processed = counted["portsyncd_events_processed_total"]!;
  const dropped = (await drops()).map((count, i) => count - dropsBefore[i]!);
  expect(dropped).toContain(heard.new + heard.del - processed);
  expect(Math.max(...dropped)).toBeGreaterThan(400);
  expect(counted).toMatchObject({
    portsyncd_netlink_datagrams_total: processed + 1,
    portsyncd_events_failed_total: 1,
    portsyncd_netlink_overruns_total: 1,
    'portsyncd_netlink_resyncs_total{reason="overrun"}': 1,
  });
  expect(after.get("portsyncd_netlink_receive_buffer_bytes")).toBe(8192);
  await bed.daemon.daemon.health(); // the alert fires now, and has fired for some time when it is looked at again
  await bed.daemon.daemon.health();
  const alerts = await bed.daemon.series();
  const rule = { rule: "netlink_overrun", severity: "warning" };
  expect(alerts.get(seriesName("portsyncd_alerts", { ...rule, state: "firing" }))).toBe(1);
  expect(alerts.get(seriesName("portsyncd_alert_transitions_total", { ...rule, state: "firing" }))).toBe(1);
  expect(alerts.get(seriesName("portsyncd_alert_firing_seconds_total", rule))).toBeGreaterThan(0);
});

testWith(canWatchSwitch, "Daemon counts the rows that audits repair, and the leftovers that they delete", async () => {
  await using bed = await WatchedSwitch.running(AUDITED);
  const { state } = bed.box.db;
  const [edited, deleted] = bed.ports;
  const { counted, heard } = await bed.count(async () => {
    await state.hset(`PORT_TABLE|${edited}`, { mtu: "1", netdev_oper_status: "down" });
    await state.del(`PORT_TABLE|${deleted}`);
    await state.hset("PORT_TABLE|Ethernet400", portRow({ admin: "up", oper: "up", mtu: 9100 }));
    await bed.untilOper(edited!, "up");
    await bed.untilOper(deleted!, "up");
    await bed.untilField("Ethernet400", "state", null);
  });
  expect(withoutAudits(counted)).toEqual({
    ...messages(heard),
    'portsyncd_audit_repairs_total{direction="to_state_db"}': 2,
    portsyncd_audit_leftovers_total: 1,
    'portsyncd_publishes_total{result="set"}': 2,
    'portsyncd_publishes_total{result="deleted"}': 1,
  });
});

/** Deletes a key while Redis tells of nothing, though it does before and after. */
async function delUntold(database: Database, key: string): Promise<void> {
  const notify = ["CONFIG", "SET", "notify-keyspace-events"] as const;
  const commands = [["MULTI"], [...notify, ""], ["DEL", key], [...notify, "AKE"], ["EXEC"]] as const;
  await Promise.all(commands.map((command) => database.call(...command)));
}

testWith(canWatchSwitch, "Daemon counts the links and rows that audits find without having been told", async () => {
  await using bed = await WatchedSwitch.running(AUDITED);
  const { kernel } = bed;
  const { appl } = bed.box.db;
  const [changed, revoked] = bed.ports;
  const { counted } = await bed.count(async () => {
    kernel.isLosing = true;
    await bed.box.links.mtu(4000, changed!);
    await bed.untilField(changed!, "mtu", "4000");
    kernel.isLosing = false;
    await delUntold(appl, `PORT_TABLE:${revoked}`);
    await bed.daemon.until("portsyncd_ports", 2);
  });
  expect(counted).toMatchObject({
    'portsyncd_audit_repairs_total{direction="from_kernel"}': 1,
    'portsyncd_audit_repairs_total{direction="from_appl_db"}': 1,
    'portsyncd_publishes_total{result="set"}': 1,
  });
  const names = Object.keys(counted);
  expect(names).not.toContain("portsyncd_event_latency_seconds_count"); // nobody knows when it changed
  expect(names).not.toContain('portsyncd_audit_repairs_total{direction="to_state_db"}');
});

testWith(
  canWatchSwitch,
  "Daemon shows what waits while Redis does not answer, and counts that it came back",
  async () => {
    await using bed = await WatchedSwitch.running();
    const server = bed.box.db.server("STATE_DB");
    const { counted, heard } = await bed.count(async () => {
      await server.freeze();
      for (const port of bed.ports) {
        await bed.box.links.mtu(5000, port);
        await bed.daemon.until(seriesName("portsyncd_port_mtu_bytes", { port }), 5000);
      }
      const during = await bed.daemon.series();
      expect([during.get("portsyncd_queue_depth"), during.get("portsyncd_dirty_ports")]).toEqual([3, 2]);
      expect(during.get("portsyncd_ports_in_sync")).toBe(0);
      server.thaw();
      for (const port of bed.ports) await bed.untilField(port, "mtu", "5000");
    });
    expect(counted).toEqual({
      ...messages(heard),
      ...writes(3),
      portsyncd_redis_latency_seconds_count: 2, // the first alone, the others at once
      portsyncd_event_latency_seconds_count: 3,
    });
  },
);

testWith(
  canWatchSwitch,
  "Daemon counts a reconnect of each database, what it asks then, and what was lost",
  async () => {
    await using bed = await WatchedSwitch.running();
    const { state } = bed.box.db;
    const reconnects = (series: Series, database: string) =>
      series.get(seriesName("portsyncd_redis_reconnects_total", { database }));
    const { counted, heard, after } = await bed.count(async () => {
      await state.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
      for (const database of ["CONFIG_DB", "APPL_DB", "STATE_DB"])
        await waitUntil(`return of ${database}`, async () => reconnects(await bed.daemon.series(), database) === 1);
      await bed.daemon.until("portsyncd_redis_connected", 1);
      await bed.box.db.connect();
    });
    const { portsyncd_redis_latency_seconds_count: answers, ...others } = counted;
    expect(answers).toBeGreaterThan(5);
    expect(others).toEqual({
      ...messages(heard),
      'portsyncd_redis_reconnects_total{database="CONFIG_DB"}': 1,
      'portsyncd_redis_reconnects_total{database="APPL_DB"}': 1,
      'portsyncd_redis_reconnects_total{database="STATE_DB"}': 1,
      // PING, COMMAND INFO, and an HMGET for each port.
      'portsyncd_redis_commands_total{database="STATE_DB"}': 5,
      // PING, SCAN, HLEN for each port and both marks, CONFIG GET.
      'portsyncd_redis_commands_total{database="APPL_DB"}': 8,
      'portsyncd_redis_commands_total{database="CONFIG_DB"}': expect.any(Number),
    });
    expect(after.get("portsyncd_queue_depth")).toBe(0);
    const server = bed.box.db.server("STATE_DB");
    await server.freeze();
    await bed.box.links.mtu(5000, bed.ports[0]!);
    await bed.daemon.until("portsyncd_queue_depth", 1);
    await server.kill();
    const lost = await bed.daemon.until('portsyncd_publishes_total{result="lost"}', 1);
    expect(lost.get("portsyncd_redis_connected")).toBe(0);
    const { status, score } = await bed.daemon.daemon.health();
    const unwell = await bed.daemon.series();
    expect([status, unwell.get("portsyncd_health_status"), unwell.get("portsyncd_health_score")]).toEqual([
      "unhealthy",
      0,
      score,
    ]);
    expect(unwell.get('portsyncd_health_lost_points{reason="redis_down"}')).toBe(60);
  },
);

/** A message of rtnetlink with this type and payload, in the byte order of the machine. */
function message(type: number, payload: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(16 + payload.length);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt16LE(type, 4);
  bytes.set(payload, 16);
  return bytes;
}

const RTM_NEWLINK = 16;
const IFINFOMSG = new Uint8Array(16);
const NLMSG_NOOP = 1;

testWith(
  canWatchSwitch,
  "Daemon counts what it could not understand by what was wrong, and what that made it do",
  async () => {
    await using bed = await WatchedSwitch.running();
    const { counted, heard } = await bed.count(async () => {
      bed.kernel.inject(
        new Uint8Array(8), // no room for a header
        message(RTM_NEWLINK, new Uint8Array(4)), // nor for ifinfomsg
        message(RTM_NEWLINK, Buffer.concat([IFINFOMSG, Buffer.from([2, 0, 3, 0])])), // an attribute shorter than its header
        message(RTM_NEWLINK, IFINFOMSG), // no name
        message(NLMSG_NOOP, new Uint8Array(0)),
        RECEIVED.TRUNCATED,
        RECEIVED.FOREIGN,
      );
      await bed.daemon.until("portsyncd_netlink_foreign_datagrams_total", 1);
    });
    expect(counted).toEqual({
      ...messages(heard),
      portsyncd_netlink_datagrams_total: heard.new + heard.del + 7,
      portsyncd_events_failed_total: 5,
      'portsyncd_netlink_messages_total{type="other"}': 1,
      'portsyncd_netlink_decode_errors_total{reason="header"}': 1,
      'portsyncd_netlink_decode_errors_total{reason="length"}': 1,
      'portsyncd_netlink_decode_errors_total{reason="attribute"}': 1,
      'portsyncd_netlink_decode_errors_total{reason="name"}': 1,
      portsyncd_netlink_truncated_datagrams_total: 1,
      portsyncd_netlink_foreign_datagrams_total: 1,
      'portsyncd_netlink_resyncs_total{reason="malformed"}': 1,
      'portsyncd_netlink_resyncs_total{reason="truncated"}': 1,
    });
  },
);

testWith(canWatchSwitch, "Daemon shows that the kernel does not answer, and that it does again", async () => {
  await using bed = await WatchedSwitch.running();
  bed.kernel.isHolding = true;
  const { reasons } = await bed.daemon.daemon.health();
  const silent = await bed.daemon.series();
  expect([silent.get("portsyncd_netlink_connected"), reasons.map(({ name }) => name)]).toEqual([0, ["netlink_down"]]);
  bed.kernel.isHolding = false;
  expect(await bed.daemon.daemon.health()).toMatchObject({ status: "healthy", score: 100 });
  expect((await bed.daemon.series()).get("portsyncd_netlink_connected")).toBe(1);
});

testWith(canWatchSwitch, "Daemon counts collections of garbage", async () => {
  await using bed = await WatchedSwitch.running();
  const counted = async () => (await bed.daemon.series()).get("portsyncd_gc_collections_total")!;
  const before = await counted();
  Bun.gc(true);
  await waitUntil("a collection", async () => (await counted()) > before);
});

testWith(canWatchSwitch, "Daemon has shown another value than 0 of every metric that is about what happens", () => {
  expect(UPDATED_BY.events.filter((name) => !shown.has(name))).toEqual([]);
});

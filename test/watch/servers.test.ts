import { expect } from "bun:test";
import { copyFileSync, existsSync, readFileSync, statSync } from "node:fs";

import { Authority } from "../http/authority.ts";
import { parseExposition, seriesOf } from "../metrics/exposition.ts";
import { waitUntil } from "../support/deadline.ts";
import { all, needsCommands } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { NotifySocket } from "../systemd/notifysocket.ts";
import { canServe, ServedSwitch } from "./servedswitch.ts";

// The servers of a daemon of its own process, asked from its network.

const UP = { admin: "up", oper: "up", mtu: 1500 };

testWith(
  all(canServe, needsCommands("promtool")),
  "Servers answer each route with what the daemon knows, over TCP",
  async () => {
    await using bed = await ServedSwitch.open();
    const { box, client } = bed;
    await box.configure(["Ethernet0", "Ethernet4"]);
    const daemon = await box.start(bed.options());
    await daemon.waitForLog(/http: listening on http:\/\/127\.0\.0\.1:9101/);
    await box.links.add(["Ethernet0"], { up: true, carrier: true }); // Ethernet4 does not come
    await box.links.addBridge("Ethernet0.10"); // no port, though its name begins as that of one
    const json = async (path: string) => JSON.parse((await client.get(`/api/v1/${path}`)).body) as object;
    const unpublished = { ...UP, published: null, awaited: true, in_sync: false, problems: ["not_published"] };
    let found: object = {};
    await waitUntil(
      "a netdev that APPL_DB has no row for",
      async () => "admin" in (found = await json("ports/Ethernet0")) && Bun.deepMatch(unpublished, found),
      { seen: () => found },
    );
    await using _orchagent = await box.orchagent();
    await box.expectStateEqualsKernel(["Ethernet0"]);
    const isAcknowledged = async () => ((await json("ports/Ethernet0")) as { in_sync: boolean }).in_sync;
    await waitUntil("acknowledgement of what is in STATE_DB", isAcknowledged);

    expect(await client.get("/-/ready")).toMatchObject({ status: 200, body: "ready\n" });
    expect(await client.get("/-/healthy")).toMatchObject({ status: 200, body: "healthy, 100 of 100\n" });
    expect(await json("status")).toMatchObject({
      mode: "sonic",
      start_kind: "cold",
      ready: true,
      health: { status: "healthy", score: 100 },
      databases: ["CONFIG_DB", "APPL_DB", "STATE_DB"].map((name) => ({ name, usable: true, failure: "" })),
      netlink: { connected: true, links: 4 }, // lo, Ethernet0, its far end, and the bridge
      ports: { total: 2, in_sync: 2, with_problems: 1 }, // of Ethernet4 both know nothing
      port_init: { done: false, pending: ["Ethernet4"] },
      store: { state: "ok" },
      http: { failure: "" },
      admin: { listening: [bed.adminSocket], failure: "" },
    });
    const ethernet0 = { name: "Ethernet0", ...UP, published: UP, in_sync: true, awaited: false, problems: [] };
    const ethernet4 = { name: "Ethernet4", oper: null, published: null, awaited: true, problems: ["no_netdev"] };
    expect(await json("ports")).toMatchObject({ total: 2, ports: [ethernet0, ethernet4], next: null });
    expect(await json("ports/Ethernet0")).toMatchObject(ethernet0);
    expect(await client.get("/api/v1/ports/Ethernet8")).toMatchObject({ status: 404 });
    const { rules } = (await json("alerts")) as { rules: { rule: string }[] };
    expect(rules.map(({ rule }) => rule)).toContain("redis_down");
    expect(await client.get("/")).toMatchObject({ status: 200, body: expect.stringContaining("portsyncd is") });
    // What changes something is not there over TCP.
    expect(await client.get("/api/v1/silences")).toMatchObject({ status: 404 });
    expect(await bed.admin("/api/v1/silences")).toMatchObject({ status: 200, body: '{"silences":[]}\n' });

    const { status, type, body } = await client.get("/metrics");
    expect([status, type]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
    const series = seriesOf(parseExposition(body));
    expect([series.get("portsyncd_ports"), series.get("portsyncd_port_init_pending_ports")]).toEqual([1, 1]);
    const promtool = Bun.spawnSync(["promtool", "check", "metrics"], { stdin: Buffer.from(body) });
    expect([promtool.exitCode, String(promtool.stdout), String(promtool.stderr)]).toEqual([0, "", ""]);
  },
);

testWith(canServe, "Servers tell that Redis is awaited, and that the daemon is ready when it has come", async () => {
  await using bed = await ServedSwitch.open();
  const { box, client } = bed;
  await box.links.add(["Ethernet0"], { up: true, carrier: true });
  await box.db.server("STATE_DB").kill();
  const options = bed.options({ mode: "standalone", database: { connection_timeout_secs: 60 } });
  const daemon = await box.start(options);
  await daemon.waitForLog(/http: listening on/);
  expect(await client.get("/-/ready")).toMatchObject({ status: 503, body: expect.stringContaining("not ready") });
  expect(await client.get("/-/healthy")).toMatchObject({
    status: 503,
    body: expect.stringMatching(/^unhealthy, .*Redis has not been connected for/),
  });
  expect((await bed.command("status")).stdout).toMatch(/^unhealthy, \d+ of 100; not ready yet\n/);
  await box.db.server("STATE_DB").start();
  await daemon.waitForLog(/of them ports/);
  await waitUntil("readiness", async () => (await client.get("/-/ready")).status === 200);
  await bed.untilHealth(/^healthy/);
  expect(await daemon.stop()).toBe(0);
  expect(existsSync(bed.adminSocket)).toBe(false);
});

testWith(
  canServe,
  "redis_down fires although no daemon of a loop of starts waits for Redis as long as the rule asks",
  async () => {
    await using bed = await ServedSwitch.open();
    await bed.box.db.server("STATE_DB").kill();
    const options = bed.options({ database: { connection_timeout_secs: 4 } });
    const said: string[] = [];
    const fires = () => said.some((line) => line.includes("alert: redis_down is firing"));
    for (let starts = 0; starts < 12 && !fires(); starts++) {
      const daemon = await bed.box.start({ ...options, onLine: (line) => said.push(line) });
      expect(await daemon.exited()).toBe(69);
    }
    expect(fires()).toBe(true);
  },
  120,
);

testWith(
  canServe,
  "a silence is told of while Redis is awaited",
  async () => {
    await using bed = await ServedSwitch.open();
    const first = await bed.standalone(["Ethernet0"]);
    const made = await bed.command("silence", "redis_down", "--for", "2h", "--reason", "upgrade", "--json");
    const { id } = JSON.parse(made.stdout) as { id: string };
    expect(await first.stop()).toBe(0);
    await bed.box.db.server("STATE_DB").kill();
    const options = bed.options({ mode: "standalone", database: { connection_timeout_secs: 60 } });
    const second = await bed.box.start(options);
    await second.waitForLog(/admin: listening on/);
    const told = async () => (await bed.command("alerts")).stdout;
    const known = (text: string) => /^suppressed .* redis_down /m.test(text);
    const text = await waitUntil("alert", async () => [await told()].find(known), { seconds: 60, everyMs: 500 });
    expect(text).toContain(`silenced by ${id} of redis_down`);
    expect(second.lines.filter((line) => line.includes("redis_down is firing"))).toEqual([]);
  },
  120,
);

testWith(canServe, "Servers are gone with a daemon that is stopped while it waits for Redis", async () => {
  await using bed = await ServedSwitch.open();
  await bed.box.db.server("STATE_DB").kill();
  const daemon = await bed.box.start(bed.options({ database: { connection_timeout_secs: 60 } }));
  await daemon.waitForLog(/admin: listening on/);
  expect(existsSync(bed.adminSocket)).toBe(true);
  expect(await daemon.stop()).toBe(0);
  expect(existsSync(bed.adminSocket)).toBe(false);
});

testWith(
  canServe,
  "Health is bad on all ways to ask for it when Redis is killed, and good when it is back",
  async () => {
    await using bed = await ServedSwitch.open();
    using notify = await NotifySocket.open(`${bed.box.directory}/notify`);
    const { box, client } = bed;
    await box.links.add(["Ethernet0"], { up: true, carrier: true });
    const env = { NOTIFY_SOCKET: notify.path };
    const daemon = await box.start({ ...bed.options({ mode: "standalone" }), env });
    await daemon.waitForLog(/admin: listening on/);
    await notify.waitFor(/^STATUS=running: 1 ports published$/);
    expect(await client.get("/-/healthy")).toMatchObject({ status: 200 });
    const before = notify.datagrams.length;
    await box.db.server("STATE_DB").kill();
    const { status, body } = await bed.untilHealth(/Redis has not been connected/);
    expect([status, body]).toEqual([503, expect.stringMatching(/^unhealthy, \d+ of 100: /)]);
    expect((await client.get("/-/healthy")).status).toBe(503);
    const series = seriesOf(parseExposition((await client.get("/metrics")).body));
    expect([series.get("portsyncd_health_status"), series.get("portsyncd_redis_connected")]).toEqual([0, 0]);
    const told = await notify.waitFor(/^STATUS=waiting for Redis.*unhealthy/, { from: before });
    expect(told).toMatch(/^STATUS=waiting for Redis: 1 ports published; unhealthy, \d+ of 100: Redis has not been/);
    const killed = notify.datagrams.length;
    await box.db.server("STATE_DB").start();
    expect(await bed.untilHealth(/^healthy, 100 of 100\n$/)).toMatchObject({ status: 200 });
    await notify.waitFor(/^STATUS=running: 1 ports published$/, { from: killed });
  },
  60,
);

testWith(
  canServe,
  "Health says which address is taken by another program, until the server has it",
  async () => {
    await using bed = await ServedSwitch.open();
    const { client } = bed;
    await client.ask({ do: "occupy", port: 9101 });
    const daemon = await bed.standalone(["Ethernet0"]);
    await daemon.waitForLog(/cannot listen on "?127\.0\.0\.1:9101: another program listens there/);
    const taken = await bed.untilHealth(/^degraded/);
    expect(taken.body).toBe(
      "degraded, 90 of 100: the HTTP server is not as configured: " +
        "127.0.0.1:9101: another program listens there (-10)\n",
    );
    expect(taken.status).toBe(200);
    expect(daemon.exitCode).toBeUndefined();
    await client.ask({ do: "free" });
    await daemon.waitForLog(/listening on http:\/\/127\.0\.0\.1:9101/, 30);
    await bed.untilHealth(/^healthy, 100 of 100\n$/);
    expect(await client.get("/-/ready")).toMatchObject({ status: 200 });
  },
  90,
);

testWith(
  canServe,
  "portsyncd silence, alerts, unsilence and status ask the daemon through its socket",
  async () => {
    await using bed = await ServedSwitch.open();
    await bed.standalone(["Ethernet0"]);
    const { mode } = statSync(bed.adminSocket);
    expect((mode & 0o777).toString(8)).toBe("660");
    const stdout = async (...args: string[]) => {
      const { code, stdout: text, stderr } = await bed.command(...args);
      expect([code, stderr]).toEqual([0, ""]);
      return text;
    };
    expect(await stdout("status")).toMatch(/^healthy, 100 of 100\nports +1 of 1 in sync, 0 not in order\n/);
    const made = ["silence", "redis_*", "--for", "2h", "--reason", "upgrade", "--json"];
    const { id } = JSON.parse(await stdout(...made)) as { id: string };
    expect(await stdout("alerts")).toMatch(new RegExp(`^no alerts\nsilence ${id} of redis_\\* until .*: upgrade\n$`));
    expect(await bed.command("silence", "redis_dwn", "--for", "2h", "--reason", "x")).toMatchObject({
      code: 64,
      stderr: expect.stringContaining("did you mean redis_down?"),
    });
    await bed.box.db.server("STATE_DB").kill();
    const isSuppressed = async () => /^suppressed .* redis_down /m.test(await stdout("alerts"));
    await waitUntil("suppressed alert", isSuppressed, { seconds: 60, everyMs: 500 });
    await bed.box.db.server("STATE_DB").start();
    await stdout("unsilence", id);
    expect(await stdout("alerts")).not.toContain(`silence ${id}`);
    expect((await bed.command("unsilence", id)).code).toBe(64);
  },
  90,
);

testWith(
  all(canServe, needsCommands("openssl")),
  "Servers show a new certificate after SIGHUP, also when the configuration is refused, and keep the old one when the new one is of no use",
  async () => {
    await using bed = await ServedSwitch.open();
    await using dir = new TempDir();
    const ca = await Authority.open(dir, "ca");
    const [first, second] = [await ca.issue("first"), await ca.issue("second")];
    const [certificate, key] = [dir.file("tls.crt"), dir.file("tls.key")];
    const install = (from: { readonly certificate: string; readonly key: string }): void => {
      copyFileSync(from.certificate, certificate);
      copyFileSync(from.key, key);
    };
    install(first);
    const daemon = await bed.standalone(["Ethernet0"], { http: { certificate, key } });
    const subject = () =>
      bed.client.ask({ do: "subject", port: 9101, ca: readFileSync(ca.identity.certificate, "latin1") });
    expect(await subject()).toEqual({ subject: "first" });
    install(second);
    daemon.signal("SIGHUP");
    await daemon.waitForLog(/the certificate is that of "?CN=second/);
    expect(await subject()).toEqual({ subject: "second" });
    await Bun.write(certificate, "nothing");
    daemon.signal("SIGHUP");
    await daemon.waitForLog(/the old certificate stays in use/);
    expect(await subject()).toEqual({ subject: "second" });
    const { body } = await bed.untilHealth(/^degraded/);
    expect(body).toContain(`the HTTP server is not as configured: ${certificate}: holds no certificate in PEM`);
    install(second);
    daemon.signal("SIGHUP");
    await bed.untilHealth(/^healthy/);
    // A configuration that is refused is no reason to go on with a certificate that expires.
    install(await ca.issue("third"));
    await Bun.write(`${bed.box.directory}/portsyncd.conf`, "[http]\nlisten = 1\n");
    daemon.signal("SIGHUP");
    await daemon.waitForLog(/portsyncd\.conf:2:1: http\.listen: /);
    await daemon.waitForLog(/kept as it was: 1 issues/);
    await daemon.waitForLog(/the certificate is that of "?CN=third/);
    expect(await subject()).toEqual({ subject: "third" });
  },
  60,
);

for (const [metrics, reason] of [
  [{ enabled: false }, "[metrics] enabled is false"],
  [{ export_format: "json" }, '[metrics] export_format is "json": storage_path has them in metrics.json'],
] as const)
  testWith(canServe, `Servers have no /metrics with ${JSON.stringify(metrics)}, and say why`, async () => {
    await using bed = await ServedSwitch.open();
    const storage_path = `${bed.box.directory}/metrics`;
    await bed.standalone(["Ethernet0"], { metrics: { ...metrics, storage_path } });
    const { status, body } = await bed.admin("/metrics");
    const { detail } = JSON.parse(body) as { detail: string };
    expect([status, detail]).toEqual([404, `there are no metrics here: ${reason}`]);
    expect(await bed.admin("/-/healthy")).toMatchObject({ status: 200 });
  });

testWith(canServe, "Servers are none of a daemon that is not real, nor of one that publishes once", async () => {
  await using bed = await ServedSwitch.open();
  const { config } = bed.options({ mode: "standalone" });
  const notReal = ["--store", "memory", "--source", "simulate:2"];
  await using simulated = await bed.box.start({ args: notReal, config: config! });
  await simulated.waitForLog(/of them ports/);
  expect(await simulated.stop()).toBe(0);
  await using once = await bed.box.start({ args: ["--once"], config: config! });
  expect(await once.exited()).toBe(0);
  for (const { lines } of [simulated, once]) expect(lines.join("\n")).not.toMatch(/listening/);
});

import { expect } from "bun:test";
import { join } from "node:path";

import { builtBinary } from "../e2e/binary.ts";
import { waitUntil } from "../support/deadline.ts";
import { testWith } from "../support/testwith.ts";
import { canBoot, Machine } from "./machine.ts";

const UNIT = "portsyncd.service";
const UNITS = join(import.meta.dir, "../../systemd");
const SECONDS = 1200;

async function bootWithUnits(): Promise<Machine> {
  const units = ["portsyncd.service", "portsyncd@.service"];
  return Machine.boot([
    { from: await builtBinary(), to: "/usr/local/bin/portsyncd" },
    ...units.map((name) => ({ from: join(UNITS, name), to: `/etc/systemd/system/${name}` })),
    { from: join(UNITS, "portsyncd.sysusers.conf"), to: "/etc/sysusers.d/portsyncd.conf" },
  ]);
}

/** Redis on a Unix socket as SONiC has it: root's, and of the group redis. */
async function restrictRedis(machine: Machine, socket: string, ...more: readonly string[]): Promise<void> {
  await machine.run("redis-server", "--port", "0", "--unixsocket", socket, "--daemonize", "yes", ...more);
  await machine.run("sh", "-c", `until [ -S ${socket} ]; do :; done; chown root:redis ${socket}; chmod 0760 ${socket}`);
}

async function addPort(machine: Machine, name: string, namespace?: string): Promise<void> {
  const ip = ["ip", ...(namespace === undefined ? [] : ["-n", namespace])];
  await machine.run(...ip, "link", "add", name, "type", "veth", "peer", "name", `p${name.slice(-1)}`);
  await machine.run(...ip, "link", "set", `p${name.slice(-1)}`, "up");
  await machine.run(...ip, "link", "set", name, "up");
}

/** Waits until a log line of the unit matches. */
async function logged(machine: Machine, pattern: RegExp, unit = UNIT): Promise<void> {
  let journal = "";
  const probe = async () => pattern.test((journal = await machine.journal(unit)));
  await waitUntil(`log line like ${pattern}`, probe, { everyMs: 50, seen: () => journal });
}

testWith(
  canBoot(),
  "portsyncd.service starts, publishes, reloads, is watched and stops under a real systemd",
  async () => {
    await using machine = await bootWithUnits();
    const socket = "/run/sonic-redis.sock";
    await restrictRedis(machine, socket);
    const row = async (port: string) =>
      machine.run("redis-cli", "-s", socket, "-n", "6", "hget", `PORT_TABLE|${port}`, "netdev_oper_status");
    const limits = "[performance]\nmax_latency_us = 60000000\n"; // the machine may be busy, and that would be in the status
    const config = `mode = "standalone"\n${limits}[database]\nredis_socket = "${socket}"\n`;
    await machine.write("/etc/sonic/portsyncd.conf", `${config}[log]\nlevel = "info"\n`);
    await machine.write(`/etc/systemd/system/${UNIT}.d/short.conf`, "[Service]\nWatchdogSec=2s\n");
    await machine.run("systemctl", "daemon-reload");
    await addPort(machine, "Ethernet0");

    // Without UnsetEnvironment the daemon would be Bun itself.
    await machine.run("systemd-sysusers");
    await machine.run("systemctl", "set-environment", "BUN_BE_BUN=1", "BUN_OPTIONS=--preload=/nonexistent");
    await machine.run("systemctl", "start", UNIT);
    expect(await row("Ethernet0")).toBe("up\n");
    expect(await machine.property(UNIT, "Type")).toBe("notify");
    expect(await machine.property(UNIT, "ActiveState")).toBe("active");
    await machine.waitForProperty(UNIT, "StatusText", (text) => text === "running: 1 ports published");
    const pid = await machine.property(UNIT, "MainPID");
    const status = await machine.run("cat", `/proc/${pid}/status`);
    expect(status).toMatch(/^CapEff:\t0000000000001000$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    expect(status).not.toMatch(/^Uid:\t0\t/m);

    // The servers are where the default configuration has them, and the socket is for root and the daemon's group.
    await logged(machine, /admin: listening on/);
    const told = await machine.run("portsyncd", "status");
    expect(told).toMatch(/^healthy, 100 of 100\nports +1 of 1 in sync/);
    expect(told).toMatch(/^HTTP +127\.0\.0\.1:9101 \[::1\]:9101\nadmin socket \/run\/portsyncd\/admin\.sock$/m);
    const stat = await machine.run("stat", "-c", "%U %G %a", "/run/portsyncd", "/run/portsyncd/admin.sock");
    expect(stat).toBe("portsyncd portsyncd 755\nportsyncd portsyncd 660\n");

    await addPort(machine, "Ethernet4");
    await waitUntil("the new port's row", async () => (await row("Ethernet4")) === "up\n", { everyMs: 50 });

    await machine.write("/etc/sonic/portsyncd.conf", `${config}[log]\nlevel = "debug"\n`);
    await machine.run("systemctl", "reload", UNIT);
    await logged(machine, /configuration read again; changed: log\.level/);
    await machine.waitForProperty(UNIT, "ActiveState", (state) => state === "active");
    expect(await machine.property(UNIT, "MainPID")).toBe(pid);

    const history = async (port: string) => machine.run("portsyncd", "history", port, "--json").catch(() => "");
    await waitUntil("the new port's history", async () => (await history("Ethernet4")) !== "", { everyMs: 50 });
    const [come] = (await history("Ethernet4")).split("\n");
    expect(JSON.parse(come!)).toMatchObject({ port: "Ethernet4", old: null });
    await machine.run("kill", "-STOP", pid);
    await machine.waitForProperty(UNIT, "NRestarts", (count) => count === "1");
    await machine.waitForProperty(UNIT, "ActiveState", (state) => state === "active");
    await logged(machine, /Watchdog timeout/);
    expect(await machine.property(UNIT, "MainPID")).not.toBe(pid);

    await machine.run("systemctl", "stop", UNIT);
    const starts = (await machine.run("portsyncd", "starts")).trim().split("\n");
    // The first was killed by the watchdog.
    expect(starts.map((line) => line.replace(/\S+Z/g, "TIME"))).toEqual([
      expect.stringMatching(/^TIME standalone .*, no clean end$/),
      expect.stringMatching(/^TIME standalone .*, ended TIME$/),
    ]);
    expect(await machine.run("stat", "-c", "%U %a", "/var/lib/sonic/portsyncd")).toBe("portsyncd 750\n");
    await logged(machine, /Deactivated successfully/);
    expect(await machine.run("sh", "-c", "ls -d /run/portsyncd || true")).toBe("");
    expect(await machine.journal(UNIT)).toMatch(/SIGTERM: stopping/);
    expect(await machine.journal(UNIT)).not.toMatch(/denied|EPERM|EACCES/i);
  },
  SECONDS,
);

testWith(
  canBoot(),
  "portsyncd@.service publishes the ports of each ASIC's network namespace under a real systemd",
  async () => {
    await using machine = await bootWithUnits();
    const includes: object[] = [];
    for (const asic of ["0", "1"]) {
      const socket = `/run/redis${asic}.sock`;
      await restrictRedis(machine, socket, "--unixsocketperm", "700");
      await machine.run("ip", "netns", "add", `asic${asic}`);
      await addPort(machine, `Ethernet${asic}`, `asic${asic}`);
      const databases = Object.fromEntries(
        Object.entries({ APPL_DB: 0, CONFIG_DB: 4, STATE_DB: 6 }).map(([name, id]) => [
          name,
          { id, separator: id === 0 ? ":" : "|", instance: "redis" },
        ]),
      );
      const file = `/run/redis/sonic-db/asic${asic}.json`;
      const instance = { hostname: "127.0.0.1", port: 6379, unix_socket_path: socket };
      await machine.write(file, JSON.stringify({ INSTANCES: { redis: instance }, DATABASES: databases }));
      includes.push({ namespace: `asic${asic}`, include: `asic${asic}.json` });
    }
    await machine.write("/run/redis/sonic-db/database_global.json", JSON.stringify({ INCLUDES: includes }));
    await machine.write("/etc/sonic/portsyncd.conf", 'mode = "standalone"\n[log]\nlevel = "info"\n');
    await machine.run("systemctl", "start", "portsyncd@asic0", "portsyncd@asic1");
    for (const asic of ["0", "1"]) {
      const keys = await machine.run("redis-cli", "-s", `/run/redis${asic}.sock`, "-n", "6", "keys", "PORT_TABLE|*");
      expect(keys).toBe(`PORT_TABLE|Ethernet${asic}\n`);
    }
    // Each has the same address, in its own network.
    for (const asic of ["asic0", "asic1"]) {
      await logged(machine, /admin: listening on/, `portsyncd@${asic}`);
      const told = await machine.run("portsyncd", "status", "--namespace", asic);
      expect(told).toMatch(/^HTTP +127\.0\.0\.1:9101/m);
      expect(told).toContain(`\nadmin socket /run/portsyncd/${asic}/admin.sock\n`);
    }
    await machine.run("systemctl", "stop", "portsyncd@asic0", "portsyncd@asic1");
    for (const unit of ["portsyncd@asic0", "portsyncd@asic1"]) await logged(machine, /Deactivated successfully/, unit);
  },
  SECONDS,
);

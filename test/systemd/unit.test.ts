import { expect, test } from "bun:test";
import { copyFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { DEFAULT_CONFIG } from "../../src/config/schema.ts";
import { adminSocketPath } from "../../src/http/adminsocketpath.ts";
import { needsCommands } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";

const FOLDER = join(import.meta.dir, "../../systemd");
const UNITS = ["portsyncd.service", "portsyncd@.service"] as const;
/** The variables through which Bun, Node and the dynamic linker take code or options. */
const TAKEN_FROM_BUN = [
  "BUN_OPTIONS",
  "BUN_BE_BUN",
  "BUN_INSPECT",
  "BUN_INSPECT_PRELOAD",
  "NODE_OPTIONS",
  "LD_PRELOAD",
];
/** systemd calls less than 2.5 "OK" and less than 5 "MEDIUM". */
const MOST_EXPOSURE = 2;

type Settings = ReadonlyMap<string, readonly string[]>;

/** The settings of a unit or supervisor file by `Section.Name`, in the order of the file. */
async function readSettings(name: string): Promise<Settings> {
  const settings = new Map<string, string[]>();
  let section = "";
  for (const line of (await Bun.file(join(FOLDER, name)).text()).split("\n")) {
    section = /^\[(.*)\]$/.exec(line)?.[1] ?? section;
    const [, key, value] = /^([A-Za-z_]+)=(.*)$/.exec(line) ?? [];
    if (key === undefined) continue;
    const path = `${section}.${key}`;
    settings.set(path, [...(settings.get(path) ?? []), value!]);
  }
  return settings;
}

/** All words of a setting that can be given more than once. */
function words(settings: Settings, path: string): string[] {
  return (settings.get(path) ?? []).flatMap((value) => value.split(" "));
}

/** Copies a unit, with a program that is here in place of the daemon, as an instance if it is a template. */
async function copyUnit(name: string, dir: TempDir): Promise<string> {
  const copy = dir.file(name.replace("@.", "@asic0."));
  const text = await Bun.file(join(FOLDER, name)).text();
  await Bun.write(copy, text.replace(/^ExecStart=portsyncd/m, "ExecStart=/bin/true"));
  if (name.includes("@")) copyFileSync(copy, dir.file(name));
  return copy;
}

for (const name of UNITS) {
  testWith(
    needsCommands("systemd-analyze"),
    `${name} has nothing that systemd-analyze verify complains of`,
    async () => {
      await using dir = new TempDir();
      const unit = await copyUnit(name, dir);
      const { exitCode, stdout, stderr } = Bun.spawnSync(["systemd-analyze", "verify", "--man=no", unit]);
      expect(`${stdout}${stderr}`).toBe("");
      expect(exitCode).toBe(0);
    },
  );

  testWith(needsCommands("systemd-analyze"), `${name} is less exposed than ${MOST_EXPOSURE}`, async () => {
    await using dir = new TempDir();
    const unit = await copyUnit(name, dir);
    const threshold = `--threshold=${MOST_EXPOSURE * 10}`;
    const command = ["systemd-analyze", "security", "--offline=true", "--no-pager", threshold, unit];
    const { exitCode, stdout, stderr } = Bun.spawnSync(command);
    expect(`${stdout}${stderr}`).toMatch(/Overall exposure level .*: [01]\.\d OK/);
    expect(exitCode).toBe(0);
  });

  test(`${name} is told by the daemon when it is ready, reloads by SIGHUP and restarts it when it fails`, async () => {
    const settings = await readSettings(name);
    expect(settings.get("Service.Type")).toEqual(["notify"]);
    expect(settings.get("Service.ExecReload")).toEqual(["/bin/kill -HUP $MAINPID"]);
    expect(settings.get("Service.Restart")).toEqual(["on-failure"]);
    expect(settings.get("Service.ExecStart")![0]!.split(" ")[0]).toBe("portsyncd");
    expect(settings.get("Unit.StartLimitIntervalSec")).toEqual(["0"]);
  });

  test(`${name} gives the daemon more time than its defaults need`, async () => {
    const settings = await readSettings(name);
    const seconds = (path: string) => Number(/^(\d+)s$/.exec(settings.get(path)![0]!)![1]);
    expect(seconds("Service.TimeoutStopSec")).toBeGreaterThan(DEFAULT_CONFIG.shutdown.timeout_secs);
    expect(seconds("Service.WatchdogSec")).toBeGreaterThan(DEFAULT_CONFIG.health.max_stall_seconds);
  });

  test(`${name} keeps from Bun what it would read in its environment and working directory`, async () => {
    const settings = await readSettings(name);
    expect(words(settings, "Service.UnsetEnvironment")).toEqual(expect.arrayContaining(TAKEN_FROM_BUN));
    expect(settings.get("Service.WorkingDirectory")).toEqual(["/"]);
    expect(settings.has("Service.MemoryDenyWriteExecute")).toBe(false);
  });

  test(`${name} grants the capabilities that the daemon needs, and no other`, async () => {
    const settings = await readSettings(name);
    const needed = ["CAP_NET_ADMIN", ...(name.includes("@") ? ["CAP_SYS_ADMIN"] : [])];
    expect(words(settings, "Service.CapabilityBoundingSet")).toEqual(needed);
    expect(words(settings, "Service.AmbientCapabilities")).toEqual(needed);
    const families = ["AF_UNIX", "AF_NETLINK", "AF_INET", "AF_INET6"];
    expect(words(settings, "Service.RestrictAddressFamilies")).toEqual(families);
  });
}

test("portsyncd@.service differs from portsyncd.service only in what the namespace needs", async () => {
  const [plain, instance] = await Promise.all(UNITS.map(readSettings));
  const differing = [...new Set([...plain!.keys(), ...instance!.keys()])].filter(
    (path) => !Bun.deepEquals(plain!.get(path), instance!.get(path)),
  );
  expect(differing.sort()).toEqual([
    "Service.AmbientCapabilities",
    "Service.CapabilityBoundingSet",
    "Service.ExecStart",
    "Service.RestrictNamespaces",
    "Service.RuntimeDirectory",
    "Service.StateDirectory",
    "Unit.After",
    "Unit.Description",
  ]);
  expect(instance!.get("Service.ExecStart")).toEqual(["portsyncd --namespace %i"]);
  expect(instance!.get("Service.RestrictNamespaces")).toEqual(["net"]);
});

test("portsyncd.supervisor.conf is the program of SONiC's swss container", async () => {
  const settings = await readSettings("portsyncd.supervisor.conf");
  const program = Object.fromEntries([...settings].map(([path, [value]]) => [path, value]));
  // Contract rule 50, as docker-orchagent's supervisord.conf has it.
  expect(program).toMatchObject({
    "program:portsyncd.command": "/usr/bin/portsyncd",
    "program:portsyncd.autostart": "false",
    "program:portsyncd.autorestart": "false",
    "program:portsyncd.stdout_syslog": "true",
    "program:portsyncd.stderr_syslog": "true",
    "program:portsyncd.dependent_startup": "true",
    "program:portsyncd.dependent_startup_wait_for": "rsyslogd:running",
  });
  expect(settings.has("program:portsyncd.user")).toBe(false);
  expect(Number(program["program:portsyncd.stopwaitsecs"])).toBeGreaterThan(DEFAULT_CONFIG.shutdown.timeout_secs);
});

test("the units make the directory of the store, for the daemon's user alone to write", async () => {
  for (const name of UNITS) {
    const settings = await readSettings(name);
    const folder = name.includes("@") ? "/%i" : "";
    expect(settings.get("Service.StateDirectory")).toEqual([`sonic/portsyncd${folder}`]);
    expect(`/var/lib/${settings.get("Service.StateDirectory")![0]}`).toBe(`${DEFAULT_CONFIG.store.directory}${folder}`);
    expect(settings.get("Service.StateDirectoryMode")).toEqual(["0750"]);
    expect(settings.get("Service.User")).toEqual(["portsyncd"]);
  }
});

test("the units make the directory of the admin socket, in which all may look", async () => {
  for (const name of UNITS) {
    const settings = await readSettings(name);
    const namespace = name.includes("@") ? "%i" : "";
    const [directory] = settings.get("Service.RuntimeDirectory")!;
    expect(`/run/${directory}`).toBe(dirname(adminSocketPath({ ...DEFAULT_CONFIG, namespace })));
    expect(settings.get("Service.RuntimeDirectoryMode")).toEqual(["0755"]);
  }
});

testWith(
  needsCommands("systemd-sysusers"),
  "portsyncd.sysusers.conf makes the user, and the group of Redis' socket",
  async () => {
    await using dir = new TempDir();
    await Bun.$`mkdir -p ${dir.path}/etc`.quiet();
    const command = ["systemd-sysusers", `--root=${dir.path}`, join(FOLDER, "portsyncd.sysusers.conf")];
    expect(Bun.spawnSync(command).exitCode).toBe(0);
    expect(await Bun.file(dir.file("etc/group")).text()).toMatch(/^redis:x:\d+:$/m);
    expect(await Bun.file(dir.file("etc/passwd")).text()).toMatch(/^portsyncd:x:\d+:\d+:.*\/nologin$/m);
  },
);

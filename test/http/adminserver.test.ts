import { describe, expect, test } from "bun:test";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

import { DEFAULT_CONFIG } from "../../src/config/schema.ts";
import { adminSocketPath } from "../../src/http/adminsocketpath.ts";
import { collectLog } from "../port/loglines.ts";
import { waitUntil } from "../support/deadline.ts";
import { TempDir } from "../support/tempdir.ts";
import { AdminRig } from "./adminrig.ts";
import { RawClient } from "./rawclient.ts";

function modeOf(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}

/** Makes the socket of a daemon that was killed. */
async function leaveStale(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ path: `${path}.first` }, resolve));
  linkSync(`${path}.first`, path);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  expect(lstatSync(path).isSocket()).toBe(true);
}

describe("adminSocketPath", () => {
  test("is that of the configuration, with a namespace in a folder of its name, and none when there is to be none", () => {
    expect(adminSocketPath(DEFAULT_CONFIG)).toBe("/run/portsyncd/admin.sock");
    expect(adminSocketPath({ ...DEFAULT_CONFIG, namespace: "asic0" })).toBe("/run/portsyncd/asic0/admin.sock");
    const http = { ...DEFAULT_CONFIG.http, admin_socket: "" };
    expect(adminSocketPath({ http, namespace: "asic0" })).toBe("");
  });
});

describe("AdminServer", () => {
  const log = collectLog();

  test("makes its directory for all to look at, and a socket that only user and group may use, whatever the umask", async () => {
    await using dir = new TempDir();
    for (const umask of [0, 0o077]) {
      const before = process.umask(umask);
      await using rig = await AdminRig.start(join(dir.path, `run${umask}/portsyncd/admin.sock`));
      process.umask(before);
      expect(modeOf(rig.path)).toBe("660");
      expect(modeOf(join(dir.path, `run${umask}`))).toBe("755");
      expect(modeOf(join(dir.path, `run${umask}/portsyncd`))).toBe("755");
      expect(readdirSync(join(dir.path, `run${umask}/portsyncd`))).toEqual(["admin.sock"]);
      expect((await rig.fetch("/-/ready")).status).toBe(200);
    }
  });

  test("is off without a path", async () => {
    await using rig = await AdminRig.start("");
    expect(rig.server.facts).toEqual({ listening: [], failure: "", certificateExpiresWallMs: undefined });
    expect(rig.clock.timers).toBe(0);
  });

  test("removes its socket when it is closed, and ends its connections", async () => {
    await using dir = new TempDir();
    const rig = await AdminRig.start(dir.file("admin.sock"));
    using client = await RawClient.open(rig.path);
    await waitUntil("connection", () => rig.front.connections.size === 1);
    await rig.server.close();
    await client.ends();
    expect(readdirSync(dir.path)).toEqual([]);
  });

  test("takes the place of a daemon that has gone", async () => {
    await using dir = new TempDir();
    await leaveStale(dir.file("admin.sock"));
    await using rig = await AdminRig.start(dir.file("admin.sock"));
    expect(rig.server.facts).toMatchObject({ listening: [rig.path], failure: "" });
    expect((await rig.fetch("/-/ready")).status).toBe(200);
    expect(readdirSync(dir.path)).toEqual(["admin.sock"]);
  });

  test("leaves the place to a daemon that answers, says so loudly, and takes it when that one has gone", async () => {
    await using dir = new TempDir();
    const first = await AdminRig.start(dir.file("admin.sock"));
    first.daemon.facts = { ...first.daemon.facts, version: "first" };
    await using second = await AdminRig.start(first.path);
    const failure = `${first.path}: another daemon listens there`;
    expect(second.server.facts).toMatchObject({ listening: [], failure });
    expect(log().at(-1)).toBe(`ERROR :- admin: cannot listen on "${failure}"; it will be tried again`);
    expect(await first.json("/api/v1/status")).toMatchObject({ version: "first" });
    await first.server.close();
    await second.clock.run(1000);
    await waitUntil("second daemon", () => second.server.facts.failure === "", { seen: () => second.server.facts });
    expect(await second.json("/api/v1/status")).toMatchObject({ version: "1.2.3" });
  });

  for (const [what, make] of [
    ["a file", (path: string) => writeFileSync(path, "precious")],
    ["a directory", (path: string) => mkdirSync(path)],
    ["a symbolic link", (path: string) => symlinkSync("/nowhere", path)],
  ] as const)
    test(`leaves ${what} in its place alone`, async () => {
      await using dir = new TempDir();
      make(dir.file("admin.sock"));
      const { ino } = lstatSync(dir.file("admin.sock"));
      await using rig = await AdminRig.start(dir.file("admin.sock"));
      expect(rig.server.facts.failure).toBe(`${rig.path}: there is something else than a socket`);
      await rig.server.close();
      expect(lstatSync(rig.path).ino).toBe(ino);
      expect(readdirSync(dir.path)).toEqual(["admin.sock"]);
    });

  test("says why its directory cannot be made", async () => {
    await using dir = new TempDir();
    writeFileSync(dir.file("file"), "");
    await using rig = await AdminRig.start(dir.file("file/admin.sock"));
    expect(rig.server.facts.failure).toStartWith(`${rig.path}: `);
    expect(log()).toHaveLength(1);
  });

  test("gives the place to one of several that begin at once, and the others say so", async () => {
    await using dir = new TempDir();
    await leaveStale(dir.file("admin.sock"));
    const rigs = Array.from({ length: 4 }, () => new AdminRig(dir.file("admin.sock")));
    await Promise.all(rigs.map(({ server }) => server.start()));
    const failures = rigs.map(({ server }) => server.facts.failure).filter(Boolean);
    expect(failures).toEqual(Array(3).fill(`${dir.file("admin.sock")}: another daemon listens there`));
    expect(readdirSync(dir.path)).toEqual(["admin.sock"]);
    const winner = rigs.find(({ server }) => server.facts.failure === "")!;
    expect((await winner.fetch("/-/ready")).status).toBe(200);
    for (const { server } of rigs) await server.close();
  });

  test("makes its socket again when somebody has removed it", async () => {
    await using dir = new TempDir();
    await using rig = await AdminRig.start(dir.file("admin.sock"));
    unlinkSync(rig.path);
    await rig.clock.run(10_000);
    await waitUntil("socket", () => existsSync(rig.path));
    expect((await rig.fetch("/-/ready")).status).toBe(200);
    expect(log()).toContain(`WARN :- admin: the socket ${rig.path} is gone; it is made again`);
  });

  test("says why when its directory became something else, and comes back with the directory", async () => {
    await using dir = new TempDir();
    await using rig = await AdminRig.start(join(dir.path, "run/admin.sock"));
    renameSync(dir.file("run"), dir.file("aside"));
    writeFileSync(dir.file("run"), "");
    await rig.clock.run(10_000);
    await waitUntil("failure", () => rig.server.facts.failure !== "");
    expect(rig.server.facts.listening).toEqual([]);
    unlinkSync(dir.file("run"));
    await rig.clock.run(2000);
    await waitUntil("socket", () => existsSync(rig.path));
    expect((await rig.fetch("/-/ready")).status).toBe(200);
    expect(rig.server.facts.failure).toBe("");
  });

  test("ends though its directory became something else", async () => {
    await using dir = new TempDir();
    const rig = await AdminRig.start(join(dir.path, "run/admin.sock"));
    renameSync(dir.file("run"), dir.file("aside"));
    writeFileSync(dir.file("run"), "");
    await rig.server.close();
    expect(rig.server.facts.listening).toEqual([]);
    expect(rig.clock.timers).toBe(0);
  });

  test("leaves nothing behind when it is closed while it begins", async () => {
    await using dir = new TempDir();
    const rig = new AdminRig(dir.file("admin.sock"));
    const starting = rig.server.start();
    await Promise.resolve(); // it has begun to make its socket
    expect(readdirSync(dir.path)).not.toEqual([]);
    await rig.server.close();
    await starting;
    expect([readdirSync(dir.path), rig.clock.timers]).toEqual([[], 0]);
  });

  test("does not remove what took its place", async () => {
    await using dir = new TempDir();
    const rig = await AdminRig.start(dir.file("admin.sock"));
    unlinkSync(rig.path);
    writeFileSync(rig.path, "of somebody else");
    await rig.server.close();
    expect(await Bun.file(rig.path).text()).toBe("of somebody else");
  });
});

import { expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { runChild } from "../support/child.ts";
import { waitUntil } from "../support/deadline.ts";
import { all, needsCommands, needsRoot, type Requirement } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { Asked, limitsIn, transitionsFrom } from "./requests.ts";
import { savedIn } from "./saved.ts";
import { StoreProcess } from "./storeprocess.ts";

/** A tmpfs of its own at $1, with the options $2; the rest is the command. */
const MOUNTED = [
  "unshare",
  "--mount",
  "sh",
  "-c",
  'd=$1 o=$2; shift 2; mount -t tmpfs -o "$o" tmpfs "$d" && exec "$@"',
  "sh",
];

function canMount(): Requirement {
  const able = all(needsRoot(), needsCommands("unshare", "mount"));
  if (!able.ok) return able;
  const probe = Bun.spawnSync(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
  return probe.exitCode === 0 ? able : { ok: false, reason: "no private mounts" };
}

const ableToMount = canMount();

testWith(
  ableToMount,
  "Store degrades while the disk is full, and has saved everything when there is room again",
  async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    mkdirSync(directory);
    await using store = new StoreProcess(directory, [...MOUNTED, directory, "size=4m,mode=750"]);
    store.tell("record 100");
    await store.hear("first transitions", ({ saved }) => saved === 100);
    store.tell("fill");
    await store.hear("full disk", ({ filled }) => filled === true);
    store.tell("record 5000");
    expect(await store.hear("degraded state", ({ state }) => state !== undefined)).toEqual({
      state: "degraded",
      reason: expect.stringContaining("the disk is full"),
    });
    const before = await store.status();
    const after = await store.status();
    expect(after.turns!).toBeGreaterThan(before.turns!);
    expect(after.status).toMatchObject({ state: "degraded", dropped: 0 });
    store.tell("unfill");
    expect(await store.hear("good state", ({ state }) => state !== undefined)).toEqual({ state: "ok", reason: "" });
    await store.hear("all transitions", ({ saved }) => saved === 5100);
    expect(store.said.filter(({ state }) => state !== undefined)).toHaveLength(2);
    expect(store.said.filter(({ recovery }) => recovery)).toEqual([]);
  },
  60,
);

testWith(
  ableToMount,
  "Store degrades where it may not write, and goes on when it may",
  async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    mkdirSync(directory);
    await using store = new StoreProcess(directory, [...MOUNTED, directory, "ro,size=4m,mode=750"]);
    store.tell("record 100");
    expect(await store.hear("degraded state", ({ state }) => state !== undefined)).toEqual({
      state: "degraded",
      reason: `${directory}: it cannot be written (EROFS)`,
    });
    store.tell(`sh mount -o remount,rw ${directory}`);
    expect(await store.hear("mount", ({ sh }) => sh !== undefined)).toEqual({ sh: 0 });
    await store.hear("good state", ({ state }) => state === "ok");
    await store.hear("all transitions", ({ saved }) => saved === 100);
  },
  60,
);

/** As MOUNTED, with the files of $3 copied in and no space left. */
const MOUNTED_FULL = [...MOUNTED];
MOUNTED_FULL[4] =
  'd=$1 o=$2 s=$3; shift 3; mount -t tmpfs -o "$o" tmpfs "$d" && cp -p "$s"/* "$d" && ' +
  'dd if=/dev/zero of="$d/filler" bs=4096 2>/dev/null; exec "$@"';

testWith(
  ableToMount,
  "Store recovers from a damaged file when there is space for the backup's copy, and counts it once",
  async () => {
    await using dir = new TempDir();
    const [directory, source] = [dir.file("store"), dir.file("source")];
    mkdirSync(directory);
    {
      using asked = new Asked(limitsIn(source));
      asked.save(transitionsFrom(0, 1000));
      asked.backup();
    }
    writeFileSync(join(source, "portsyncd.db"), "not a database");
    await using store = new StoreProcess(directory, [...MOUNTED_FULL, directory, "size=2m,mode=750", source]);
    store.tell("record 10");
    expect(await store.hear("degraded state", ({ state }) => state !== undefined)).toEqual({
      state: "degraded",
      reason: expect.stringContaining("the disk is full"),
    });
    store.tell("unfill");
    expect(await store.hear("recovery", ({ recovery }) => recovery !== undefined)).toMatchObject({
      recovery: { setAside: expect.any(String), restoredFrom: expect.any(String) },
    });
    await store.hear("acknowledgement", ({ saved }) => saved === 10);
    expect((await store.status()).status).toMatchObject({ state: "ok", corruptions: 1, recoveries: 1 });
  },
  60,
);

async function compileSlowDisk(dir: TempDir): Promise<string> {
  const library = dir.file("slowdisk.so");
  await runChild(["cc", "-shared", "-fPIC", "-O1", "-o", library, join(import.meta.dir, "slowdisk.c"), "-ldl"]);
  return library;
}

const ableToCompile = needsCommands("cc");

testWith(
  ableToCompile,
  "Store lets the event loop turn while every write hangs, and loses nothing",
  async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    const gate = `${directory}.gate`;
    const env = { LD_PRELOAD: await compileSlowDisk(dir), SLOW_DISK: directory };
    await using store = new StoreProcess(directory, [], env);
    store.tell("record 10");
    await store.hear("first transitions", ({ saved }) => saved === 10);
    writeFileSync(gate, "");
    store.tell("record 3000");
    const before = (await store.status()).turns!;
    const turned = async (): Promise<boolean> => (await store.status()).turns! > before + 1000;
    await waitUntil("1000 turns of the event loop", turned);
    expect((await store.status()).status).toMatchObject({ queued: 3000, dropped: 0, state: "ok" });
    rmSync(gate);
    await store.hear("all transitions", ({ saved }) => saved === 3010);
  },
  60,
);

testWith(
  ableToCompile,
  "Store.open lets the event loop turn though the disk hangs from the beginning",
  async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    const env = { LD_PRELOAD: await compileSlowDisk(dir), SLOW_DISK: directory };
    writeFileSync(`${directory}.gate`, "");
    await using store = new StoreProcess(directory, [], env);
    store.tell("record 10");
    const before = (await store.status()).turns!;
    const turned = async (): Promise<boolean> => (await store.status()).turns! > before + 1000;
    await waitUntil("1000 turns of the event loop", turned);
    expect((await store.status()).status).toMatchObject({ queued: 10, dropped: 0 });
    rmSync(`${directory}.gate`);
    await store.hear("all transitions", ({ saved }) => saved === 10);
  },
  60,
);

testWith(
  ableToCompile,
  "Store.close ends in its time, and the process after it, though the disk hangs",
  async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    const env = { LD_PRELOAD: await compileSlowDisk(dir), SLOW_DISK: directory };
    await using store = new StoreProcess(directory, [], env);
    store.tell("record 10");
    await store.hear("first transitions", ({ saved }) => saved === 10);
    writeFileSync(`${directory}.gate`, "");
    store.tell("record 10");
    store.tell("close 100");
    expect(await store.hear("end", ({ closed }) => closed !== undefined)).toEqual({ closed: false });
    expect(await store.exited).toBe(0);
  },
  60,
);

test("Store has on disk what it acknowledged, whenever its process is killed", async () => {
  await using dir = new TempDir();
  for (let round = 0; round < 12; round++) {
    const directory = dir.file(`store-${round}`);
    await using store = new StoreProcess(directory);
    store.tell("endless");
    for (let batches = 0; batches <= round; batches++)
      await store.hear("acknowledgement", ({ saved }) => saved !== undefined);
    await store.kill();
    const acknowledged = store.saved;
    const saved = savedIn(directory);
    expect(saved.length).toBeGreaterThanOrEqual(acknowledged);
    expect(saved).toEqual(transitionsFrom(0, saved.length));
    await using next = new StoreProcess(directory);
    next.tell("record 1");
    await next.hear("acknowledgement", ({ saved: count }) => count === 1);
    expect(next.said.filter(({ recovery }) => recovery)).toEqual([]);
  }
}, 60_000);

test("Store is used by one process at a time, and by the next when that was killed", async () => {
  await using dir = new TempDir();
  const directory = dir.file("store");
  await using first = new StoreProcess(directory);
  first.tell("record 10");
  await first.hear("acknowledgement", ({ saved }) => saved === 10);
  await using second = new StoreProcess(directory);
  second.tell("record 10");
  expect(await second.hear("degraded state", ({ state }) => state !== undefined)).toEqual({
    state: "degraded",
    reason: `${directory}: another process uses it`,
  });
  await first.kill();
  await second.hear("good state", ({ state }) => state === "ok");
  await second.hear("acknowledgement", ({ saved }) => saved === 10);
  expect(savedIn(directory)).toHaveLength(20);
}, 60_000);

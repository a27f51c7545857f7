import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { nextStamp, openDirectory } from "../../src/store/directory.ts";
import { needsRoot } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { Asked, limitsIn, transitionAt, WALL_MS } from "./requests.ts";

/** The permissions of everything in a directory and of itself. */
function modesIn(directory: string): Record<string, string> {
  const mode = (path: string): string => (statSync(path).mode & 0o7777).toString(8);
  const names = readdirSync(directory).map((name) => [
    name.replace(/backup-.*/, "backup"),
    mode(join(directory, name)),
  ]);
  return { ".": mode(directory), ...Object.fromEntries(names) };
}

const MODES = {
  ".": "750",
  "portsyncd.db": "640",
  "portsyncd.db-shm": "640",
  "portsyncd.db-wal": "640",
  "portsyncd.db.backup": "640",
  "portsyncd.lock": "640",
};

describe("Keeper", () => {
  for (const umask of [0o000, 0o077])
    test(`makes directory and files for its group to read, with umask ${umask.toString(8)}`, async () => {
      await using dir = new TempDir();
      const directory = dir.file("a/b/store");
      const before = process.umask(umask);
      try {
        using asked = new Asked(limitsIn(directory));
        asked.save([transitionAt(0)]);
        asked.backup();
        asked.save([transitionAt(1)]);
        expect(modesIn(directory)).toEqual(MODES);
      } finally {
        process.umask(before);
      }
    });

  test("takes the access of others away from its files", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    using asked = new Asked(limitsIn(directory));
    asked.open();
    asked.close(false);
    chmodSync(join(directory, "portsyncd.db"), 0o666);
    asked.save([transitionAt(0)]);
    expect(modesIn(directory)["portsyncd.db"]).toBe("640");
  });

  for (const name of ["portsyncd.db", "portsyncd.db-wal", "portsyncd.db-shm", "portsyncd.lock"])
    for (const [what, make, reason] of [
      ["symbolic link", (path: string, other: string) => symlinkSync(other, path), "is a symbolic link"],
      ["dangling symbolic link", (path: string) => symlinkSync("/nonexistent", path), "is a symbolic link"],
      ["directory", (path: string) => mkdirSync(path), "is not a plain file"],
      ["pipe", (path: string) => Bun.spawnSync(["mkfifo", path]), "is not a plain file"],
    ] as const)
      test(`refuses a ${what} for ${name}, and touches nothing`, async () => {
        await using dir = new TempDir();
        const directory = dir.file("store");
        const other = dir.file("other");
        {
          using asked = new Asked(limitsIn(directory));
          asked.open();
        }
        writeFileSync(other, "precious");
        rmSync(join(directory, name), { force: true });
        make(join(directory, name), other);
        using asked = new Asked(limitsIn(directory), 2);
        expect(asked.save([transitionAt(0)])).toMatchObject({
          outcome: "unavailable",
          reason: `${directory}: ${name} in it ${reason}`,
          recoveries: [],
        });
        expect(await Bun.file(other).text()).toBe("precious");
        rmSync(join(directory, name), { recursive: true });
        expect(asked.save([transitionAt(0)]).outcome).toBe("done");
      });

  test("refuses a backup that is a symbolic link, and keeps it", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    using asked = new Asked(limitsIn(directory));
    asked.save([transitionAt(0)]);
    asked.backup();
    asked.close(false);
    const backup = readdirSync(directory).find((name) => name.includes("backup-"))!;
    renameSync(join(directory, backup), dir.file("elsewhere"));
    symlinkSync(dir.file("elsewhere"), join(directory, backup));
    rmSync(join(directory, "portsyncd.db"));
    expect(asked.open()).toMatchObject({
      outcome: "unavailable",
      reason: `${directory}: ${backup} in it is a symbolic link`,
    });
  });

  for (const [what, make, reason] of [
    ["a symbolic link", (path: string, real: string) => symlinkSync(real, path), "it is a symbolic link"],
    ["a file", (path: string) => writeFileSync(path, ""), "it is not a directory"],
    [
      "writable by its group",
      (path: string) => chmodSync(mkdirOf(path), 0o770),
      "it can be written by its group or by others (mode 0770)",
    ],
    [
      "writable by all",
      (path: string) => chmodSync(mkdirOf(path), 0o1777),
      "it can be written by its group or by others (mode 1777)",
    ],
  ] as const)
    test(`refuses a directory that is ${what}`, async () => {
      await using dir = new TempDir();
      const directory = dir.file("store");
      mkdirSync(dir.file("real"), { mode: 0o750 });
      make(directory, dir.file("real"));
      using asked = new Asked(limitsIn(directory));
      expect(asked.open()).toMatchObject({ outcome: "unavailable", reason: `${directory}: ${reason}` });
      expect(readdirSync(dir.file("real"))).toEqual([]);
    });

  test("takes a directory below a symbolic link, as /var/run is one", async () => {
    await using dir = new TempDir();
    mkdirSync(dir.file("run"));
    symlinkSync(dir.file("run"), dir.file("var-run"));
    using asked = new Asked(limitsIn(dir.file("var-run/store")));
    expect(asked.save([transitionAt(0)])).toMatchObject({ outcome: "done" });
  });

  test("takes a directory that appears later", async () => {
    await using dir = new TempDir();
    writeFileSync(dir.file("parent"), "");
    using asked = new Asked(limitsIn(dir.file("parent/store")));
    expect(asked.save([transitionAt(0)]).outcome).toBe("unavailable");
    rmSync(dir.file("parent"));
    expect(asked.save([transitionAt(0)])).toMatchObject({ outcome: "done", recoveries: [] });
  });
});

function mkdirOf(path: string): string {
  mkdirSync(path);
  return path;
}

testWith(needsRoot(), "openDirectory refuses a directory, and a file in it, of another user", async () => {
  await using dir = new TempDir();
  const directory = dir.file("store");
  const { database } = openDirectory(directory);
  writeFileSync(database, "");
  chownSync(database, 1234, 0);
  expect(() => openDirectory(directory)).toThrow("portsyncd.db in it belongs to user 1234, not to user 0");
  chownSync(directory, 1234, 0);
  expect(() => openDirectory(directory)).toThrow("it belongs to user 1234, not to user 0");
});

describe("nextStamp", () => {
  test("is the time, in a form that sorts", () => {
    expect(nextStamp(WALL_MS, undefined)).toBe("20260131T120000.000Z");
  });

  for (const [wallMs, expected] of [
    [WALL_MS, "20260131T120001.001Z"],
    [0, "20260131T120001.001Z"],
    [WALL_MS + 60_000, "20260131T120100.000Z"],
    [Number.MAX_SAFE_INTEGER, "99991231T235959.999Z"],
  ] as const)
    test(`is later than the newest at ${wallMs}`, () => {
      expect(nextStamp(wallMs, "portsyncd.db.backup-20260131T120001.000Z")).toBe(expected);
    });

  test("does without the time of a name that is none", () => {
    expect(nextStamp(WALL_MS, "portsyncd.db.backup-99999999T999999.999Z")).toBe("20260131T120000.000Z");
  });
});

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { TempDir } from "../support/tempdir.ts";
import { Asked, limitsIn, transitionsFrom, WALL_MS } from "./requests.ts";
import { savedIn } from "./saved.ts";

function backupsIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.startsWith("portsyncd.db.backup-"))
    .sort();
}

describe("Keeper", () => {
  test("keeps as many backups as it is told, the newest, each whole and without a log", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    using asked = new Asked(limitsIn(directory, { backups: 2 }));
    for (let i = 0; i < 5; i++) {
      asked.save(transitionsFrom(i * 10, 10));
      asked.backup();
      asked.pass(1000);
    }
    expect(backupsIn(directory)).toEqual(["03", "04"].map((s) => `portsyncd.db.backup-20260131T1200${s}.000Z`));
    expect(asked.open().facts!.tally).toMatchObject({ backupsCreated: 5, backupsCleaned: 3 });
    using newest = new Database(join(directory, backupsIn(directory)[1]!), { readonly: true });
    expect(newest.query("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
    expect(newest.query("SELECT sum(count) AS count FROM history").get()).toEqual({ count: 50 });
  });

  test("names backups in the order in which they were made, though the clock jumps to the past", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    using asked = new Asked(limitsIn(directory, { backups: 2 }));
    for (const wallMs of [WALL_MS, 0, 0, WALL_MS - 1]) {
      asked.now = { ...asked.now, wallMs };
      asked.backup();
    }
    expect(backupsIn(directory)).toEqual(["002", "003"].map((ms) => `portsyncd.db.backup-20260131T120000.${ms}Z`));
  });

  test("makes one when it is closed if it is asked to, and none where none is wanted", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    using asked = new Asked(limitsIn(directory, { backups: 1 }));
    asked.save(transitionsFrom(0, 10));
    asked.close(false);
    expect(backupsIn(directory)).toEqual([]);
    asked.open();
    asked.close(true);
    expect(backupsIn(directory)).toHaveLength(1);
    using other = new Asked(limitsIn(dir.file("other"), { backups: 0 }));
    expect(other.backup().outcome).toBe("done");
    expect(backupsIn(dir.file("other"))).toEqual([]);
  });

  test("keeps the good backups, and leaves nothing behind, when another cannot be made", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    using asked = new Asked(limitsIn(directory, { backups: 1 }));
    asked.save(transitionsFrom(0, 10));
    asked.backup();
    const [good] = backupsIn(directory);
    asked.pass(1000);
    const inTheWay = "portsyncd.db.backup-20260131T120001.000Z";
    mkdirSync(join(directory, inTheWay));
    expect(asked.backup()).toMatchObject({ outcome: "unavailable", reason: expect.stringContaining("EISDIR") });
    expect(backupsIn(directory)).toEqual([good!, inTheWay]);
    expect(readdirSync(directory)).not.toContain("portsyncd.db.backup");
    expect(asked.save(transitionsFrom(10, 10))).toMatchObject({ outcome: "done", recoveries: [] });
    asked.pass(1000);
    expect(asked.backup().outcome).toBe("done");
    expect(backupsIn(directory)).toEqual([inTheWay, "portsyncd.db.backup-20260131T120002.000Z"]);
    expect(savedIn(directory)).toEqual(transitionsFrom(0, 20));
  });
});

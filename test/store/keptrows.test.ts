import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import type { Kept, SeriesPoint } from "../../src/store/kept.ts";
import { MIGRATIONS } from "../../src/store/migrations.ts";
import { TempDir } from "../support/tempdir.ts";
import { makeDatabaseFile } from "./databasefile.ts";
import { Asked, limitsIn, transitionsFrom, WALL_MS } from "./requests.ts";

const point = (i: number, other: Partial<SeriesPoint> = {}): SeriesPoint => {
  return { series: "health_score", tier: "day", ms: WALL_MS + i + 0.25, value: i / 3, most: 100, ...other };
};

/** What the next process finds. */
function reopened(directory: string): Kept {
  using asked = new Asked(limitsIn(directory), 99);
  return asked.open().facts!.kept!;
}

describe("StoreFile", () => {
  test("StoreFile keeps what is under a key until it is replaced or removed, whatever is in it", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    const value = JSON.stringify({ port: "Ether\xff\xe9\x01", text: "\u{1F600}'\"\\" });
    {
      using asked = new Asked(limitsIn(directory));
      const keep = (key: string, json: string | null) => ({ kind: "silence" as const, key, value: json });
      asked.save([], { keepsakes: [keep("a", "1"), keep("b\xff", value), keep("c", "3")] });
      asked.save([], { keepsakes: [keep("a", "2"), keep("c", null), keep("d", null)] });
    }
    expect(reopened(directory).keepsakes).toEqual([
      { kind: "silence", key: "a", value: "2" },
      { kind: "silence", key: "b\xff", value },
    ]);
  });

  test("StoreFile refuses a batch with what is no JSON as a whole, and works on", async () => {
    await using dir = new TempDir();
    using asked = new Asked(limitsIn(dir.file("store")));
    const wrong = asked.save(transitionsFrom(0, 3), { keepsakes: [{ kind: "alert", key: "a", value: "{" }] });
    expect(wrong.outcome).toBe("refused");
    expect(asked.read().page!.ids).toEqual([]);
    expect(asked.save(transitionsFrom(0, 3)).outcome).toBe("done");
  });

  test("StoreFile keeps the points of each series and tier exactly, in the order of their times", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    {
      using asked = new Asked(limitsIn(directory));
      asked.save([], { points: [point(2), point(1, { tier: "month" }), point(1)] });
      asked.save([], { points: [point(3, { series: "restarts", value: 1e-300 }), point(1)] });
    }
    expect(reopened(directory).points).toEqual([
      {
        series: "health_score",
        tier: "day",
        values: Float64Array.of(WALL_MS + 1.25, 1 / 3, WALL_MS + 2.25, 2 / 3),
      },
      { series: "health_score", tier: "month", values: Float64Array.of(WALL_MS + 1.25, 1 / 3) },
      { series: "restarts", tier: "day", values: Float64Array.of(WALL_MS + 3.25, 1e-300) },
    ]);
  });

  test("StoreFile keeps no more points of a series and tier than it may: the newest", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    {
      using asked = new Asked(limitsIn(directory));
      asked.save([], { points: [point(0, { tier: "month" })] });
      for (let i = 0; i < 1000; i++) asked.save([], { points: [point(i), point(i, { series: "restarts", most: 7 })] });
    }
    const counts = reopened(directory).points.map(({ series, tier, values }) => [series, tier, values.length / 2]);
    expect(counts).toEqual([
      ["health_score", "day", 100],
      ["health_score", "month", 1],
      ["restarts", "day", 7],
    ]);
    const [day] = reopened(directory).points;
    expect(day!.values.slice(0, 2)).toEqual(Float64Array.of(WALL_MS + 900.25, 300));
  });

  test("StoreFile gives history up for its size, not what is kept", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    const maxFileBytes = 1024 * 1024;
    {
      using asked = new Asked(limitsIn(directory, { maxFileBytes }));
      const keepsakes = Array.from({ length: 300 }, (_, i) => {
        return { kind: "alert" as const, key: String(i), value: JSON.stringify("x".repeat(700)) };
      });
      asked.save([], { keepsakes });
      for (let i = 0; i < 60; i++) {
        asked.save(transitionsFrom(i * 5000, 5000, 2000), { points: [point(i)] });
        asked.close(false);
        expect(Bun.file(join(directory, "portsyncd.db")).size).toBeLessThanOrEqual(maxFileBytes);
      }
    }
    const { keepsakes, points, lastHistoryId, firstHistoryWallMs } = reopened(directory);
    expect([keepsakes.length, points[0]!.values.length / 2, lastHistoryId]).toEqual([300, 60, 300_000]);
    expect(firstHistoryWallMs).toBeGreaterThan(WALL_MS + 100_000);
  }, 30_000);

  test("StoreFile reads no more than a good file can hold, and leaves out what it does not know", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    mkdirSync(directory, { mode: 0o750 });
    makeDatabaseFile(join(directory, "portsyncd.db"), {
      finally: [
        "INSERT INTO keepsakes VALUES ('novel', 'a', '1'), ('silence', 'a', '1')",
        "INSERT INTO points WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) SELECT 's', 't', i, i FROM n",
      ],
    });
    const { keepsakes, points } = reopened(directory);
    expect(keepsakes).toEqual([{ kind: "silence", key: "a", value: "1" }]);
    expect(points[0]!.values.length / 2).toBe(32_768);
  });

  test("StoreFile keeps in a file of the first version, too, and says what history is there", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    mkdirSync(directory, { mode: 0o750 });
    makeDatabaseFile(join(directory, "portsyncd.db"), { migrations: MIGRATIONS.slice(0, 1) });
    {
      using asked = new Asked(limitsIn(directory));
      expect(asked.save([], { points: [point(1)] })).toMatchObject({ outcome: "done", recoveries: [] });
    }
    expect(reopened(directory)).toMatchObject({ lastHistoryId: 1, firstHistoryWallMs: 7, points: [{ tier: "day" }] });
  });

  for (const [what, sql, reason] of [
    ["a table that is missing", "DROP TABLE points", "table points is missing"],
    ["other columns", "ALTER TABLE keepsakes ADD COLUMN a TEXT", "table keepsakes has wrong columns"],
    ["a keepsake that is no JSON", "INSERT INTO keepsakes VALUES ('silence', 'a', '{')", "CHECK constraint failed"],
  ] as const)
    test(`StoreFile takes a backup in the place of a file with ${what}`, async () => {
      await using dir = new TempDir();
      const directory = dir.file("store");
      {
        using asked = new Asked(limitsIn(directory));
        asked.save([], { keepsakes: [{ kind: "silence", key: "a", value: "1" }], points: [point(1)] });
        asked.backup();
        asked.close(false);
      }
      {
        using db = new Database(join(directory, "portsyncd.db"));
        db.run("PRAGMA ignore_check_constraints = ON");
        db.run(sql.replace("INSERT INTO", "REPLACE INTO"));
      }
      using asked = new Asked(limitsIn(directory), 2);
      const { recoveries, facts } = asked.open();
      expect(recoveries).toMatchObject([{ reason: expect.stringContaining(reason), corruption: true }]);
      expect(facts!.kept!.keepsakes).toEqual([{ kind: "silence", key: "a", value: "1" }]);
      expect(facts!.kept!.points).toHaveLength(1);
    });
});

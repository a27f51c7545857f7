import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { advanceAge, type Age } from "../../src/store/retention.ts";
import type { Transition } from "../../src/store/transition.ts";
import { TempDir } from "../support/tempdir.ts";
import { Asked, DAY_MS, limitsIn, transitionAt, transitionsFrom, WALL_MS } from "./requests.ts";
import { savedIn } from "./saved.ts";

const HOUR_MS = 3_600_000;
const CENTURY_MS = 36_525 * DAY_MS;

function walls(directory: string): number[] {
  return savedIn(directory).map(({ wallMs }) => wallMs - WALL_MS);
}

describe("advanceAge", () => {
  const at = (wallMs: number, monotonicMs: number | undefined): Age["at"] => ({ wallMs, monotonicMs });

  test("follows the clock that never jumps, whatever the time of day does", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0 }), fc.nat(), fc.integer(), fc.integer(), (ms, passedMs, before, after) => {
        const age = advanceAge({ ms, at: at(before, 5) }, { wallMs: after, monotonicMs: 5 + passedMs });
        expect(age.ms).toBe(ms + passedMs);
      }),
    );
  });

  test("takes at most a day of the time between two processes, and never goes back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0 }), fc.integer(), fc.integer(), (ms, before, after) => {
        const { ms: later } = advanceAge({ ms, at: at(before, undefined) }, { wallMs: after, monotonicMs: 3 });
        expect(later).toBe(ms + Math.min(DAY_MS, Math.max(0, after - before)));
      }),
    );
  });
});

describe("StoreFile", () => {
  test("deletes the history that is older than its limit, to the hour", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    using asked = new Asked(limitsIn(directory, { retentionMs: 2 * DAY_MS }));
    for (let hour = 0; hour < 100; hour++) {
      asked.save([{ ...transitionAt(hour), wallMs: asked.now.wallMs }]);
      const oldest = Math.min(...walls(directory)) / HOUR_MS;
      expect(oldest).toBeGreaterThanOrEqual(hour - 49);
      expect(oldest).toBeLessThanOrEqual(Math.max(0, hour - 47));
      asked.pass(HOUR_MS);
    }
  });

  test("deletes what came before a long silence when that was long enough", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    using asked = new Asked(limitsIn(directory, { retentionMs: 2 * DAY_MS }));
    asked.save(transitionsFrom(0, 3));
    asked.pass(3 * DAY_MS);
    asked.save([transitionAt(3)]);
    expect(savedIn(directory)).toEqual([transitionAt(3)]);
  });

  for (const [where, jumpMs] of [
    ["the far future", CENTURY_MS],
    ["1970", -WALL_MS],
  ] as const)
    for (const how of ["while it runs", "between two starts"])
      test(`keeps the history when the clock jumps to ${where} ${how}, and deletes it when its time has come`, async () => {
        await using dir = new TempDir();
        const directory = dir.file("store");
        const limits = limitsIn(directory, { retentionMs: 5 * DAY_MS });
        let instance = 1;
        let asked = new Asked(limits, instance);
        const jump = (ms: number): void => {
          asked.pass(0);
          const now = { ...asked.now, wallMs: asked.now.wallMs + ms };
          if (how !== "while it runs") {
            asked[Symbol.dispose]();
            asked = new Asked(limits, ++instance);
          }
          asked.now = now;
        };
        asked.save([transitionAt(0)]);
        asked.pass(HOUR_MS);
        jump(jumpMs);
        asked.save([transitionAt(1)]);
        asked.pass(2 * HOUR_MS);
        jump(-jumpMs);
        asked.save([transitionAt(2)]);
        asked.pass(2 * DAY_MS);
        asked.save([transitionAt(3)]);
        expect(savedIn(directory)).toEqual(transitionsFrom(0, 4));
        asked.pass(4 * DAY_MS);
        asked.save([transitionAt(4)]);
        expect(savedIn(directory)).toEqual(transitionsFrom(3, 2));
        asked[Symbol.dispose]();
      });

  test("stays below its size, with the newest history, and in time gives space back", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    const maxFileBytes = 1024 * 1024;
    using asked = new Asked(limitsIn(directory, { maxFileBytes }));
    let recorded = 0;
    for (let i = 0; i < 150; i++) {
      asked.save(transitionsFrom(recorded, 2500, 2000));
      recorded += 2500;
      asked.close(false);
      expect(Bun.file(`${directory}/portsyncd.db`).size).toBeLessThanOrEqual(maxFileBytes);
    }
    const saved = savedIn(directory);
    expect(saved.length).toBeGreaterThan(50_000);
    expect(saved.length).toBeLessThan(recorded);
    expect(saved).toEqual(transitionsFrom(recorded - saved.length, saved.length, 2000));
    asked.open();
  }, 30_000);

  test("shrinks a file that is far above a new limit", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    {
      using asked = new Asked(limitsIn(directory));
      asked.save(transitionsFrom(0, 600_000));
    }
    expect(Bun.file(`${directory}/portsyncd.db`).size).toBeGreaterThan(2 * 1024 * 1024);
    {
      using asked = new Asked(limitsIn(directory, { maxFileBytes: 1024 * 1024 }), 2);
      asked.save([transitionAt(600_000)]);
    }
    expect(Bun.file(`${directory}/portsyncd.db`).size).toBeLessThanOrEqual(1024 * 1024);
    expect(savedIn(directory).at(-1)).toEqual(transitionAt(600_000));
  }, 30_000);

  for (const [why, limits] of [
    ["old", { retentionMs: DAY_MS }],
    ["too much", { maxFileBytes: 1024 * 1024 }],
  ] as const)
    test(`forgets the names of ports whose history was ${why}`, async () => {
      await using dir = new TempDir();
      const directory = dir.file("store");
      {
        using asked = new Asked(limitsIn(directory, limits));
        const once = (i: number): Transition => ({ ...transitionAt(i), port: `once ${i}` });
        for (let i = 0; i < 30_000; i += 1000) asked.save(Array.from({ length: 1000 }, (_, j) => once(i + j)));
        asked.pass(2 * DAY_MS);
        asked.save([once(30_000)]);
      }
      const saved = savedIn(directory).length;
      expect(saved).toBeLessThan(20_000);
      using db = new Database(`${directory}/portsyncd.db`, { readonly: true });
      expect(db.query("SELECT count(*) AS ports FROM ports").get()).toEqual({ ports: saved });
    });

  test("stops to write, and says why, while a reader keeps the log from being written back", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    using asked = new Asked(limitsIn(directory, { maxFileBytes: 1024 * 1024 }));
    asked.save(transitionsFrom(0, 10));
    const reader = new Database(`${directory}/portsyncd.db`, { readonly: true });
    reader.run("BEGIN");
    reader.query("SELECT count(*) FROM history").get();
    let reply = asked.save([]);
    for (let i = 0; i < 200 && reply.outcome === "done"; i++) reply = asked.save(transitionsFrom(10 + i * 500, 500));
    expect(reply).toMatchObject({
      outcome: "unavailable",
      reason: `${directory}: somebody who reads it keeps its log from being written back`,
    });
    reader.close();
    expect(asked.save([transitionAt(0)]).outcome).toBe("done");
  }, 30_000);
});

import { afterAll, beforeAll, expect, test } from "bun:test";

import { transitionsFrom } from "../store/requests.ts";
import { savedIn } from "../store/saved.ts";
import { TempDir } from "../support/tempdir.ts";
import { checkReader, checkRecovery, recoveryProperty } from "./damagechecks.ts";
import { DAMAGES, damageStore, makeStore, PARTS, SAVED } from "./damagedstore.ts";
import { expectProperty } from "./property.ts";

/** The pages of a database that hold more than free space. */
const PAGES = 17;

let dir: TempDir;
let store = "";
beforeAll(() => {
  dir = new TempDir();
  store = dir.file("store");
  makeStore(store);
});
afterAll(() => dir[Symbol.asyncDispose]());

test("makeStore leaves in the database what the backups do not hold, and in its log what the database does not", () => {
  damageStore(store, dir.file("copy"), []);
  expect(savedIn(dir.file("copy"))).toEqual(transitionsFrom(0, SAVED.all));
  damageStore(store, dir.file("copy"), [{ part: "wal", kind: "gone", at: 0, to: 0 }]);
  expect(savedIn(dir.file("copy"))).toEqual(transitionsFrom(0, SAVED.database));
  expect(Bun.file(`${store}/portsyncd.db`).size).toBe(PAGES * 4096);
});

for (const part of PARTS)
  test(`Keeper makes a store usable again after everything that can happen to its ${part}`, () => {
    for (const [i, kind] of DAMAGES.entries())
      for (const at of [0, 5000 + 977 * i])
        expect(() => checkRecovery(store, [{ part, kind, at, to: 3 + i }])).not.toThrow();
  }, 30_000);

test("Keeper makes a store usable again, with the history of the best good backup, after several things at once", async () => {
  await expectProperty(recoveryProperty(store), 40);
}, 60_000);

test("History.read ends, with transitions or a HistoryError, when any two pages are in each other's place", () => {
  const wal = { part: "wal", kind: "gone", at: 0, to: 0 } as const;
  for (let at = 1; at < PAGES; at++)
    for (let to = 1; to < at; to++) {
      damageStore(store, dir.file("copy"), [wal, { part: "database", kind: "swapped pages", at, to }]);
      expect(() => checkReader(dir.file("copy"))).not.toThrow();
    }
}, 30_000);

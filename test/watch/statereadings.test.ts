import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";

import { Observations } from "../../src/watch/observations.ts";
import { storeReadings } from "../../src/watch/statereadings.ts";
import { UPDATED_BY } from "../metrics/updaters.ts";
import { openStore } from "../store/inprocess.ts";
import { Asked, limitsIn, transitionsFrom } from "../store/requests.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { TempDir } from "../support/tempdir.ts";

const DAY_MS = 86_400_000;
/** How many changes a store keeps that does not reach the disk. */
const MOST_QUEUED = 10_000;

/** Transitions in a damaged piece. */
const LOST = 30;

function makeDamaged(directory: string): void {
  {
    using asked = new Asked(limitsIn(directory));
    asked.save(transitionsFrom(0, LOST));
  }
  using db = new Database(join(directory, "portsyncd.db"));
  db.run("UPDATE history SET packed = x'00'");
}

function shown(dropped: number, lost: number | undefined, due: number) {
  return {
    portsyncd_store_dropped_transitions_total: dropped,
    portsyncd_store_lost_transitions_total: lost,
    portsyncd_backup_due: due,
  };
}

test("storeReadings shows what of the store only time and long faults move", async () => {
  await using dir = new TempDir();
  const clock = new FakeClock();
  makeDamaged(dir.file("store"));
  using store = openStore(dir.file("store"), clock);
  const observations = new Observations(store, 10_000, clock.wallNow());
  const readings = storeReadings(store, observations.totals, observations);
  const moved = () => ({
    portsyncd_store_dropped_transitions_total: readings.portsyncd_store_dropped_transitions_total(),
    portsyncd_store_lost_transitions_total: readings.portsyncd_store_lost_transitions_total(),
    portsyncd_backup_due: readings.portsyncd_backup_due(),
  });
  expect(Object.keys(moved())).toEqual([...UPDATED_BY.store]);
  expect(moved()).toEqual(shown(0, undefined, 0));
  for (const transition of transitionsFrom(0, MOST_QUEUED + 5)) store.record(transition); // it is not open yet
  store.open();
  await clock.run(1000);
  clock.advance(2 * DAY_MS); // its thread does not get a turn
  expect(moved()).toEqual(shown(5, LOST, 1));
  await clock.run(1000);
  expect(moved()).toEqual(shown(5, LOST, 0));
});

test("storeReadings shows how large the database may become, and nothing where none is kept", async () => {
  await using dir = new TempDir();
  const clock = new FakeClock();
  using store = openStore(dir.file("store"), clock, { maxFileBytes: 7_340_032 });
  const observations = new Observations(store, 10_000, clock.wallNow());
  const read = (status: typeof store.status) => storeReadings({ status }, observations.totals, observations);
  expect(read(store.status).portsyncd_store_limit_bytes()).toBe(7_340_032);
  expect(read({ ...store.status, state: "disabled" }).portsyncd_store_limit_bytes()).toBeUndefined();
});

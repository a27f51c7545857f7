import { expect, test } from "bun:test";
import { join } from "node:path";

import { LOG_COLLECTIONS, parseCollections } from "../../bench/gclog.ts";
import { CollectionCounter } from "../../src/watch/garbage.ts";
import { spawnChild } from "../support/child.ts";
import { waitUntil, within } from "../support/deadline.ts";

const PROGRAM = join(import.meta.dir, "garbageprogram.ts");
const TURNS = 5;

test("CollectionCounter counts each turn in which garbage is collected, be it all or only the young", async () => {
  const counter = new CollectionCounter();
  expect(counter.collections).toBe(0);
  for (let turn = 1; turn <= TURNS; turn++) {
    const before = counter.collections;
    Bun.gc(turn % 2 === 0);
    await waitUntil(`collection ${turn}`, () => counter.collections > before);
  }
});

test("CollectionCounter counts what the collector's own log has, while nothing else keeps the event loop", async () => {
  const child = spawnChild([process.execPath, "--smol", PROGRAM], { env: LOG_COLLECTIONS });
  const texts = await within("end", Promise.all([child.stdout.text(), child.stderr.text()]), 30);
  const lines = texts.join("\n").split("\n");
  const logged = parseCollections(lines)
    .values()
    .reduce((sum, { heapsKib }) => sum + heapsKib.length, 0);
  const [counted] = lines.flatMap((line) => /^counted (\d+)$/.exec(line)?.[1] ?? []).map(Number);
  expect(logged).toBeGreaterThan(10);
  // What was collected before the program began, or soon after another, is not counted.
  expect(counted).toBeLessThanOrEqual(logged);
  expect(counted).toBeGreaterThan(logged / 2);
});

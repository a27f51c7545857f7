import { expect, test } from "bun:test";

import { Samples } from "../../src/alert/samples.ts";
import { Metrics } from "./metrics.ts";

const WALL = 1_000_000_000_000;
const NOW = { wallMs: WALL, monotonicMs: 5000 };
const RANGE = { metric: "starts", windowSeconds: 300 };

/** The increase of `starts` when it is this now, and was that so many seconds ago. */
function increaseAfter(saved: readonly (readonly [secondsAgo: number, starts: number])[], starts: number) {
  const samples = new Samples<string>(
    saved.map(([secondsAgo, value]) => ({ wallMs: WALL - secondsAgo * 1000, values: { starts: value } })),
    NOW,
  );
  const series = samples.changes(RANGE, true);
  const metrics = new Metrics();
  metrics.set("starts", starts);
  samples.add(NOW.monotonicMs, metrics);
  return series.change;
}

test("Samples go on from what an earlier process saved, in whatever order it is given", () => {
  expect(increaseAfter([[10, 7]], 8)).toBe(1);
  expect(
    increaseAfter(
      [
        [400, 5],
        [100, 7],
        [200, 6],
      ],
      8,
    ),
  ).toBe(3);
  expect(increaseAfter([[10, 0]], 8)).toBe(8);
});

test("Samples take what was saved before the window for what was at its start", () => {
  expect(increaseAfter([[86_400, 7]], 8)).toBe(1);
  expect(
    increaseAfter(
      [
        [7200, 2],
        [301, 6],
        [100, 7],
      ],
      8,
    ),
  ).toBe(2);
});

test("Samples leave out what is from the future: the clock was wrong then or is wrong now", () => {
  expect(increaseAfter([[-3600, 7]], 8)).toBeUndefined();
  expect(
    increaseAfter(
      [
        [-3600, 900],
        [100, 6],
      ],
      8,
    ),
  ).toBe(2);
});

test("Samples leave out saved values that are no numbers, and other metrics", () => {
  const saved = [{ wallMs: WALL - 1000, values: { starts: Infinity, other: 3 } }];
  const samples = new Samples<string>(saved, NOW);
  const series = samples.changes(RANGE, true);
  const metrics = new Metrics();
  metrics.set("starts", 8);
  samples.add(NOW.monotonicMs, metrics);
  expect(series.change).toBeUndefined();
});

test("Samples give no saved counter to a gauge or to a series with labels", () => {
  const samples = new Samples<string>([{ wallMs: WALL - 1000, values: { starts: 3 } }], NOW);
  const gauge = samples.changes(RANGE, false);
  const labelled = samples.changes({ ...RANGE, labels: { kind: "cold" } }, true);
  const metrics = new Metrics();
  metrics.set("starts", 8);
  metrics.set("starts", 8, { kind: "cold" });
  samples.add(NOW.monotonicMs, metrics);
  expect([gauge.change, labelled.change]).toEqual([undefined, undefined]);
});

test("Samples remember one series for each metric, window and set of labels, and forget what nobody asks for any more", () => {
  const samples = new Samples<string>([], NOW);
  const first = samples.changes(RANGE, true);
  expect(samples.changes({ ...RANGE }, true)).toBe(first);
  expect(samples.changes({ ...RANGE, labels: { a: "1", b: "2" } }, true)).toBe(
    samples.changes({ ...RANGE, labels: { b: "2", a: "1" } }, true),
  );
  samples.changes({ ...RANGE, windowSeconds: 60 }, true);
  samples.changes(RANGE, false);
  samples.portChanges(RANGE, true);
  samples.portChanges(RANGE, false);
  samples.largest(RANGE);
  samples.observed(RANGE);
  expect(samples.size).toBe(8);
  samples.sweep();
  expect(samples.size).toBe(8);
  expect(samples.changes(RANGE, true)).toBe(first);
  samples.sweep();
  expect(samples.size).toBe(1);
});

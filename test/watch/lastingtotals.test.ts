import { describe, expect, test } from "bun:test";

import { LastingHistogram } from "../../src/watch/lastinghistogram.ts";
import { LastingTotals } from "../../src/watch/lastingtotals.ts";
import { CountingStore } from "./countingstore.ts";

const WALL_MS = 1_700_000_000_900;

describe("LastingTotals", () => {
  test("LastingTotals.total goes on from earlier processes, and is not known before the store was read", () => {
    const store = new CountingStore({ starts: 40 });
    const totals = new LastingTotals(store);
    totals.add("starts", 2);
    expect([totals.areKnown, totals.total("starts"), totals.total("others")]).toEqual([false, undefined, undefined]);
    store.load();
    expect([totals.areKnown, totals.total("starts"), totals.total("others")]).toEqual([true, 42, 0]);
    totals.add("starts");
    expect(totals.total("starts")).toBe(43);
  });

  test("LastingTotals.total is that of this process where the store is disabled", () => {
    const store = new CountingStore();
    store.status.state = "disabled";
    const totals = new LastingTotals(store);
    totals.add("starts", 2);
    expect([totals.total("starts"), totals.total("others")]).toEqual([2, 0]);
  });

  test("LastingTotals.total stays that of this process when the store could not be read at first: it never jumps", () => {
    const store = new CountingStore({ starts: 40 });
    const totals = new LastingTotals(store);
    totals.add("starts");
    store.status.state = "degraded";
    expect(totals.total("starts")).toBe(1);
    store.load().status.state = "ok";
    totals.add("starts");
    expect(totals.total("starts")).toBe(2);
    expect(store.counter("starts")).toBe(42);
  });

  test("LastingTotals.total stays known, and grows, when the store becomes degraded later", () => {
    const store = new CountingStore({ starts: 40 }).load();
    const totals = new LastingTotals(store);
    expect(totals.total("starts")).toBe(40);
    store.status.state = "degraded";
    totals.add("starts");
    expect(totals.total("starts")).toBe(41);
  });

  test("LastingTotals.total has what the store does not take any more", () => {
    const store = new CountingStore().load();
    store.count = () => {};
    const totals = new LastingTotals(store);
    totals.add("starts", 3);
    expect(totals.total("starts")).toBe(3);
  });

  test("LastingTotals.raise adds only what is new in a count that somebody else keeps", () => {
    const store = new CountingStore({ detected: 5 }).load();
    const totals = new LastingTotals(store);
    for (const own of [0, 1, 1, 1, 3, 3]) totals.raise("detected", own);
    expect([totals.total("detected"), store.counters.get("detected")]).toEqual([8, 3]);
  });

  test("LastingTotals.earlier is what the store has, once that is known and counts", () => {
    const store = new CountingStore({ flaps: 7 });
    const totals = new LastingTotals(store);
    totals.keep("flaps");
    expect(totals.earlier("flaps")).toBe(0);
    store.load();
    expect(totals.earlier("flaps")).toBe(8);
  });

  test("LastingTotals.time is the last that was set, in whole seconds, by this process or another", () => {
    const store = new CountingStore({ warm: 1_600_000_000, never: 0 });
    const totals = new LastingTotals(store);
    totals.setTime("warm", WALL_MS);
    expect(totals.time("warm")).toBeUndefined();
    store.load();
    expect([totals.time("warm"), totals.time("other")]).toEqual([1_700_000_000, 0]);
    totals.settle();
    totals.settle();
    expect(store.counter("warm")).toBe(1_700_000_000);
    expect(new LastingTotals(store).time("warm")).toBe(1_700_000_000);
  });

  test("LastingTotals.setTime does not turn back what is kept when the clock was turned back", () => {
    const store = new CountingStore({ warm: 1_800_000_000 }).load();
    const totals = new LastingTotals(store);
    totals.setTime("warm", WALL_MS);
    expect([totals.time("warm"), store.counter("warm")]).toEqual([1_700_000_000, 1_800_000_000]);
  });
});

describe("LastingHistogram", () => {
  test("LastingHistogram.value goes on from earlier processes, own does not", () => {
    const earlier = { "sync/le/1": 3, "sync/le/10": 2, "sync/le/inf": 1, "sync/us": 25_500_000 };
    const store = new CountingStore(earlier);
    const histogram = new LastingHistogram("sync", [1, 10], new LastingTotals(store));
    histogram.observe(0.25);
    histogram.observe(12);
    expect(histogram.value).toBeUndefined();
    expect(histogram.own).toEqual({ bounds: [1, 10], counts: [1, 1, 2], sum: 12.25 });
    store.load();
    expect(histogram.value).toEqual({ bounds: [1, 10], counts: [4, 6, 8], sum: 37.75 });
  });

  test("LastingHistogram is found again by the process after it", () => {
    const store = new CountingStore().load();
    const bounds = [0.5, 5];
    new LastingHistogram("sync", bounds, new LastingTotals(store)).observe(0.125);
    new LastingHistogram("sync", bounds, new LastingTotals(store)).observe(7);
    const third = new LastingHistogram("sync", bounds, new LastingTotals(store));
    expect(third.value).toEqual({ bounds, counts: [1, 1, 2], sum: 7.125 });
  });
});

import { describe, expect, test } from "bun:test";

import { LastingTotals } from "../../src/watch/lastingtotals.ts";
import { PortRecords } from "../../src/watch/portrecords.ts";
import { CountingStore } from "./countingstore.ts";

const FLAPS = "portsyncd_port_flaps_total";

describe("PortRecords", () => {
  test("PortRecords.flaps goes on from earlier processes, and is not known before the store was read", () => {
    const store = new CountingStore({ [`${FLAPS}/Ethernet0`]: 10, [`${FLAPS}/Ethernet4`]: 20 });
    const records = new PortRecords(new LastingTotals(store));
    records.flap("Ethernet0");
    expect([records.flaps("Ethernet0"), records.flaps("Ethernet8")]).toEqual([undefined, undefined]);
    store.load();
    expect(["Ethernet0", "Ethernet4", "Ethernet8"].map((name) => records.flaps(name))).toEqual([11, 20, 0]);
    for (const name of ["Ethernet0", "Ethernet8"]) records.flap(name);
    expect(["Ethernet0", "Ethernet4", "Ethernet8"].map((name) => records.flaps(name))).toEqual([12, 20, 1]);
  });

  test("PortRecords.flaps is that of this process where the store is disabled", () => {
    const store = new CountingStore();
    store.status.state = "disabled";
    const records = new PortRecords(new LastingTotals(store));
    records.flap("Ethernet0");
    expect([records.flaps("Ethernet0"), records.flaps("Ethernet4")]).toEqual([1, 0]);
  });

  test("PortRecords.flaps goes on where it was when a port that was removed is back", () => {
    const records = new PortRecords(new LastingTotals(new CountingStore({ [`${FLAPS}/Ethernet0`]: 3 }).load()));
    records.flap("Ethernet0");
    records.change("Ethernet0", 5);
    records.remove("Ethernet0");
    expect([records.flaps("Ethernet0"), records.changedWallMs("Ethernet0")]).toEqual([4, undefined]);
    records.flap("Ethernet0");
    expect(records.flaps("Ethernet0")).toBe(5);
  });

  test("PortRecords.recent is what came since somebody looked, once there was something to see", () => {
    const store = new CountingStore({ [`${FLAPS}/Ethernet0`]: 10 });
    const records = new PortRecords(new LastingTotals(store));
    records.flap("Ethernet0");
    records.looked();
    records.flap("Ethernet0");
    expect(records.recent("Ethernet0")).toBe(2);
    store.load();
    expect([records.flaps("Ethernet0"), records.recent("Ethernet0"), records.recent("Ethernet4")]).toEqual([12, 2, 0]);
    records.looked();
    expect(records.recent("Ethernet0")).toBe(0);
    records.flap("Ethernet0");
    records.remove("Ethernet0");
    expect(records.recent("Ethernet0")).toBe(1);
  });

  test("PortRecords.retain forgets what is not known any more", () => {
    const records = new PortRecords(new LastingTotals(new CountingStore().load()));
    for (const name of ["Ethernet0", "Ethernet4"]) records.change(name, 1000);
    expect(records.size).toBe(2);
    records.retain((name) => name === "Ethernet4");
    expect(records.size).toBe(1);
    expect([records.changedWallMs("Ethernet0"), records.changedWallMs("Ethernet4")]).toEqual([undefined, 1000]);
  });

  test("PortRecords.changedWallMs is when the port changed last, and nothing before", () => {
    const records = new PortRecords(new LastingTotals(new CountingStore()));
    expect(records.changedWallMs("Ethernet0")).toBeUndefined();
    records.change("Ethernet0", 1000);
    records.change("Ethernet0", 2000);
    expect([records.changedWallMs("Ethernet0"), records.changedWallMs("Ethernet4")]).toEqual([2000, undefined]);
  });
});

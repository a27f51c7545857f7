import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { PortSeries } from "../../src/alert/portseries.ts";
import { ChangeWindow } from "../../src/util/changewindow.ts";
import { Metrics } from "./metrics.ts";

const PORTS = ["Ethernet0", "Ethernet4", "Ethernet8"];

test("PortSeries knows no change of a port before its second sample, and none of one that is not there", () => {
  const metrics = new Metrics();
  const series = new PortSeries("flaps", 10_000, true);
  metrics.setPort("flaps", "Ethernet0", 5);
  series.add(0, metrics);
  expect(series.change("Ethernet0")).toBeUndefined();
  series.add(500, metrics);
  expect([series.change("Ethernet0"), series.perSecond("Ethernet0")]).toEqual([0, undefined]);
  series.add(1000, metrics);
  expect([series.change("Ethernet0"), series.perSecond("Ethernet0")]).toEqual([0, 0]);
  expect([series.change("Ethernet4"), series.perSecond("Ethernet4")]).toEqual([undefined, undefined]);
});

test("PortSeries counts what a port that comes has counted since the look before, and not what was counted earlier", () => {
  const metrics = new Metrics();
  const series = new PortSeries("flaps", 10_000, true);
  metrics.setPort("flaps", "Ethernet0", 50);
  metrics.setRecent("flaps", "Ethernet0", 50);
  series.add(0, metrics); // nobody looked before: these may be of any time
  expect(series.change("Ethernet0")).toBeUndefined();
  metrics.setPort("flaps", "Ethernet4", 107); // 100 of an earlier life
  metrics.setRecent("flaps", "Ethernet4", 7);
  metrics.setPort("flaps", "Ethernet8", 3);
  series.add(5000, metrics);
  expect(["Ethernet0", "Ethernet4", "Ethernet8"].map((port) => series.change(port))).toEqual([0, 7, undefined]);
  expect(series.perSecond("Ethernet4")).toBe(1.4);
  metrics.setPort("flaps", "Ethernet4", 109);
  series.add(8000, metrics);
  expect(series.change("Ethernet4")).toBe(9);
  series.add(15_000, metrics);
  expect(series.change("Ethernet4")).toBe(2);
  const gauges = new PortSeries("flaps", 10_000, false);
  gauges.add(0, new Metrics());
  gauges.add(5000, metrics);
  expect(gauges.change("Ethernet4")).toBeUndefined();
});

test("PortSeries takes a port that comes back for another one", () => {
  const metrics = new Metrics();
  const series = new PortSeries("flaps", 10_000, true);
  for (const [atMs, value] of [0, 1, 2].entries()) {
    metrics.setPort("flaps", "Ethernet0", value);
    series.add(atMs * 1000, metrics);
  }
  expect(series.change("Ethernet0")).toBe(2);
  metrics.removePort("flaps", "Ethernet0");
  series.add(3000, metrics);
  expect(series.change("Ethernet0")).toBeUndefined();
  metrics.setPort("flaps", "Ethernet0", 9);
  series.add(4000, metrics);
  series.add(5000, metrics);
  expect(series.change("Ethernet0")).toBe(0);
});

test("PortSeries knows nothing of ports while the metric is not there, and takes no NaN", () => {
  const metrics = new Metrics();
  const series = new PortSeries("flaps", 10_000, true);
  metrics.setPort("flaps", "Ethernet0", 1);
  for (const atMs of [0, 1000]) series.add(atMs, metrics);
  metrics.setPort("flaps", "Ethernet0", NaN);
  series.add(2000, metrics);
  expect(series.change("Ethernet0")).toBe(0);
  metrics.forgetPorts("flaps");
  series.add(3000, metrics);
  expect(series.change("Ethernet0")).toBeUndefined();
});

test("PortSeries says of each port what a window of its own would, quiet or busy, counter or gauge", () => {
  const steps = fc.array(
    fc.record({ ms: fc.integer({ min: 1, max: 9000 }), port: fc.constantFrom(...PORTS), value: fc.nat(3) }),
    { maxLength: 60 },
  );
  let changes = 0;
  const property = fc.property(fc.boolean(), steps, (isCounter, taken) => {
    const metrics = new Metrics();
    const series = new PortSeries("flaps", 10_000, isCounter);
    const windows = new Map(PORTS.map((port) => [port, new ChangeWindow(10_000, isCounter)]));
    let ms = 0;
    for (const port of PORTS) metrics.setPort("flaps", port, 0);
    for (const step of [{ ms: 0, port: PORTS[0]!, value: 0 }, ...taken]) {
      ms += step.ms;
      metrics.setPort("flaps", step.port, step.value);
      series.add(ms, metrics);
      for (const [port, window] of windows) {
        window.add(ms, metrics.ports("flaps")!.get(port)!);
        expect(series.change(port)).toBe(window.change!);
        expect(series.perSecond(port)).toBe(window.perSecond!);
        if (window.change) changes++;
      }
    }
  });
  fc.assert(property, { numRuns: 300 });
  expect(changes).toBeGreaterThan(1000);
});

import { describe, expect, test } from "bun:test";

// @ts-expect-error -- the package has types for its main file only
import Registry from "@prometheus-io/client/lib/registry.js";
import * as fc from "fast-check";

import { METRIC_NAMES, METRICS } from "../../src/metrics/definitions.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { samplesBy } from "../../src/metrics/reading.ts";
import { MetricRegistry, METRICS_CONTENT_TYPE } from "../../src/metrics/registry.ts";
import { decodeName } from "../../src/util/ifname.ts";
import { parseExposition, seriesName } from "./exposition.ts";
import { readings } from "./readings.ts";

const never = () => Promise.reject(new Error("nobody else wants a turn"));

type Given = Parameters<typeof readings>[0];

function textOf(given: Given = {}): Promise<string> {
  return new MetricRegistry(readings(given), never).text();
}

/** Calls `see` with each of the values. */
function each(values: Iterable<readonly [string, number]>) {
  return (see: (port: string, value: number) => void): void => {
    for (const [port, value] of values) see(port, value);
  };
}

const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const portName = fc
  .uint8Array({ minLength: 1, maxLength: 15 })
  .map((bytes) => String.fromCharCode(...bytes))
  .filter((name) => !/[\0\t-\r /:]/.test(name));

describe("MetricRegistry.text", () => {
  test("MetricRegistry.text has every metric of the table in its order, with help and type, values or not", async () => {
    const families = parseExposition(await textOf());
    expect([...families.keys()]).toEqual([...METRIC_NAMES]);
    for (const name of METRIC_NAMES) {
      const { type, help, series } = families.get(name)!;
      expect([name, type, help, series.size]).toEqual([name, METRICS[name].type, METRICS[name].help, 0]);
    }
  });

  test("MetricRegistry.text says any number of a metric as it is", () =>
    fc.assert(
      fc.asyncProperty(finite, finite, async (gauge, counter) => {
        const text = await textOf({
          portsyncd_queue_depth: () => gauge,
          portsyncd_port_mtu_bytes: each([["Ethernet0", counter]]),
        });
        const families = parseExposition(text);
        expect(families.get("portsyncd_queue_depth")!.series.get("portsyncd_queue_depth")).toBe(gauge);
        const mtu = seriesName("portsyncd_port_mtu_bytes", { port: "Ethernet0" });
        expect(families.get("portsyncd_port_mtu_bytes")!.series.get(mtu)).toBe(counter);
      }),
    ));

  test("MetricRegistry.text says labels of any text so that a reader finds them again", () =>
    fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme", maxLength: 20 }), async (text) => {
        const given = { portsyncd_build_info: () => [{ labels: { version: text, bun: "1" }, value: 1 }] };
        const { series } = parseExposition(await textOf(given)).get("portsyncd_build_info")!;
        expect([...series.keys()]).toEqual([seriesName("portsyncd_build_info", { version: text, bun: "1" })]);
      }),
    ));

  test("MetricRegistry.text writes ports as the client of Prometheus writes them", () =>
    fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.tuple(portName, finite), { selector: ([name]) => name }), async (ports) => {
        const name = "portsyncd_port_flaps_total";
        const { help, type } = METRICS[name];
        const values = ports.map(([port, value]) => ({ labels: { port: decodeName(port) }, value }));
        const theirs = await new Registry().getMetricsAsString({ get: async () => ({ name, help, type, values }) });
        const ours = await textOf({ [name]: each(ports) });
        expect(ours).toContain(`\n${theirs}\n# HELP`);
      }),
    ));

  test("MetricRegistry.text writes a histogram with all its buckets, its sum and its count", async () => {
    const histogram = new Histogram([0.000_025, 0.01, 300]);
    for (const value of [0.000_01, 0.005, 0.006, 1000]) histogram.observe(value);
    const text = await textOf({ portsyncd_event_latency_seconds: () => histogram.value });
    const lines = text.split("\n").filter((line) => line.startsWith("portsyncd_event_latency_seconds"));
    expect(lines).toEqual([
      'portsyncd_event_latency_seconds_bucket{le="0.000025"} 1',
      'portsyncd_event_latency_seconds_bucket{le="0.01"} 3',
      'portsyncd_event_latency_seconds_bucket{le="300"} 3',
      'portsyncd_event_latency_seconds_bucket{le="+Inf"} 4',
      "portsyncd_event_latency_seconds_sum 1000.01101",
      "portsyncd_event_latency_seconds_count 4",
    ]);
  });

  test("MetricRegistry.text leaves out what has no value, and keeps what is 0", async () => {
    const given = {
      portsyncd_health_score: () => undefined,
      portsyncd_queue_depth: () => 0,
      portsyncd_config_reloads_total: () => samplesBy("result", { success: 0, failure: 2 }),
    };
    const families = parseExposition(await textOf(given));
    const seriesOf = (name: string) => [...families.get(name)!.series];
    expect(seriesOf("portsyncd_health_score")).toEqual([]);
    expect(seriesOf("portsyncd_queue_depth")).toEqual([["portsyncd_queue_depth", 0]]);
    expect(seriesOf("portsyncd_config_reloads_total")).toEqual([
      ['portsyncd_config_reloads_total{result="success"}', 0],
      ['portsyncd_config_reloads_total{result="failure"}', 2],
    ]);
  });

  test("MetricRegistry.text reads when it is asked, and keeps nothing", async () => {
    let value = 1;
    const registry = new MetricRegistry(readings({ portsyncd_queue_depth: () => value }), never);
    expect(await registry.text()).toContain("\nportsyncd_queue_depth 1\n");
    value = 2;
    expect(await registry.text()).toContain("\nportsyncd_queue_depth 2\n");
  });

  test("MetricRegistry.text gives others a turn after so many ports that they would notice", async () => {
    const turnsWith = async (count: number): Promise<number> => {
      let turns = 0;
      const ports = Array.from({ length: count }, (_, i) => [`Ethernet${i}`, i] as const);
      const given = { portsyncd_port_oper_up: each(ports), portsyncd_port_mtu_bytes: each(ports) };
      const pause = async () => void turns++;
      await new MetricRegistry(readings(given), pause).text();
      return turns;
    };
    expect(await turnsWith(1024)).toBe(0);
    expect(await turnsWith(10_000)).toBe(2);
  });

  test("MetricRegistry.text fails where a reading fails", async () => {
    const broken = textOf({
      portsyncd_queue_depth: () => {
        throw new Error("broken");
      },
    });
    await expect(broken).rejects.toThrow("broken");
  });
});

test("METRICS_CONTENT_TYPE is that of the format", () => {
  expect(METRICS_CONTENT_TYPE).toBe(Registry.PROMETHEUS_CONTENT_TYPE);
  expect(METRICS_CONTENT_TYPE).toBe("text/plain; version=0.0.4; charset=utf-8");
});

test("MetricRegistry.data has the same values as plain data", async () => {
  const histogram = new Histogram([1]);
  histogram.observe(0.5);
  const registry = new MetricRegistry(
    readings({
      portsyncd_queue_depth: () => 3,
      portsyncd_port_flaps_total: each([["Ethern\xe9t", 2]]),
      portsyncd_redis_latency_seconds: () => histogram.value,
    }),
    never,
  );
  const data = await registry.data();
  expect(data.map(({ name, type, help }) => ({ name, type, help }))).toEqual(
    METRIC_NAMES.map((name) => ({ name, type: METRICS[name].type, help: METRICS[name].help })),
  );
  const valuesOf = (name: string) => JSON.parse(JSON.stringify(data.find((each) => each.name === name)!.values));
  expect(valuesOf("portsyncd_health_score")).toEqual([]);
  expect(valuesOf("portsyncd_queue_depth")).toEqual([{ labels: {}, value: 3 }]);
  expect(valuesOf("portsyncd_port_flaps_total")).toEqual([{ labels: { port: "Ethern/xe9t" }, value: 2 }]);
  expect(valuesOf("portsyncd_redis_latency_seconds")).toEqual([
    { metricName: "portsyncd_redis_latency_seconds_bucket", labels: { le: 1 }, value: 1 },
    { metricName: "portsyncd_redis_latency_seconds_bucket", labels: { le: "+Inf" }, value: 1 },
    { metricName: "portsyncd_redis_latency_seconds_sum", labels: {}, value: 0.5 },
    { metricName: "portsyncd_redis_latency_seconds_count", labels: {}, value: 1 },
  ]);
});

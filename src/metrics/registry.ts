import type { Registry as ClientRegistry } from "@prometheus-io/client";
// @ts-expect-error -- the package has types for its main file only, which brings cluster, http and OpenTelemetry: 8 MiB of RSS
import Registry from "@prometheus-io/client/lib/registry.js";

import type { HistogramValue } from "../util/histogramvalue.ts";
import { decodeName } from "../util/ifname.ts";
import { METRIC_NAMES, type MetricDefinition, type MetricName, METRICS } from "./definitions.ts";
import { portLabelText } from "./portlabel.ts";
import type { AnyReading, PortVisitor, Readings, Sample } from "./reading.ts";

/** What text() is, for the header Content-Type. */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** A metric with its values, as plain data. */
export interface MetricData {
  readonly name: string;
  readonly help: string;
  readonly type: MetricDefinition["type"];
  readonly values: readonly MetricValue[];
}

/** A value of a metric. */
export interface MetricValue {
  /** The name of the series, where it is not that of the metric: a histogram has `_bucket`, `_sum` and `_count`. */
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** Samples of ports that are written before others get their turn. */
const SAMPLES_A_TURN = 10_000;

/** The reading of a metric by its kind, which follows from its definition. */
export function readingOf(readings: Readings, name: MetricName): AnyReading {
  const { type, labels }: MetricDefinition = METRICS[name];
  const read = readings[name] as never;
  if (type === "histogram") return { kind: "histogram", read };
  if ("port" in labels) return { kind: "ports", read };
  return { kind: Object.keys(labels).length === 0 ? "value" : "samples", read };
}

/**
 * All metrics with how they are read, for those who ask. What runs is not slowed down by it: nothing is kept here. The
 * client of Prometheus writes the text; that of the ports is written here, since a thousand of them take it ten times
 * as long, and as long as it takes nothing is published.
 */
export class MetricRegistry {
  readonly #client: ClientRegistry = new Registry() as ClientRegistry;
  readonly #ports: Partial<Record<MetricName, (see: PortVisitor) => void>> = {};
  readonly #pause: () => Promise<void>;

  /** `pause` lets others have their turn. */
  constructor(readings: Readings, pause: () => Promise<void>) {
    this.#pause = pause;
    for (const name of METRIC_NAMES) {
      const reading = readingOf(readings, name);
      if (reading.kind === "ports") this.#ports[name] = reading.read;
      const { type, help } = METRICS[name];
      const get = async (): Promise<MetricData> => ({ name, help, type, values: valuesOf(name, reading) });
      this.#client.registerMetric({ name, help, type, get } as never);
    }
  }

  /** All metrics in the text format 0.0.4. */
  async text(): Promise<string> {
    const parts: string[] = [];
    let samples = 0;
    for (const name of METRIC_NAMES) {
      const ports = this.#ports[name];
      if (!ports) {
        parts.push(await this.#client.getSingleMetricAsString(name));
        continue;
      }
      if (samples >= SAMPLES_A_TURN) {
        await this.#pause();
        samples = 0;
      }
      let text = `# HELP ${name} ${METRICS[name].help}\n# TYPE ${name} ${METRICS[name].type}`;
      ports((port, value) => {
        text += `\n${name}{port="${portLabelText(port)}"} ${value}`;
        samples++;
      });
      parts.push(text);
    }
    return `${parts.join("\n")}\n`;
  }

  /** All metrics as plain data. */
  async data(): Promise<MetricData[]> {
    return (await this.#client.getMetricsAsJSON()) as unknown as MetricData[];
  }
}

function valuesOf(name: MetricName, reading: AnyReading): MetricValue[] {
  switch (reading.kind) {
    case "value": {
      const value = reading.read();
      return value === undefined ? [] : [{ labels: {}, value }];
    }
    case "samples":
      return [...(reading.read() as Iterable<Sample>)];
    case "ports": {
      const values: MetricValue[] = [];
      reading.read((port, value) => values.push({ labels: { port: decodeName(port) }, value }));
      return values;
    }
    case "histogram":
      return histogramValues(name, reading.read());
  }
}

function histogramValues(name: MetricName, histogram: HistogramValue | undefined): MetricValue[] {
  if (!histogram) return [];
  const { bounds, counts, sum } = histogram;
  const metricName = `${name}_bucket`;
  return [
    ...counts.map((value, i) => ({ metricName, labels: { le: bounds[i] ?? "+Inf" }, value })),
    { metricName: `${name}_sum`, labels: {}, value: sum },
    { metricName: `${name}_count`, labels: {}, value: counts.at(-1)! },
  ];
}

import type { Labels } from "../alert/expression.ts";
import type { Snapshot } from "../alert/snapshot.ts";
import type { MetricName } from "../metrics/definitions.ts";
import type { Readings } from "../metrics/reading.ts";
import { readingOf } from "../metrics/registry.ts";
import type { HistogramValue } from "../util/histogramvalue.ts";
import { decodeName, encodeName } from "../util/ifname.ts";

/** What stands behind the numbers of some metrics. */
export type Details = { readonly [Name in MetricName]?: () => readonly string[] };

/** How much was added to counters of a port, by its bytes, since the look before. */
export type Recent = { readonly [Name in MetricName]?: (name: string) => number };

/** The metrics for the alert rules: the same readings that /metrics shows. Without labels, series are added up. */
export class MetricSnapshot implements Snapshot<MetricName> {
  readonly #readings: Readings;
  readonly #details: Details;
  /** Of histograms that go on over restarts, what this process observed: windows begin with the process. */
  readonly #own: { readonly [Name in MetricName]?: () => HistogramValue };
  readonly #recent: Recent;

  constructor(
    readings: Readings,
    own: { readonly [Name in MetricName]?: () => HistogramValue },
    recent: Recent,
    details: Details,
  ) {
    this.#readings = readings;
    this.#own = own;
    this.#recent = recent;
    this.#details = details;
  }

  value(metric: MetricName, labels: Labels = {}): number | undefined {
    const reading = readingOf(this.#readings, metric);
    if (reading.kind === "value") return reading.read();
    let sum: number | undefined;
    const add = (found: Labels, value: number): void => {
      if (Object.entries(labels).every(([name, wanted]) => found[name] === wanted)) sum = (sum ?? 0) + value;
    };
    if (reading.kind === "samples") for (const { labels: found, value } of reading.read()) add(found, value);
    if (reading.kind === "ports") reading.read((port, value) => add({ port: decodeName(port) }, value));
    return sum;
  }

  histogram(metric: MetricName): HistogramValue | undefined {
    const reading = readingOf(this.#readings, metric);
    return reading.kind === "histogram" ? (this.#own[metric] ?? reading.read)() : undefined;
  }

  ports(metric: MetricName): ReadonlyMap<string, number> | undefined {
    const reading = readingOf(this.#readings, metric);
    if (reading.kind !== "ports") return undefined;
    const ports = new Map<string, number>();
    reading.read((port, value) => ports.set(decodeName(port), value));
    return ports;
  }

  recent(metric: MetricName, port: string): number {
    return this.#recent[metric]?.(encodeName(port)) ?? 0;
  }

  details(metric: MetricName): readonly string[] {
    return this.#details[metric]?.() ?? [];
  }
}

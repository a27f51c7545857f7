import type { Catalogue, MetricInfo } from "../../src/alert/catalogue.ts";
import type { Labels } from "../../src/alert/expression.ts";
import type { Snapshot } from "../../src/alert/snapshot.ts";
import type { HistogramValue } from "../../src/util/histogramvalue.ts";

/** Metrics that a test sets; those that it did not set have no value. */
export class Metrics implements Snapshot {
  readonly #values = new Map<string, number>();
  readonly #histograms = new Map<string, { bounds: number[]; counts: number[]; sum: number }>();
  readonly #ports = new Map<string, Map<string, number>>();
  readonly #recent = new Map<string, number>();
  readonly #details = new Map<string, readonly string[]>();

  value(metric: string, labels?: Labels): number | undefined {
    return this.#values.get(metric + JSON.stringify(labels ?? {}));
  }

  histogram(metric: string): HistogramValue | undefined {
    return this.#histograms.get(metric);
  }

  ports(metric: string): ReadonlyMap<string, number> | undefined {
    return this.#ports.get(metric);
  }

  recent(metric: string, port: string): number {
    return this.#recent.get(`${metric}/${port}`) ?? 0;
  }

  details(metric: string): readonly string[] {
    return this.#details.get(metric) ?? [];
  }

  set(metric: string, value: number | undefined, labels: Labels = {}): void {
    const key = metric + JSON.stringify(labels);
    if (value === undefined) this.#values.delete(key);
    else this.#values.set(key, value);
  }

  add(metric: string, more = 1, labels: Labels = {}): void {
    this.set(metric, (this.value(metric, labels) ?? 0) + more, labels);
  }

  /** A histogram with these bounds, of which nothing was observed yet. */
  bucket(metric: string, bounds: readonly number[]): void {
    this.#histograms.set(metric, { bounds: [...bounds], counts: [...bounds, 0].map(() => 0), sum: 0 });
  }

  observe(metric: string, value: number, times = 1): void {
    const histogram = this.#histograms.get(metric)!;
    histogram.sum += value * times;
    for (const [i, bound] of [...histogram.bounds, Infinity].entries())
      if (value <= bound) histogram.counts[i]! += times;
  }

  forgetHistogram(metric: string): void {
    this.#histograms.delete(metric);
  }

  setPort(metric: string, port: string, value: number): void {
    const ports = this.#ports.get(metric) ?? new Map<string, number>();
    this.#ports.set(metric, ports.set(port, value));
  }

  setRecent(metric: string, port: string, recent: number): void {
    this.#recent.set(`${metric}/${port}`, recent);
  }

  addPort(metric: string, port: string): void {
    this.setPort(metric, port, (this.#ports.get(metric)?.get(port) ?? 0) + 1);
  }

  removePort(metric: string, port: string): void {
    this.#ports.get(metric)?.delete(port);
  }

  forgetPorts(metric: string): void {
    this.#ports.delete(metric);
  }

  setDetails(metric: string, details: readonly string[]): void {
    this.#details.set(metric, details);
  }
}

/** What each metric says. */
export const HELP = "Something.";

function info(kind: MetricInfo["kind"], unit: MetricInfo["unit"] = "", isPerPort = false): MetricInfo {
  return { kind, unit, isPerPort, help: HELP };
}

/** What is known of the metrics of the tests. */
export const CATALOGUE = new Map([
  ["portsyncd_eoiu_detected_total", info("counter")],
  ["portsyncd_eoiu_timeouts_total", info("counter")],
  ["portsyncd_starts_total", info("counter")],
  ["portsyncd_cold_starts_total", info("counter")],
  ["portsyncd_warm_restarts_total", info("counter")],
  ["portsyncd_initial_sync_duration_seconds", info("histogram", "seconds")],
  ["portsyncd_corruptions_detected_total", info("counter")],
  ["portsyncd_state_recoveries_total", info("counter")],
  ["portsyncd_backups_created_total", info("counter")],
  ["portsyncd_backup_due", info("gauge")],
  ["portsyncd_health_score", info("gauge", "points")],
  ["portsyncd_redis_connected", info("gauge")],
  ["portsyncd_netlink_connected", info("gauge")],
  ["portsyncd_port_flaps_total", info("counter", "", true)],
  ["portsyncd_port_up", info("gauge", "", true)],
  ["portsyncd_netlink_overruns_total", info("counter")],
  ["portsyncd_audit_repairs_total", info("counter")],
  ["portsyncd_event_latency_seconds", info("histogram", "seconds")],
  ["portsyncd_port_init_pending_ports", info("gauge")],
  ["portsyncd_queue_depth", info("gauge")],
  ["portsyncd_memory_bytes", info("gauge", "bytes")],
  ["portsyncd_events_processed_total", info("counter")],
  ["portsyncd_events_failed_total", info("counter")],
]) satisfies Catalogue;

import { METRICS } from "../metrics/definitions.ts";
import { Histogram, withBound } from "../metrics/histogram.ts";
import type { Transition } from "../port/change.ts";
import type { StartKind } from "../store/start.ts";
import type { DatabaseName } from "../swss/schema.ts";
import { CollectionCounter } from "./garbage.ts";
import { LastingHistogram } from "./lastinghistogram.ts";
import { LastingTotals, type TotalsStore } from "./lastingtotals.ts";
import { PortRecords } from "./portrecords.ts";

function bounds(name: "portsyncd_event_latency_seconds" | "portsyncd_redis_latency_seconds", maxLatencyUs: number) {
  return withBound(METRICS[name].buckets, maxLatencyUs / 1e6);
}

/** What is counted while it happens, because nobody could tell afterwards; all else is read where it is. */
export class Observations {
  readonly totals: LastingTotals;
  readonly ports: PortRecords;
  /** In seconds, from the receipt of an event to the acknowledgement of what it changed. */
  readonly eventLatency: Histogram;
  /** In seconds, from the sending of commands to the last answer. */
  readonly redisLatency: Histogram;
  /** In seconds, by how much a timer was late. */
  readonly loopDelay = new Histogram(METRICS.portsyncd_event_loop_delay_seconds.buckets);
  readonly garbage = new CollectionCounter();
  /** In seconds, of each start. */
  readonly initialSync: LastingHistogram;
  /** Commands that were answered. */
  readonly commands: Record<DatabaseName, number> = { CONFIG_DB: 0, APPL_DB: 0, STATE_DB: 0 };
  /** Times that the store became degraded. */
  storeFaults = 0;
  readonly reloads = { success: 0, failure: 0 };
  /** Whether the configuration was good when it was last read. */
  isConfigGood = true;
  /** When a good configuration was last read, in milliseconds since 1970. */
  configWallMs: number;

  /** `maxLatencyUs` is performance.max_latency_us; the latencies' quantiles are exact there. */
  constructor(store: TotalsStore, maxLatencyUs: number, wallMs: number) {
    this.totals = new LastingTotals(store);
    this.ports = new PortRecords(this.totals);
    this.eventLatency = new Histogram(bounds("portsyncd_event_latency_seconds", maxLatencyUs));
    this.redisLatency = new Histogram(bounds("portsyncd_redis_latency_seconds", maxLatencyUs));
    const sync = "portsyncd_initial_sync_duration_seconds";
    this.initialSync = new LastingHistogram(sync, METRICS[sync].buckets, this.totals);
    this.configWallMs = wallMs;
  }

  /** STATE_DB acknowledged a change. */
  transition({ name, after, cause, latencyMs }: Transition, wallMs: number): void {
    if (latencyMs !== undefined) this.eventLatency.observe(latencyMs / 1000);
    if (!after) this.ports.remove(name);
    else if (cause !== "dump") this.ports.change(name, wallMs); // what the first dump says may be old
  }

  /** A database answered. */
  answered(name: DatabaseName, commands: number, tookMs: number): void {
    this.commands[name] += commands;
    this.redisLatency.observe(tookMs / 1000);
  }

  /** The daemon decided how to start. */
  started(kind: StartKind, wallMs: number): void {
    this.totals.add(`portsyncd_starts_total/${kind}`);
    if (kind === "cold") this.totals.add("portsyncd_cold_starts_total");
    if (kind !== "warm") return;
    this.totals.add("portsyncd_warm_restarts_total");
    this.totals.setTime("portsyncd_last_warm_restart_timestamp_seconds", wallMs);
  }

  /** The configuration was read again. */
  reloaded(isGood: boolean, wallMs: number): void {
    this.reloads[isGood ? "success" : "failure"]++;
    this.isConfigGood = isGood;
    if (isGood) this.configWallMs = wallMs;
  }
}

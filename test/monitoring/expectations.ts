import type { QueryId } from "../../src/monitoring/querylibrary.ts";
import { DELETED_ROWS, FLAPS, type Fleet } from "./fleet.ts";
import type { Scrapes } from "./scrapes.ts";

/** What a series of an answer must be. */
export interface Expected {
  /** The labels but those of the target, as in `reason="overrun"`. */
  readonly labels: string;
  readonly value: number;
  /** How far off it may be, and why it is not exact is said where it is set. */
  readonly within: number;
}

/** What a query must return of the busy and of the other switch. */
export type Expectation = (fleet: Fleet) => { readonly busy: readonly Expected[]; readonly other: readonly Expected[] };

const EVENT = "portsyncd_event_latency_seconds";
const REDIS = "portsyncd_redis_latency_seconds";
const LOOP = "portsyncd_event_loop_delay_seconds";
const SYNC = "portsyncd_initial_sync_duration_seconds";
const WINDOW_SECONDS = 300;
const HOUR_SECONDS = 3600;
/** Of subqueries; test/monitoring/querylibrary.test.ts has the exact numbers over a longer time. */
const GRAIN_SECONDS = 15;

function is(value: number, within = 1e-9, labels = ""): Expected[] {
  return [{ labels, value, within }];
}

/** Absent. */
const NONE: readonly Expected[] = [];

function both(of: (scrapes: Scrapes, fleet: Fleet) => readonly Expected[]): Expectation {
  return (fleet) => ({ busy: of(fleet.busy.scrapes, fleet), other: of(fleet.other.scrapes, fleet) });
}

/** So many a second, as rate() has it. */
function rate(scrapes: Scrapes, end: number, ...names: readonly string[]): number {
  return names.reduce((sum, name) => sum + scrapes.stretched(name, WINDOW_SECONDS, end), 0) / WINDOW_SECONDS;
}

/** The same number, but for the timing of scrapes. */
function nearly(value: number, labels = ""): Expected[] {
  return is(value, Math.abs(value) * 0.02 + 1e-9, labels);
}

/** The known values of a label, with so many of some. */
function byLabel(label: string, values: readonly string[], counts: Readonly<Record<string, number>> = {}): Expected[] {
  return values.flatMap((value) => is(counts[value] ?? 0, 1e-9, `${label}="${value}"`));
}

/** Absent where there is no whole. */
function percentOf(part: number, whole: number): readonly Expected[] {
  return whole === 0 ? NONE : nearly((100 * part) / whole);
}

function publishes(...results: readonly string[]): string[] {
  return results.map((result) => `portsyncd_publishes_total{result="${result}"}`);
}

/** Without an event there is no quantile. A bucket may be rounded otherwise, since scrapes are timed apart from Prometheus. */
function quantileOf(q: number, histogram: string): Expectation {
  return both((scrapes, { end }) => {
    const at = (more: number) => scrapes.quantile(q, histogram, WINDOW_SECONDS, end, more);
    const [low, high] = [at(-1), at(1)];
    return is((low + high) / 2, (high - low) / 2 + 0.02 * high);
  });
}

/** What was so much of the time that Prometheus looks at, one look more or less. */
function share(scrapes: Scrapes, fleet: Fleet, gauge: string, isGood: (value: number) => boolean): readonly Expected[] {
  const looks = scrapes.each(gauge, GRAIN_SECONDS, fleet.end);
  return is((100 * looks.filter(isGood).length) / looks.length, looks.every(isGood) ? 1e-9 : 110 / looks.length);
}

const RESYNC_REASONS = ["overrun", "truncated", "malformed", "dump_interrupted", "dump_failed"];
const DATABASES = ["CONFIG_DB", "APPL_DB", "STATE_DB"];
const START_KINDS = ["cold", "warm", "adopt", "standalone"];

function gauge(metric: string): Expectation {
  return both((scrapes) => is(scrapes.last(metric)!));
}

function flaps(): Expected[] {
  return FLAPS.flatMap((times, i) => is(times, 1e-9, `port="Ethernet${4 * i}"`));
}

/** Each is one start: it took no longer than the test waited for it, and is put into its bucket. */
const syncQuantile: Expectation = both((scrapes) => {
  const [lower, upper] = [0, Math.max(0.025, ...bounds(scrapes))];
  return is((lower + upper) / 2, (upper - lower) / 2);
});

function bounds(scrapes: Scrapes): number[] {
  const filled = scrapes.names(`${SYNC}_bucket`).filter((name) => scrapes.added(name) > 0);
  return [Math.min(...filled.map((name) => Number(/le="([^"]+)"/.exec(name)![1]!.replace("+Inf", "Infinity"))))];
}

/** What each query must return after the sufferings of the fleet. */
export const EXPECTATIONS: Readonly<Record<QueryId, Expectation>> = {
  state_recovery_rate: () => ({ busy: NONE, other: is(100) }),
  eoiu_success_rate: () => ({ busy: is(100), other: is(100) }),
  // How many overruns it takes until 500 messages are read is the kernel's affair.
  netlink_resyncs: ({ busy }) => ({
    busy: byLabel("reason", RESYNC_REASONS, { overrun: overrunsOf(busy.scrapes) }),
    other: byLabel("reason", RESYNC_REASONS),
  }),
  redis_reconnects: () => ({
    busy: byLabel("database", DATABASES, { CONFIG_DB: 1, APPL_DB: 1, STATE_DB: 1 }),
    other: byLabel("database", DATABASES),
  }),
  state_repairs: () => ({ busy: is(DELETED_ROWS), other: is(0) }),
  // The start cannot have taken longer than the test waited for it.
  sync_duration_average: ({ restartSeconds, other }) => ({
    busy: is(restartSeconds / 2, restartSeconds / 2),
    other: nearly(other.scrapes.added(`${SYNC}_sum`)),
  }),
  sync_duration_maximum: both((scrapes) => is(bounds(scrapes)[0]!)),
  sync_duration_p50: syncQuantile,
  sync_duration_p95: syncQuantile,
  sync_duration_p99: syncQuantile,
  syncs: () => ({ busy: is(1), other: is(1) }),
  event_failure_rate: both((scrapes, { end }) => {
    const failed = rate(scrapes, end, "portsyncd_events_failed_total");
    return percentOf(failed, failed + rate(scrapes, end, "portsyncd_events_processed_total"));
  }),
  publish_failure_rate: both((scrapes, { end }) =>
    percentOf(
      rate(scrapes, end, ...publishes("refused", "lost")),
      rate(scrapes, end, ...publishes("set", "deleted", "refused", "lost")),
    ),
  ),
  decode_errors: both(() => byLabel("reason", ["header", "length", "attribute", "name"])),
  netlink_overruns: ({ busy }) => ({ busy: is(overrunsOf(busy.scrapes)), other: is(0) }),
  audit_failure_rate: both((scrapes, { end }) => {
    const count = (result: string) =>
      Math.round(scrapes.stretched(`portsyncd_audits_total{result="${result}"}`, HOUR_SECONDS, end));
    return percentOf(count("failed"), count("failed") + count("completed"));
  }),
  config_reload_failures: () => ({ busy: is(1), other: is(0) }),
  health_score: gauge("portsyncd_health_score"),
  health_status: gauge("portsyncd_health_status"),
  health_lost_points: both((scrapes) =>
    scrapes
      .names("portsyncd_health_lost_points")
      .flatMap((name) => (scrapes.last(name)! > 0 ? is(scrapes.last(name)!, 1e-9, /\{(.*)\}/.exec(name)![1]) : [])),
  ),
  healthy_time: both((scrapes, fleet) => share(scrapes, fleet, "portsyncd_health_status", (value) => value === 1)),
  health_score_slope: both((scrapes) => near(3600 * scrapes.line("portsyncd_health_score").slope)),
  memory_slope: both((scrapes) => near(3600 * scrapes.line("portsyncd_memory_bytes").slope)),
  memory_tomorrow: both((scrapes, { end }) => near(scrapes.line("portsyncd_memory_bytes").at(end + 86_400))),
  // All there is lies within the last five minutes.
  latency_against_hour: () => ({ busy: nearly(1), other: NONE }),
  // Its day is too short here; a story of its own shows the number.
  event_rate_anomaly: () => ({ busy: NONE, other: NONE }),
  port_flaps_today: () => ({ busy: flaps(), other: NONE }),
  port_flaps_slope: () => ({ busy: flaps(), other: NONE }),
  event_rate: both((scrapes, { end }) => nearly(rate(scrapes, end, "portsyncd_events_processed_total"))),
  publish_rate: both((scrapes, { end }) => nearly(rate(scrapes, end, ...publishes("set", "deleted")))),
  redis_command_rate: both((scrapes, { end }) =>
    DATABASES.flatMap((database) => {
      const label = `database="${database}"`;
      return nearly(rate(scrapes, end, `portsyncd_redis_commands_total{${label}}`), label);
    }),
  ),
  datagram_rate: both((scrapes, { end }) => nearly(rate(scrapes, end, "portsyncd_netlink_datagrams_total"))),
  queue_depth: () => ({ busy: is(0), other: is(0) }),
  event_latency_p50: quantileOf(0.5, EVENT),
  event_latency_p95: quantileOf(0.95, EVENT),
  event_latency_p99: quantileOf(0.99, EVENT),
  event_latency_mean: both((scrapes, { end }) => meanOf(scrapes, end, EVENT)),
  events_in_time: both((scrapes, { end }) => {
    const count = (what: string) => Math.round(scrapes.stretched(`${EVENT}_${what}`, HOUR_SECONDS, end));
    return percentOf(count('bucket{le="0.01"}'), count("count"));
  }),
  redis_latency_p99: quantileOf(0.99, REDIS),
  event_loop_delay_p99: quantileOf(0.99, LOOP),
  availability: both((scrapes, fleet) => share(scrapes, fleet, "portsyncd_redis_connected", (value) => value === 1)),
  redis_mttr: ({ outage }) => ({ busy: is(outage.end - outage.start, GRAIN_SECONDS + 1), other: NONE }),
  redis_downtime: ({ outage }) => ({ busy: is(outage.end - outage.start, GRAIN_SECONDS + 1), other: is(0) }),
  backups: both((scrapes) => is(scrapes.added("portsyncd_backups_created_total"))),
  backup_success_rate: () => ({ busy: is(100), other: is(100) }),
  since_warm_restart: ({ end, warmSeconds }) => ({ busy: NONE, other: is(end - warmSeconds, 2) }),
  starts: () => ({
    busy: byLabel("kind", START_KINDS, { adopt: 1 }),
    other: byLabel("kind", START_KINDS, { warm: 1 }),
  }),
  uptime: ({ end }) => {
    const value = end - (Date.now() / 1000 - process.uptime());
    return { busy: is(value, 2), other: is(value, 2) };
  },
  ports_in_sync: () => ({ busy: is(100), other: is(100) }),
};

function overrunsOf(scrapes: Scrapes): number {
  const overruns = scrapes.added("portsyncd_netlink_overruns_total");
  if (overruns < 1) throw new Error("no overrun was scraped");
  return overruns;
}

/** The same line through nearly the same times. */
function near(value: number): Expected[] {
  return is(value, Math.abs(value) * 0.05 + 1e-6);
}

function meanOf(scrapes: Scrapes, end: number, histogram: string): readonly Expected[] {
  const count = rate(scrapes, end, `${histogram}_count`);
  return count === 0 ? NONE : nearly(rate(scrapes, end, `${histogram}_sum`) / count);
}

/** What a series is, 15 s apart, from the beginning on: `[value, until]`, where `until` is in seconds. */
type Course = readonly (readonly [value: number, untilSeconds: number])[];

/** The course of series, by their names with labels but those of the target. */
export type Courses = Readonly<Record<string, Course>>;

/** When an alert fires and ends, and what for. */
export interface Story {
  readonly trouble: Courses;
  /** In seconds, as of which look. */
  readonly firesAt: number;
  readonly resolvesAt: number;
  readonly summary: string;
  readonly severity: "critical" | "warning" | "info";
  readonly port?: string;
  /** Other rules that this is a trouble for, too. */
  readonly also?: readonly string[];
  /** What is just within what is allowed. */
  readonly quiet: Courses;
  /** Other rules that this is a trouble for. */
  readonly quietAlso?: readonly string[];
}

/** The scrape interval, and that of the looks. */
export const STEP_SECONDS = 15;
/** How long a story is. */
export const STORY_SECONDS = 1500;

const SYNC = "portsyncd_initial_sync_duration_seconds";
const LATENCY = "portsyncd_event_latency_seconds";
const FOREVER = STORY_SECONDS + STEP_SECONDS;

/** One value, and another from `at` seconds on. */
function step(from: number, to: number, at = 300): Course {
  return [
    [from, at],
    [to, FOREVER],
  ];
}

/** One value, and another for a time. */
function dip(usual: number, otherwise: number, from: number, until: number): Course {
  return [
    [usual, from],
    [otherwise, until],
    [usual, FOREVER],
  ];
}

/** `more` is added at every step from 300 s on, so often. */
function stairs(more: number, times: number): Course {
  const steps = Array.from({ length: times }, (_, i) => [more * i, 300 + i * STEP_SECONDS] as const);
  return [...steps, [more * times, FOREVER]];
}

function buckets(name: string, counts: Readonly<Record<string, number>>): Courses {
  return Object.fromEntries(
    Object.entries(counts).map(([bound, count]) => [`${name}_bucket{le="${bound}"}`, step(0, count)]),
  );
}

/** What a series is at each step. */
export function valuesOf(course: Course): number[] {
  const values: number[] = [];
  for (let seconds = 0; seconds <= STORY_SECONDS; seconds += STEP_SECONDS)
    values.push(course.find(([, until]) => seconds < until)![0]);
  return values;
}

/** For each rule what it fires for and what not. What was added is in its window for as long as that is: 300 s and its length. */
export const STORIES: Readonly<Record<string, Story>> = {
  eoiu_timeout_high: {
    trouble: { portsyncd_eoiu_timeouts_total: step(0, 1), portsyncd_eoiu_detected_total: step(3, 3) },
    firesAt: 360,
    resolvesAt: 600,
    severity: "warning",
    summary: "100 % of the initial syncs timed out",
    quiet: { portsyncd_eoiu_timeouts_total: step(0, 1), portsyncd_eoiu_detected_total: step(3, 4) },
  },
  cold_start_anomaly: {
    trouble: { portsyncd_cold_starts_total: step(7, 10), portsyncd_warm_restarts_total: step(7, 8) },
    firesAt: 480,
    resolvesAt: 1200,
    severity: "warning",
    summary: "75 % of the starts were cold",
    quiet: { portsyncd_cold_starts_total: step(7, 10), portsyncd_warm_restarts_total: step(7, 7) },
  },
  sync_duration_slow: {
    trouble: {
      [`${SYNC}_sum`]: step(0, 31),
      [`${SYNC}_count`]: step(0, 1),
      ...buckets(SYNC, { 30: 0, 60: 1, "+Inf": 1 }),
    },
    firesAt: 600,
    resolvesAt: 900,
    severity: "info",
    summary: "the initial sync took 31s on average",
    quiet: {
      [`${SYNC}_sum`]: step(0, 59),
      [`${SYNC}_count`]: step(0, 2),
      ...buckets(SYNC, { 30: 1, 60: 2, "+Inf": 2 }),
    },
  },
  sync_duration_critical: {
    trouble: {
      ...buckets(SYNC, { 120: 0, 300: 0, 600: 1, 1800: 1, "+Inf": 1 }),
      [`${SYNC}_sum`]: step(0, 301),
      [`${SYNC}_count`]: step(0, 1),
    },
    firesAt: 360,
    resolvesAt: 900,
    severity: "critical",
    summary: "an initial sync took up to 10m 0s",
    also: ["sync_duration_slow"],
    quiet: {
      ...buckets(SYNC, { 120: 0, 300: 1, 600: 1, 1800: 1, "+Inf": 1 }),
      [`${SYNC}_sum`]: step(0, 299),
      [`${SYNC}_count`]: step(0, 1),
    },
    quietAlso: ["sync_duration_slow"],
  },
  restart_rate_high: {
    // 15 restarts each 15 s from 300 s to 645 s: more than 150 within 300 s from the 11th step on, until 14 of 24 are gone.
    trouble: {
      'portsyncd_starts_total{kind="cold"}': step(0, 0),
      'portsyncd_starts_total{kind="adopt"}': stairs(15, 24),
    },
    firesAt: 510,
    resolvesAt: 795,
    severity: "critical",
    summary: "portsyncd starts again and again, at a rate of 0.75/s",
    quiet: {
      'portsyncd_starts_total{kind="cold"}': step(0, 0),
      'portsyncd_starts_total{kind="adopt"}': stairs(15, 10),
    },
  },
  corruption_unrecovered: {
    trouble: { portsyncd_corruptions_detected_total: step(0, 1), portsyncd_state_recoveries_total: step(0, 0) },
    firesAt: 420,
    resolvesAt: 900,
    severity: "critical",
    summary: "damaged state files that no backup could replace: 1",
    also: ["recovery_rate_low"],
    quiet: { portsyncd_corruptions_detected_total: step(0, 1), portsyncd_state_recoveries_total: step(0, 1) },
  },
  recovery_rate_low: {
    trouble: { portsyncd_corruptions_detected_total: step(0, 2), portsyncd_state_recoveries_total: step(0, 1) },
    firesAt: 420,
    resolvesAt: 900,
    severity: "warning",
    summary: "only 50 % of the damaged state files were recovered",
    also: ["corruption_unrecovered"],
    quiet: { portsyncd_corruptions_detected_total: step(0, 4), portsyncd_state_recoveries_total: step(0, 3) },
    quietAlso: ["corruption_unrecovered"],
  },
  backup_creation_low: {
    trouble: { portsyncd_backups_created_total: step(5, 5), portsyncd_backup_due: dip(0, 1, 300, 900) },
    firesAt: 600,
    resolvesAt: 900,
    severity: "info",
    summary: "no backup of the state was made",
    quiet: { portsyncd_backups_created_total: step(5, 6), portsyncd_backup_due: dip(0, 1, 300, 900) },
  },
  health_score_low: {
    trouble: { portsyncd_health_score: dip(100, 40, 300, 600) },
    firesAt: 360,
    resolvesAt: 600,
    severity: "warning",
    summary: "portsyncd is unhealthy: 40 points of 100",
    quiet: { portsyncd_health_score: dip(100, 50, 300, 600) },
  },
  redis_down: {
    trouble: { portsyncd_redis_connected: dip(1, 0, 300, 600) },
    firesAt: 315,
    resolvesAt: 600,
    severity: "critical",
    summary: "Redis is not connected",
    quiet: { portsyncd_redis_connected: dip(1, 0, 300, 315) },
  },
  netlink_down: {
    trouble: { portsyncd_netlink_connected: dip(1, 0, 300, 600) },
    firesAt: 315,
    resolvesAt: 600,
    severity: "critical",
    summary: "the kernel does not tell of links",
    quiet: { portsyncd_netlink_connected: dip(1, 0, 300, 315) },
  },
  port_flapping: {
    trouble: {
      'portsyncd_port_flaps_total{port="Ethernet0"}': stairs(2, 3),
      'portsyncd_port_flaps_total{port="Ethernet4"}': step(0, 5),
    },
    firesAt: 330,
    resolvesAt: 600,
    severity: "warning",
    port: "Ethernet0",
    summary: "Ethernet0 went down 6 times in 5 min",
    quiet: {
      'portsyncd_port_flaps_total{port="Ethernet0"}': step(9, 14),
      'portsyncd_port_flaps_total{port="Ethernet4"}': step(0, 5),
    },
  },
  netlink_overrun: {
    trouble: { portsyncd_netlink_overruns_total: step(4, 5) },
    firesAt: 300,
    resolvesAt: 600,
    severity: "warning",
    summary: "messages of the kernel were lost; overruns in 5 min: 1",
    quiet: { portsyncd_netlink_overruns_total: step(5, 5) },
  },
  state_drift: {
    trouble: {
      'portsyncd_audit_repairs_total{direction="to_state_db"}': step(10, 13),
      'portsyncd_audit_repairs_total{direction="from_kernel"}': step(2, 2),
    },
    firesAt: 300,
    resolvesAt: 900,
    severity: "warning",
    summary: "others changed STATE_DB; rows repaired in 10 min: 3",
    quiet: {
      'portsyncd_audit_repairs_total{direction="to_state_db"}': step(10, 10),
      'portsyncd_audit_repairs_total{direction="from_kernel"}': step(2, 2),
    },
  },
  event_latency_high: {
    // The slowest of a hundred are in the bucket from 10 ms to 25 ms, of which half is below the 99th.
    trouble: {
      ...buckets(LATENCY, { 0.005: 0, 0.01: 196, 0.025: 200, "+Inf": 200 }),
      [`${LATENCY}_count`]: step(0, 200),
      [`${LATENCY}_sum`]: step(0, 2),
    },
    firesAt: 360,
    resolvesAt: 600,
    severity: "warning",
    summary: "one event in a hundred takes 17.5ms or more",
    quiet: {
      ...buckets(LATENCY, { 0.005: 0, 0.01: 199, 0.025: 200, "+Inf": 200 }),
      [`${LATENCY}_count`]: step(0, 200),
      [`${LATENCY}_sum`]: step(0, 2),
    },
  },
  port_init_stalled: {
    trouble: { portsyncd_port_init_pending_ports: dip(0, 3, 300, 600) },
    firesAt: 420,
    resolvesAt: 600,
    severity: "critical",
    summary: "PortInitDone waits; ports that are missing: 3",
    quiet: { portsyncd_port_init_pending_ports: dip(0, 3, 300, 405) },
  },
};

/** The alert that Prometheus alone has. */
export const DOWN_STORY: Story = {
  trouble: { up: dip(1, 0, 300, 600) },
  firesAt: 360,
  resolvesAt: 600,
  severity: "critical",
  summary: "portsyncd cannot be scraped",
  quiet: { up: dip(1, 0, 300, 345) },
};

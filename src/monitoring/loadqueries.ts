import { added, mean, observed, over, percent, perSecond, quantile, series, within } from "./promql.ts";
import type { QueryDefinition } from "./query.ts";

const EVENT = "portsyncd_event_latency_seconds";
const REDIS = "portsyncd_redis_latency_seconds";
/** The default of performance.max_latency_us. */
const MOST_SECONDS = 0.01;

/** How the daemon is, by its own score. */
export const HEALTH_QUERIES = {
  health_score: {
    category: "health",
    title: "Health score",
    description: "From 100, all is well, to 0; below 50 the daemon is unhealthy: STATE_DB does not follow the kernel.",
    unit: "points",
    expression: (view) => series(view, "portsyncd_health_score"),
  },
  health_status: {
    category: "health",
    title: "Health status",
    description: "Healthy (1), degraded (0.5) or unhealthy (0).",
    unit: "",
    expression: (view) => series(view, "portsyncd_health_status"),
  },
  health_lost_points: {
    category: "health",
    title: "What costs points of health",
    description: "The points that each reason takes from the score. Reasons that do not apply are absent.",
    unit: "points",
    expression: (view) => `${series(view, "portsyncd_health_lost_points")} > 0`,
  },
  healthy_time: {
    category: "health",
    title: "Time in good health, last day",
    description: "The part of the last day in which the daemon was healthy, neither degraded nor unhealthy.",
    unit: "percent",
    expression: (view) => `100 * avg_over_time((${series(view, "portsyncd_health_status")} == bool 1)[1d:15s])`,
  },
} as const satisfies Readonly<Record<string, QueryDefinition>>;

/** Where things are going. */
export const TREND_QUERIES = {
  health_score_slope: {
    category: "trends",
    title: "Health score, change in an hour",
    description: "How fast the health score went up or, below 0, down in the last hour.",
    unit: "points per hour",
    expression: (view) => `3600 * deriv(${series(view, "portsyncd_health_score")}[1h])`,
  },
  memory_slope: {
    category: "trends",
    title: "Memory, change in an hour",
    description:
      "How fast the memory of the daemon grew in the last six hours. It is about 0 once the daemon has run for a while.",
    unit: "bytes per hour",
    expression: (view) => `3600 * deriv(${series(view, "portsyncd_memory_bytes")}[6h])`,
  },
  memory_tomorrow: {
    category: "trends",
    title: "Memory in a day",
    description: "What the memory of the daemon will be in a day if it goes on as in the last six hours.",
    unit: "bytes",
    expression: (view) => `predict_linear(${series(view, "portsyncd_memory_bytes")}[6h], 86400)`,
  },
  latency_against_hour: {
    category: "trends",
    title: "Event latency against the last hour",
    description: "The mean event latency now, in multiples of that of the last hour. Absent while there are no events.",
    unit: "times",
    expression: (view) => `(${mean(view, EVENT)}) / (${mean(over(view, "1h"), EVENT)})`,
  },
  event_rate_anomaly: {
    category: "trends",
    title: "Events, distance from the usual",
    description:
      "How far the rate of link messages is from its mean of the last day, in standard deviations of it; beyond 3 is rare. Absent " +
      "while the rate never changed.",
    unit: "standard deviations",
    expression: (view) => {
      const rate = perSecond(over(view, "5m"), "portsyncd_events_processed_total");
      return `(${rate} - avg_over_time(${rate}[1d:1m])) / (stddev_over_time(${rate}[1d:1m]) > 0)`;
    },
  },
  port_flaps_today: {
    category: "trends",
    title: "Ports that flap most, last day",
    description:
      "The ten ports that went down most often in the last day: cables and transceivers to look at. Absent when none did.",
    unit: "",
    expression: (view) => `topk(10, ${added(over(view, "1d"), "portsyncd_port_flaps_total", {}, ["port"])} > 0)`,
  },
  port_flaps_slope: {
    category: "trends",
    title: "Ports that flap more than in the hour before",
    description:
      "How much more often a port went down in the last hour than in the hour before. Absent where it is not more.",
    unit: "",
    expression: (view) => {
      const flaps = added(over(view, "1h"), "portsyncd_port_flaps_total", {}, ["port"]);
      const before = flaps.replace("[1h]", "[1h] offset 1h");
      return `(${flaps} - (${before} or 0 * ${flaps})) > 0`;
    },
  },
} as const satisfies Readonly<Record<string, QueryDefinition>>;

/** How much there is to do. */
export const THROUGHPUT_QUERIES = {
  event_rate: {
    category: "throughput",
    title: "Link messages",
    description: "Link messages of the kernel that were decoded and taken in.",
    unit: "per second",
    expression: (view) => perSecond(view, "portsyncd_events_processed_total"),
    record: "instance:portsyncd_events_processed:rate5m",
  },
  publish_rate: {
    category: "throughput",
    title: "Rows written to STATE_DB",
    description: "Rows of ports that were set in or deleted from STATE_DB.",
    unit: "per second",
    expression: (view) => perSecond(view, "portsyncd_publishes_total", { result: ["set", "deleted"] }),
    record: "instance:portsyncd_publishes:rate5m",
  },
  redis_command_rate: {
    category: "throughput",
    title: "Redis commands",
    description: "Commands that were answered, by database.",
    unit: "per second",
    expression: (view) => perSecond(view, "portsyncd_redis_commands_total", {}, ["database"]),
  },
  datagram_rate: {
    category: "throughput",
    title: "Netlink datagrams",
    description: "Datagrams of the kernel that were received; one may hold several messages.",
    unit: "per second",
    expression: (view) => perSecond(view, "portsyncd_netlink_datagrams_total"),
  },
  queue_depth: {
    category: "throughput",
    title: "Ports that wait for STATE_DB",
    description: "Ports whose latest state STATE_DB has not acknowledged. It is about 0 but for moments.",
    unit: "",
    expression: (view) => series(view, "portsyncd_queue_depth"),
  },
} as const satisfies Readonly<Record<string, QueryDefinition>>;

/** How long things take. */
export const LATENCY_QUERIES = {
  event_latency_p50: {
    category: "latency",
    title: "Event latency, median",
    description:
      "Half of the changes of ports were in STATE_DB after this time, from the kernel's message on. NaN while there are none.",
    unit: "seconds",
    expression: (view) => quantile(view, 0.5, EVENT),
    record: "instance:portsyncd_event_latency_seconds:p50_5m",
  },
  event_latency_p95: {
    category: "latency",
    title: "Event latency, 95th percentile",
    description: "Nineteen of twenty changes of ports were in STATE_DB after this time. NaN while there are none.",
    unit: "seconds",
    expression: (view) => quantile(view, 0.95, EVENT),
    record: "instance:portsyncd_event_latency_seconds:p95_5m",
  },
  event_latency_p99: {
    category: "latency",
    title: "Event latency, 99th percentile",
    description:
      "All but a hundredth of the changes of ports were in STATE_DB after this time. NaN while there are none.",
    unit: "seconds",
    expression: (view) => quantile(view, 0.99, EVENT),
    record: "instance:portsyncd_event_latency_seconds:p99_5m",
  },
  event_latency_mean: {
    category: "latency",
    title: "Event latency, mean",
    description: "From the kernel's message to STATE_DB, on average. Absent while there are no changes.",
    unit: "seconds",
    expression: (view) => mean(view, EVENT),
  },
  events_in_time: {
    category: "latency",
    title: "Changes in STATE_DB within 10 ms, last hour",
    description:
      "Of the changes of ports in the last hour, how many were in STATE_DB within 10 ms. Absent when there was none.",
    unit: "percent",
    expression: (view) => {
      const hour = over(view, "1h");
      return percent(within(hour, EVENT, MOST_SECONDS), observed(hour, EVENT));
    },
  },
  redis_latency_p99: {
    category: "latency",
    title: "Redis latency, 99th percentile",
    description: "All but a hundredth of the answers of Redis came within this time. NaN while nothing is asked.",
    unit: "seconds",
    expression: (view) => quantile(view, 0.99, REDIS),
    record: "instance:portsyncd_redis_latency_seconds:p99_5m",
  },
  event_loop_delay_p99: {
    category: "latency",
    title: "Event loop delay, 99th percentile",
    description: "All but a hundredth of the timers were late by no more than this.",
    unit: "seconds",
    expression: (view) => quantile(view, 0.99, "portsyncd_event_loop_delay_seconds"),
  },
} as const satisfies Readonly<Record<string, QueryDefinition>>;

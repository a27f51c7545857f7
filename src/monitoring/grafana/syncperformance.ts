import { over, perSecond, series } from "../promql.ts";
import {
  ask,
  betterFrom,
  type DashboardSpec,
  NEUTRAL,
  ON_DASHBOARD,
  panelOf,
  type Section,
  worseFrom,
} from "./panelspec.ts";

const HOUR = over(ON_DASHBOARD, "1h");
const STAT = { kind: "stat", width: 4, height: 4 } as const;
const LINES = { kind: "lines", width: 12, height: 8 } as const;

const LATENCY: Section = {
  title: "From the kernel to STATE_DB",
  panels: [
    {
      ...LINES,
      title: "Event latency",
      description:
        "From the kernel's message about a port to its row in STATE_DB: half of the changes, 95 and 99 of a hundred were not slower. " +
        "Nothing is shown while nothing changes.",
      unit: "seconds",
      targets: [
        ask("event_latency_p50", "{{instance}}: median"),
        ask("event_latency_p95", "{{instance}}: 95 %"),
        ask("event_latency_p99", "{{instance}}: 99 %"),
      ],
      thresholds: worseFrom(0.01, 0.1),
      empty: "no changes",
    },
    {
      ...LINES,
      title: "Throughput",
      description:
        "Link messages of the kernel, and the rows of STATE_DB that were written for them. Messages that change nothing need no row.",
      unit: "per second",
      targets: [ask("event_rate", "{{instance}}: messages"), ask("publish_rate", "{{instance}}: rows")],
      thresholds: NEUTRAL,
    },
    panelOf("events_in_time", { ...STAT, width: 8, thresholds: betterFrom(95, 99), empty: "no changes", max: 100 }),
    panelOf("event_failure_rate", {
      ...STAT,
      width: 8,
      view: HOUR,
      title: "Link messages that failed, last hour",
      thresholds: worseFrom(0.1, 5),
      empty: "no messages",
    }),
    panelOf("publish_failure_rate", {
      ...STAT,
      width: 8,
      view: HOUR,
      title: "Writes to STATE_DB that failed, last hour",
      thresholds: worseFrom(0.1, 1),
      empty: "no writes",
    }),
  ],
};

const STARTS: Section = {
  title: "Initial syncs",
  panels: [
    panelOf("sync_duration_average", { ...STAT, width: 6, thresholds: worseFrom(30, 300), empty: "no start" }),
    panelOf("sync_duration_p95", { ...STAT, width: 6, thresholds: worseFrom(30, 300), empty: "no start" }),
    panelOf("sync_duration_maximum", { ...STAT, width: 6, thresholds: worseFrom(30, 300), empty: "no start" }),
    panelOf("eoiu_success_rate", { ...STAT, width: 6, thresholds: betterFrom(50, 100), empty: "no start", max: 100 }),
  ],
};

const REDIS: Section = {
  title: "Redis",
  panels: [
    panelOf("redis_latency_p99", { ...LINES, thresholds: worseFrom(0.005, 0.05), empty: "no commands" }),
    panelOf("redis_command_rate", { ...LINES, legend: "{{instance}}: {{database}}", thresholds: NEUTRAL }),
    {
      ...LINES,
      title: "Rows, by what became of them",
      description: "Changes of ports on their way to STATE_DB. Those that were refused or lost are tried again.",
      unit: "per second",
      targets: [
        {
          expression: perSecond(
            ON_DASHBOARD,
            "portsyncd_publishes_total",
            { result: ["set", "deleted", "refused", "lost"] },
            ["result"],
          ),
          legend: "{{instance}}: {{result}}",
        },
      ],
      thresholds: NEUTRAL,
    },
    {
      ...LINES,
      title: "Ports that wait",
      description:
        "Ports whose latest state STATE_DB has not acknowledged, those of them that it refused, and those that PortInitDone waits for.",
      unit: "",
      targets: [
        ask("queue_depth", "{{instance}}: not acknowledged"),
        { expression: series(ON_DASHBOARD, "portsyncd_refused_ports"), legend: "{{instance}}: refused" },
        {
          expression: series(ON_DASHBOARD, "portsyncd_port_init_pending_ports"),
          legend: "{{instance}}: PortInitDone waits",
        },
      ],
      thresholds: worseFrom(100, 1000),
    },
  ],
};

const REPAIRS: Section = {
  title: "Losses and repairs",
  panels: [
    panelOf("netlink_overruns", { ...STAT, width: 6, thresholds: worseFrom(1, 10) }),
    panelOf("state_repairs", { ...STAT, width: 6, thresholds: worseFrom(1, 10) }),
    panelOf("audit_failure_rate", { ...STAT, width: 6, thresholds: worseFrom(1, 50), empty: "no audit" }),
    panelOf("redis_mttr", { ...STAT, width: 6, thresholds: worseFrom(1, 60), empty: "not lost" }),
    panelOf("netlink_resyncs", {
      ...LINES,
      isSparse: true,
      empty: "none",
      width: 8,
      legend: "{{instance}}: {{reason}}",
      thresholds: worseFrom(1),
    }),
    panelOf("redis_reconnects", {
      ...LINES,
      isSparse: true,
      empty: "none",
      width: 8,
      legend: "{{instance}}: {{database}}",
      thresholds: worseFrom(1),
    }),
    panelOf("decode_errors", {
      ...LINES,
      isSparse: true,
      empty: "none",
      width: 8,
      legend: "{{instance}}: {{reason}}",
      thresholds: worseFrom(1),
    }),
  ],
};

/** How fast and how well the state gets from the kernel to Redis. */
export const SYNC_PERFORMANCE: DashboardSpec = {
  id: "sync-performance",
  title: "Sync Performance",
  description: "How fast and how well the state of ports gets from the kernel to STATE_DB.",
  hasPorts: false,
  sections: [LATENCY, STARTS, REDIS, REPAIRS],
};

import { perSecond, series } from "../promql.ts";
import {
  betterFrom,
  type DashboardSpec,
  type Names,
  NEUTRAL,
  ON_DASHBOARD,
  panelOf,
  type PanelSpec,
  type Section,
  worseFrom,
} from "./panelspec.ts";
import { SERVERS, STORE } from "./serverandstore.ts";

const CONNECTED: Names = { 0: ["lost", "bad"], 1: ["connected", "good"] };
const STAT = { kind: "stat", width: 4, height: 4 } as const;
const LINES = { kind: "lines", width: 12, height: 8 } as const;

function connection(title: string, description: string, gauge: string): PanelSpec {
  return {
    ...STAT,
    title,
    description,
    unit: "",
    targets: [{ expression: gauge, legend: "{{instance}}" }],
    thresholds: { below: "bad", from: [[1, "good"]] },
    names: CONNECTED,
  };
}

const NOW: Section = {
  title: "Now",
  panels: [
    panelOf("health_score", { ...STAT, thresholds: betterFrom(50, 85), min: 0, max: 100 }),
    panelOf("health_status", {
      ...STAT,
      thresholds: betterFrom(0.5, 1),
      names: { 0: ["unhealthy", "bad"], 0.5: ["degraded", "warning"], 1: ["healthy", "good"] },
    }),
    connection(
      "Redis",
      "Whether all databases can be used. While not, STATE_DB does not follow the kernel.",
      series(ON_DASHBOARD, "portsyncd_redis_connected"),
    ),
    connection(
      "Kernel",
      "Whether link messages are taken from the kernel (netlink). While not, no change of a port is noticed.",
      series(ON_DASHBOARD, "portsyncd_netlink_connected"),
    ),
    panelOf("ports_in_sync", { ...STAT, thresholds: betterFrom(90, 100), empty: "no ports" }),
    {
      ...STAT,
      title: "Alerts that fire",
      description: "Alerts of the daemon that fire now; the dashboard Alert Status names them.",
      unit: "",
      targets: [
        {
          expression: `sum by (instance) (${series(ON_DASHBOARD, "portsyncd_alerts", { state: "firing" })})`,
          legend: "{{instance}}",
        },
      ],
      thresholds: worseFrom(1, 3),
    },
  ],
};

const HISTORY: Section = {
  title: "Health",
  panels: [
    panelOf("health_score", {
      ...LINES,
      title: "Health score over time",
      thresholds: betterFrom(50, 85),
      min: 0,
      max: 100,
    }),
    panelOf("health_lost_points", {
      ...LINES,
      kind: "stack",
      legend: "{{instance}}: {{reason}}",
      thresholds: worseFrom(15, 50),
      empty: "nothing costs points",
    }),
    panelOf("availability", { ...STAT, width: 6, thresholds: betterFrom(99, 99.9), max: 100 }),
    panelOf("healthy_time", { ...STAT, width: 6, thresholds: betterFrom(95, 99.5), max: 100 }),
    panelOf("redis_downtime", { ...STAT, width: 6, thresholds: worseFrom(1, 60) }),
    panelOf("uptime", { ...STAT, width: 6, thresholds: NEUTRAL }),
  ],
};

const LOAD: Section = {
  title: "Load",
  panels: [
    panelOf("event_rate", { ...LINES, thresholds: NEUTRAL }),
    panelOf("queue_depth", { ...LINES, thresholds: worseFrom(100, 1000) }),
  ],
};

const PROCESS: Section = {
  title: "Process",
  panels: [
    {
      ...LINES,
      width: 8,
      title: "Memory",
      description: "Resident memory of the daemon. It is flat once the daemon has run for a while.",
      unit: "bytes",
      targets: [{ expression: series(ON_DASHBOARD, "portsyncd_memory_bytes"), legend: "{{instance}}" }],
      thresholds: worseFrom(200 * 1_048_576, 500 * 1_048_576),
    },
    {
      ...LINES,
      width: 8,
      title: "CPU",
      description: "CPU time of the daemon; 100 % is one core.",
      unit: "percent",
      targets: [
        { expression: `100 * ${perSecond(ON_DASHBOARD, "process_cpu_seconds_total")}`, legend: "{{instance}}" },
      ],
      thresholds: worseFrom(50, 90),
    },
    panelOf("event_loop_delay_p99", { ...LINES, width: 8, thresholds: worseFrom(1, 10) }),
    {
      ...LINES,
      width: 12,
      title: "Open files",
      description: "Open file descriptors, in percent of those that may be open.",
      unit: "percent",
      targets: [
        {
          expression: `100 * ${series(ON_DASHBOARD, "process_open_fds")} / ${series(ON_DASHBOARD, "process_max_fds")}`,
          legend: "{{instance}}",
        },
      ],
      thresholds: worseFrom(50, 80),
    },
    {
      ...LINES,
      width: 12,
      title: "Collections of garbage",
      description: "How often memory was collected, young or all of it; the daemon does so when much has happened.",
      unit: "per second",
      targets: [{ expression: perSecond(ON_DASHBOARD, "portsyncd_gc_collections_total"), legend: "{{instance}}" }],
      thresholds: NEUTRAL,
    },
  ],
};

/** How the daemons are, at a glance. */
export const SYSTEM_HEALTH: DashboardSpec = {
  id: "system-health",
  title: "System Health Overview",
  description: "How portsyncd is on each switch, and what is wrong.",
  hasPorts: false,
  sections: [NOW, HISTORY, LOAD, PROCESS, SERVERS, STORE],
};

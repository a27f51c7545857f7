import { series } from "../promql.ts";
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

const STAT = { kind: "stat", width: 6, height: 4 } as const;
const LINES = { kind: "lines", width: 12, height: 8 } as const;
const MIB = 1_048_576;

const PORTS: Section = {
  title: "Which cable or transceiver is dying?",
  panels: [
    panelOf("port_flaps_today", {
      ...LINES,
      kind: "bars",
      legend: "{{instance}} {{port}}",
      thresholds: {
        below: "good",
        from: [
          [5, "warning"],
          [20, "bad"],
        ],
      },
      min: 0,
      empty: "no port went down",
    }),
    panelOf("port_flaps_slope", {
      ...LINES,
      legend: "{{instance}} {{port}}",
      thresholds: worseFrom(1, 5),
      empty: "no port flaps more than before",
    }),
  ],
};

const GOING: Section = {
  title: "Where it goes",
  panels: [
    panelOf("health_score_slope", { ...LINES, thresholds: betterFrom(-10, -1) }),
    panelOf("latency_against_hour", { ...LINES, thresholds: worseFrom(2, 5), empty: "no changes" }),
    panelOf("event_rate_anomaly", {
      ...LINES,
      kind: "bars",
      min: -5,
      max: 5,
      thresholds: worseFrom(2, 3),
      empty: "as ever",
    }),
    {
      ...LINES,
      title: "Memory, and in a day",
      description:
        "Resident memory of the daemon, and what it will be in a day if it goes on as in the last six hours.",
      unit: "bytes",
      targets: [
        { expression: series(ON_DASHBOARD, "portsyncd_memory_bytes"), legend: "{{instance}}: now" },
        ask("memory_tomorrow", "{{instance}}: in a day"),
      ],
      thresholds: worseFrom(200 * MIB, 500 * MIB),
    },
  ],
};

const RELIABILITY: Section = {
  title: "Reliability",
  panels: [
    panelOf("memory_slope", { ...STAT, thresholds: worseFrom(MIB, 10 * MIB) }),
    panelOf("state_recovery_rate", { ...STAT, thresholds: betterFrom(75, 100), empty: "none damaged" }),
    panelOf("backup_success_rate", { ...STAT, thresholds: betterFrom(90, 99), max: 100 }),
    panelOf("since_warm_restart", { ...STAT, thresholds: NEUTRAL, empty: "never" }),
    panelOf("starts", {
      ...LINES,
      isSparse: true,
      empty: "none",
      kind: "stack",
      legend: "{{instance}}: {{kind}}",
      thresholds: worseFrom(4, 10),
    }),
    panelOf("backups", { ...LINES, thresholds: NEUTRAL }),
  ],
};

/** Where things are going. */
export const TREND_ANALYSIS: DashboardSpec = {
  id: "trend-analysis",
  title: "Trend Analysis",
  description: "Where things are going: what gets worse slowly, and which ports.",
  hasPorts: false,
  sections: [PORTS, GOING, RELIABILITY],
};

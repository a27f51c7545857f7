import { added, over, series } from "../promql.ts";
import {
  type DashboardSpec,
  type Names,
  NEUTRAL,
  ON_DASHBOARD,
  ON_PORTS,
  type Section,
  worseFrom,
} from "./panelspec.ts";

const STAT = { kind: "stat", width: 6, height: 4 } as const;
const UP_DOWN: Names = { 0: ["down", "bad"], 1: ["up", "good"] };
const LEGEND = "{{instance}} {{port}}";
const HOUR = over(ON_PORTS, "1h");

function countOf(ports: string): string {
  return `sum by (instance) (${ports})`;
}

const OPER = series(ON_PORTS, "portsyncd_port_oper_up");
const ADMIN = series(ON_PORTS, "portsyncd_port_admin_up");

const NOW: Section = {
  title: "Now",
  panels: [
    {
      ...STAT,
      title: "Ports",
      description: "Ports that are to be in STATE_DB, on each switch, whatever ports are chosen.",
      unit: "",
      targets: [{ expression: series(ON_DASHBOARD, "portsyncd_ports"), legend: "{{instance}}" }],
      thresholds: NEUTRAL,
    },
    {
      ...STAT,
      title: "Up",
      description: "Chosen ports that have carrier.",
      unit: "",
      targets: [{ expression: countOf(`${OPER} == bool 1`), legend: "{{instance}}" }],
      thresholds: NEUTRAL,
    },
    {
      ...STAT,
      title: "Down, though enabled",
      description: "Chosen ports that are enabled and have no carrier: nothing is plugged in, or something is broken.",
      unit: "",
      targets: [{ expression: countOf(`${ADMIN} > bool ${OPER}`), legend: "{{instance}}" }],
      thresholds: worseFrom(1),
    },
    {
      ...STAT,
      title: "Flaps, last hour",
      description: "Times in the last hour that a chosen port went down after it had been up, on each switch.",
      unit: "",
      targets: [
        {
          expression: `sum by (instance) (${added(HOUR, "portsyncd_port_flaps_total", {}, ["port"])})`,
          legend: "{{instance}}",
        },
      ],
      thresholds: worseFrom(1, 20),
    },
  ],
};

const STATES: Section = {
  title: "States",
  panels: [
    {
      kind: "states",
      title: "Carrier",
      description:
        "When each chosen port was up and down. What was shorter than the scrape interval is not seen here, but in the flaps.",
      unit: "",
      targets: [{ expression: OPER, legend: LEGEND }],
      thresholds: { below: "bad", from: [[1, "good"]] },
      names: UP_DOWN,
      width: 24,
      height: 10,
    },
    {
      kind: "bars",
      title: "Flaps, last hour",
      description:
        "Times in the last hour that the port went down after it had been up, the twenty most. The rule port_flapping fires above 5 in 5 minutes.",
      unit: "",
      targets: [
        {
          expression: `topk(20, ${added(HOUR, "portsyncd_port_flaps_total", {}, ["port"])} > 0)`,
          legend: LEGEND,
        },
      ],
      thresholds: {
        below: "good",
        from: [
          [5, "warning"],
          [20, "bad"],
        ],
      },
      min: 0,
      empty: "no port went down",
      width: 12,
      height: 9,
    },
    {
      kind: "lines",
      title: "Flaps since the beginning",
      description: "The total of each chosen port, over restarts of the daemon. A step is a flap.",
      unit: "",
      targets: [{ expression: series(ON_PORTS, "portsyncd_port_flaps_total"), legend: LEGEND }],
      thresholds: NEUTRAL,
      width: 12,
      height: 9,
    },
  ],
};

const DETAILS: Section = {
  title: "Every port",
  panels: [
    {
      kind: "table",
      title: "Every port",
      description:
        "Each chosen port: whether it is enabled and has carrier, its MTU in bytes, its flaps since the beginning, and for how long it has not changed, which is known from its first change on.",
      unit: "",
      targets: [
        { expression: ADMIN, legend: "Enabled", names: { 0: ["no", "none"], 1: ["yes", "none"] } },
        { expression: OPER, legend: "Carrier", names: UP_DOWN },
        { expression: series(ON_PORTS, "portsyncd_port_mtu_bytes"), legend: "MTU" },
        { expression: series(ON_PORTS, "portsyncd_port_flaps_total"), legend: "Flaps" },
        {
          expression: `time() - ${series(ON_PORTS, "portsyncd_port_last_change_timestamp_seconds")}`,
          legend: "Unchanged for",
          unit: "seconds",
        },
      ],
      thresholds: { below: "none", from: [] },
      columns: { instance: "Switch", port: "Port" },
      width: 24,
      height: 12,
    },
  ],
};

/** What each port does. */
export const PORTS: DashboardSpec = {
  id: "ports",
  title: "Ports",
  description: "What each port does, and which of them flap.",
  hasPorts: true,
  sections: [NOW, STATES, DETAILS],
};

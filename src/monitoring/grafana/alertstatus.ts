import type { Severity } from "../../alert/rule.ts";
import { added, over, perSecond, series } from "../promql.ts";
import {
  type Color,
  type DashboardSpec,
  NEUTRAL,
  ON_DASHBOARD,
  type PanelSpec,
  type Section,
  type Thresholds,
} from "./panelspec.ts";

const STAT = { kind: "stat", width: 4, height: 4 } as const;
const ALERTS = "portsyncd_alerts";
const FIRING = series(ON_DASHBOARD, ALERTS, { state: "firing" });
const DAY = over(ON_DASHBOARD, "1d");

function worst(color: Color): Thresholds {
  return { below: "good", from: [[1, color]] };
}

function firing(severity: Severity, color: Color): PanelSpec {
  const selector = series({ ...ON_DASHBOARD, matchers: [...ON_DASHBOARD.matchers, `severity="${severity}"`] }, ALERTS, {
    state: "firing",
  });
  return {
    ...STAT,
    title: `Firing: ${severity}`,
    description: `Alerts of severity ${severity} that fire now, on all chosen switches.`,
    unit: "",
    targets: [{ expression: `sum(${selector})`, legend: severity }],
    thresholds: worst(color),
  };
}

function inState(title: string, description: string, state: "pending" | "suppressed" | "resolved"): PanelSpec {
  return {
    ...STAT,
    title,
    description,
    unit: "",
    targets: [{ expression: `sum(${series(ON_DASHBOARD, ALERTS, { state })})`, legend: state }],
    thresholds: NEUTRAL,
  };
}

const NOW: Section = {
  title: "Now",
  panels: [
    firing("critical", "bad"),
    firing("warning", "warning"),
    firing("info", "neutral"),
    inState("Pending", "Alerts whose condition holds, but not for long enough to fire.", "pending"),
    inState("Suppressed", "Alerts that would fire but for a silence.", "suppressed"),
    inState("Resolved", "Alerts that ended within the last 15 minutes.", "resolved"),
    {
      kind: "table",
      title: "Alerts that fire or wait",
      description:
        "Every rule with alerts that fire, are pending or are suppressed, and how many: a rule about ports has one for each port.",
      unit: "",
      targets: [
        {
          expression: `${series(ON_DASHBOARD, ALERTS, { state: ["firing", "pending", "suppressed"] })} > 0`,
          legend: "Alerts",
        },
      ],
      thresholds: { below: "none", from: [] },
      columns: { instance: "Switch", rule: "Rule", severity: "Severity", state: "State" },
      empty: "no alerts",
      width: 24,
      height: 7,
    },
  ],
};

const PAST: Section = {
  title: "What happened",
  panels: [
    {
      kind: "states",
      title: "When rules fired",
      description:
        "The rules of which alerts fired, on all chosen switches, and when. Rules that never fired are left out.",
      unit: "",
      targets: [
        {
          expression:
            `max by (rule) (${FIRING} > bool 0) ` +
            `and on (rule) (max by (rule) (max_over_time(${FIRING}[$__range])) > 0)`,
          legend: "{{rule}}",
        },
      ],
      thresholds: worst("bad"),
      names: { 0: ["quiet", "good"], 1: ["firing", "bad"] },
      empty: "nothing fired",
      width: 24,
      height: 9,
    },
    {
      kind: "bars",
      title: "Alerts that began to fire, last day",
      description: "How often alerts of each rule began to fire in the last day, on all chosen switches.",
      unit: "",
      targets: [
        {
          expression: `sum by (rule) (${added(DAY, "portsyncd_alert_transitions_total", { state: "firing" }, ["rule"])}) > 0`,
          legend: "{{rule}}",
        },
      ],
      thresholds: { below: "warning", from: [[10, "bad"]] },
      min: 0,
      empty: "none",
      width: 12,
      height: 8,
    },
    {
      kind: "bars",
      title: "Time that alerts fired, last day",
      description: "For how long alerts of each rule fired in the last day, all together, on all chosen switches.",
      unit: "seconds",
      targets: [
        {
          expression: `sum by (rule) (${added(DAY, "portsyncd_alert_firing_seconds_total", {}, ["rule"])}) > 0`,
          legend: "{{rule}}",
        },
      ],
      thresholds: { below: "warning", from: [[3600, "bad"]] },
      min: 0,
      empty: "none",
      width: 12,
      height: 8,
    },
  ],
};

/** Whether those who are to be told of alerts can be. */
const TOLD: Section = {
  title: "Who is told",
  panels: [
    {
      kind: "lines",
      title: "Alerts that receivers were told of",
      description:
        "How often Alertmanager and webhooks were told of alerts, what is repeated included. Where nothing is sent by the switches all is 0.",
      unit: "per second",
      targets: [
        {
          expression: perSecond(ON_DASHBOARD, "portsyncd_notifications_total", { result: "delivered" }, ["receiver"]),
          legend: "{{instance}}: {{receiver}}",
        },
      ],
      thresholds: NEUTRAL,
      width: 12,
      height: 8,
    },
    {
      kind: "lines",
      title: "Alerts that receivers could not be told of",
      description:
        "Attempts that failed and are made again, alerts that a receiver refused, and those that were given up because too many waited.",
      unit: "",
      targets: [
        {
          expression: added(
            ON_DASHBOARD,
            "portsyncd_notifications_total",
            { result: ["failed", "refused", "dropped"] },
            ["receiver", "result"],
          ),
          legend: "{{instance}}: {{receiver}} {{result}}",
        },
      ],
      thresholds: { below: "good", from: [[1, "warning"]] },
      width: 12,
      height: 8,
    },
  ],
};

/** What the alert rules of the daemons say. */
export const ALERT_STATUS: DashboardSpec = {
  id: "alert-status",
  title: "Alert Status",
  description: "What the alert rules of portsyncd say now, and what they said.",
  hasPorts: false,
  sections: [NOW, PAST, TOLD],
};

import { added, perSecond, series } from "../promql.ts";
import { NEUTRAL, ON_DASHBOARD, type PanelSpec, type Section, worseFrom } from "./panelspec.ts";

const STAT = { kind: "stat", height: 4 } as const;
const LINES = { kind: "lines", width: 8, height: 8 } as const;

/** A gauge of the store that is 1 when something is wrong; without the store there is nothing to tell. */
function trouble(
  title: string,
  description: string,
  names: readonly [good: string, bad: string],
  gauge: string,
): PanelSpec {
  const isEnabled = `${series(ON_DASHBOARD, "portsyncd_store_enabled")} == 1`;
  return {
    ...STAT,
    width: 12,
    title,
    description,
    unit: "",
    targets: [{ expression: `${gauge} and ${isEnabled}`, legend: "{{instance}}" }],
    thresholds: { below: "good", from: [[1, "bad"]] },
    names: { 0: [names[0], "good"], 1: [names[1], "bad"] },
    empty: "not enabled",
  };
}

/** Who asks the daemon over HTTP and on its admin socket, and what goes wrong with it. */
export const SERVERS: Section = {
  title: "HTTP server and admin socket",
  panels: [
    {
      ...LINES,
      title: "Requests",
      description: "Requests that were answered, Prometheus' scrapes among them.",
      unit: "per second",
      targets: [
        {
          expression: perSecond(ON_DASHBOARD, "portsyncd_http_requests_total", {}, ["server"]),
          legend: "{{instance}}: {{server}}",
        },
      ],
      thresholds: NEUTRAL,
    },
    {
      ...LINES,
      title: "Requests and connections that went wrong",
      description:
        "Answers that say an error, requests that are no HTTP, connections that were refused for want of room, or closed because " +
        "the client was slow or room was needed.",
      unit: "per second",
      targets: [
        {
          expression: perSecond(ON_DASHBOARD, "portsyncd_http_requests_total", { code: ["4xx", "5xx"] }, [
            "server",
            "code",
          ]),
          legend: "{{instance}}: {{server}} {{code}}",
        },
        {
          expression: perSecond(ON_DASHBOARD, "portsyncd_http_malformed_requests_total", {}, ["server"]),
          legend: "{{instance}}: {{server}} malformed",
        },
        {
          expression: perSecond(ON_DASHBOARD, "portsyncd_http_connections_total", { result: "refused" }, ["server"]),
          legend: "{{instance}}: {{server}} refused",
        },
        {
          expression: perSecond(ON_DASHBOARD, "portsyncd_http_aborted_connections_total", {}, ["server", "reason"]),
          legend: "{{instance}}: {{server}} {{reason}}",
        },
      ],
      thresholds: worseFrom(0.1, 10),
    },
    {
      ...LINES,
      title: "Open connections",
      description: "Connections that are open; there is room for 128 over TCP, and for 16 on the admin socket.",
      unit: "",
      targets: [
        { expression: series(ON_DASHBOARD, "portsyncd_http_open_connections"), legend: "{{instance}}: {{server}}" },
      ],
      thresholds: worseFrom(100, 128),
    },
  ],
};

/** The history, the counters and what else is kept on disk. */
export const STORE: Section = {
  title: "History and counters on disk",
  panels: [
    trouble(
      "History",
      "Whether what happens is kept on disk. While not, it is lost when the daemon ends; no port is concerned.",
      ["kept", "degraded"],
      series(ON_DASHBOARD, "portsyncd_store_degraded"),
    ),
    trouble(
      "Backup",
      "Whether a backup of the database is due and was not made.",
      ["made", "overdue"],
      series(ON_DASHBOARD, "portsyncd_backup_due"),
    ),
    {
      ...LINES,
      title: "Size on disk",
      description: "The database of the history and its log, and how large it may become: the oldest goes before that.",
      unit: "bytes",
      targets: [
        { expression: series(ON_DASHBOARD, "portsyncd_store_size_bytes"), legend: "{{instance}}" },
        { expression: series(ON_DASHBOARD, "portsyncd_store_limit_bytes"), legend: "{{instance}}: limit" },
      ],
      thresholds: NEUTRAL,
    },
    {
      ...LINES,
      title: "Changes that are not on disk yet",
      description: "Changes of ports that wait to be saved; from 10000 on the next are given up.",
      unit: "",
      targets: [{ expression: series(ON_DASHBOARD, "portsyncd_store_queued_transitions"), legend: "{{instance}}" }],
      thresholds: worseFrom(1000, 10_000),
    },
    {
      ...LINES,
      title: "Faults and losses",
      description:
        "Times that the store became degraded or its file was found damaged, and changes of ports that were given up, or lost to damage.",
      unit: "",
      targets: [
        { expression: added(ON_DASHBOARD, "portsyncd_store_faults_total"), legend: "{{instance}}: degraded" },
        { expression: added(ON_DASHBOARD, "portsyncd_corruptions_detected_total"), legend: "{{instance}}: damaged" },
        {
          expression: added(ON_DASHBOARD, "portsyncd_store_dropped_transitions_total"),
          legend: "{{instance}}: changes given up",
        },
        {
          expression: added(ON_DASHBOARD, "portsyncd_store_lost_transitions_total"),
          legend: "{{instance}}: changes lost",
        },
      ],
      thresholds: worseFrom(1, 100),
    },
  ],
};

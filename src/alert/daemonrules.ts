import { increase } from "./expression.ts";
import { OF_DAEMON, type Rule } from "./rule.ts";

/** The metrics that the rules of this file read. */
export type DaemonMetric =
  | "portsyncd_redis_connected"
  | "portsyncd_netlink_connected"
  | "portsyncd_port_flaps_total"
  | "portsyncd_netlink_overruns_total"
  | "portsyncd_audit_repairs_total"
  | "portsyncd_event_latency_seconds"
  | "portsyncd_port_init_pending_ports";

const CONNECTION_RULES: readonly Rule<DaemonMetric>[] = [
  {
    ...OF_DAEMON,
    id: "redis_down",
    severity: "critical",
    expression: { kind: "gauge", metric: "portsyncd_redis_connected" },
    condition: { kind: "below", threshold: 1 },
    forSeconds: 15,
    unit: "",
    summary: "Redis is not connected",
    description:
      "portsyncd has not had Redis for {for} or longer. STATE_DB does not follow the kernel; nothing is lost, the latest state of " +
      "each port is written when Redis is back.",
    action:
      "Does Redis run and answer? docker ps, redis-cli ping, its log. Does its socket or address match " +
      "database_config.json? portsyncd connects again by itself.",
    details: { title: "Not connected", metric: "portsyncd_redis_connected" },
  },
  {
    ...OF_DAEMON,
    id: "netlink_down",
    severity: "critical",
    expression: { kind: "gauge", metric: "portsyncd_netlink_connected" },
    condition: { kind: "below", threshold: 1 },
    forSeconds: 10,
    unit: "",
    summary: "the kernel does not tell of links",
    description:
      "portsyncd has had no netlink socket, or no answer on it, for {for} or longer. Changes of ports do not reach STATE_DB until " +
      "it is there again; then all links are read anew.",
    action:
      "Does portsyncd wait for Redis? Then links are read once that is there. Else see the log for the errno, and dmesg; if it does " +
      "not come back within a minute, restart portsyncd.",
    details: { title: "Reason", metric: "portsyncd_netlink_connected" },
  },
];

const LINK_RULES: readonly Rule<DaemonMetric>[] = [
  {
    ...OF_DAEMON,
    id: "port_flapping",
    severity: "warning",
    scope: "port",
    expression: increase("portsyncd_port_flaps_total", 300),
    condition: { kind: "above", threshold: 5 },
    forSeconds: 0,
    unit: "",
    summary: "{port} went down {value} times in {window}",
    description:
      "The link of {port} went down {value} times in the last {window} (allowed: {threshold}). Routes and LAGs over it " +
      "go up and down with it.",
    action:
      "Check the transceiver and cable (show interfaces transceiver eeprom --dom {port}) and the other end. Until it is " +
      "repaired, shut it down: config interface shutdown {port}. `portsyncd history {port}` shows when it happened.",
  },
  {
    ...OF_DAEMON,
    id: "netlink_overrun",
    severity: "warning",
    expression: increase("portsyncd_netlink_overruns_total", 300),
    condition: { kind: "above", threshold: 0 },
    forSeconds: 0,
    unit: "",
    summary: "messages of the kernel were lost; overruns in {window}: {value}",
    description:
      "More links changed at once than the receive buffer holds (overruns in the last {window}: {value}; allowed: " +
      "{threshold}). All links were read again each time, so STATE_DB is right; it was late.",
    action:
      "Raise [netlink] receive_buffer_bytes, and see what changes so many links (ip monitor link) and what keeps the CPU.",
  },
  {
    ...OF_DAEMON,
    id: "state_drift",
    severity: "warning",
    expression: increase("portsyncd_audit_repairs_total", 600, { direction: "to_state_db" }),
    condition: { kind: "above", threshold: 0 },
    forSeconds: 0,
    unit: "",
    summary: "others changed STATE_DB; rows repaired in {window}: {value}",
    description:
      "The audit found rows of ports that were not as portsyncd had written them, and repaired them (in the last {window}: " +
      "{value}; allowed: {threshold}). Somebody else edits or deletes them; until the audit comes they are wrong.",
    action:
      "Find the other writer: redis-cli -n 6 monitor | grep PORT_TABLE. Scripts of swss.sh and fast-reboot delete rows on " +
      "purpose; then this is over by itself.",
  },
];

/** Of fewer observations there is no slowest hundredth: one slow event on a quiet switch would be it. */
export const LEAST_LATENCIES = 100;
/** Over which the latency is looked at, by the rule and by health. */
export const LATENCY_WINDOW_SECONDS = 300;

const LATENCIES = { metric: "portsyncd_event_latency_seconds", windowSeconds: LATENCY_WINDOW_SECONDS } as const;

function latencyRule(maxLatencyUs: number): Rule<DaemonMetric> {
  return {
    ...OF_DAEMON,
    id: "event_latency_high",
    severity: "warning",
    expression: {
      kind: "where",
      of: { kind: "quantile", q: 0.99, ...LATENCIES },
      test: { kind: "count", ...LATENCIES },
      is: { kind: "above", threshold: LEAST_LATENCIES - 1 },
    },
    condition: { kind: "above", threshold: maxLatencyUs / 1e6 },
    forSeconds: 60,
    unit: "seconds",
    summary: "one event in a hundred takes {value} or more",
    description:
      "Of the link events of the last {window}, the slowest hundredth took {value} or more from the kernel to STATE_DB " +
      "(performance.max_latency_us allows {threshold}).",
    action:
      "Redis is the usual cause: redis-cli --latency, slowlog get. Else the CPU: top, and how many links change at once.",
  };
}

const PORT_INIT_RULE: Rule<DaemonMetric> = {
  ...OF_DAEMON,
  id: "port_init_stalled",
  severity: "critical",
  expression: { kind: "gauge", metric: "portsyncd_port_init_pending_ports" },
  condition: { kind: "above", threshold: 0 },
  forSeconds: 120,
  unit: "",
  summary: "PortInitDone waits; ports that are missing: {value}",
  description:
    "Ports of CONFIG_DB have had no netdev, or no row in APPL_DB, for {for} or longer: {value} (allowed: {threshold}). " +
    "orchagent gets no PortInitDone before they are there, and does not program the switch until then.",
  action:
    "See why orchagent did not create them: its log, syncd, and their lanes and speed in CONFIG_DB. A port that does not " +
    "exist has to go from CONFIG_DB.",
  details: { title: "Ports", metric: "portsyncd_port_init_pending_ports" },
};

/** The rules about connections, links and ports; `maxLatencyUs` is performance.max_latency_us. */
export function daemonRules(maxLatencyUs: number): readonly Rule<DaemonMetric>[] {
  return [...CONNECTION_RULES, ...LINK_RULES, latencyRule(maxLatencyUs), PORT_INIT_RULE];
}

import { expect, test } from "bun:test";

import { annotate } from "../../src/alert/annotation.ts";
import { type BuiltinMetric, builtinRules } from "../../src/alert/builtin.ts";
import type { Notification } from "../../src/alert/notification.ts";
import { validateRule } from "../../src/alert/validate.ts";
import { CATALOGUE, type Metrics } from "./metrics.ts";
import { Rig } from "./rig.ts";

const EVERY_SECONDS = 5;
const LATENCY_BOUNDS = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 1];
const SYNC_BOUNDS = [0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600];
const FLAPS = "portsyncd_port_flaps_total";
const SYNC = "portsyncd_initial_sync_duration_seconds";
const LATENCY = "portsyncd_event_latency_seconds";
const REPAIRS = "portsyncd_audit_repairs_total";
const OURS = { direction: "to_state_db" };
const APPL_DB = { direction: "from_appl_db" };

const RULES = builtinRules({ maxLatencyUs: 10_000 });

/** A switch that has run for long and is well: counters have values and stay. */
function beWell(metrics: Metrics): void {
  const counters: Partial<Record<BuiltinMetric, number>> = {
    portsyncd_eoiu_detected_total: 10,
    portsyncd_eoiu_timeouts_total: 7,
    portsyncd_starts_total: 20,
    portsyncd_cold_starts_total: 9,
    portsyncd_warm_restarts_total: 8,
    portsyncd_corruptions_detected_total: 5,
    portsyncd_state_recoveries_total: 2,
    portsyncd_backups_created_total: 30,
    portsyncd_backup_due: 0,
    portsyncd_health_score: 100,
    portsyncd_redis_connected: 1,
    portsyncd_netlink_connected: 1,
    portsyncd_netlink_overruns_total: 4,
    portsyncd_port_init_pending_ports: 0,
  };
  for (const [metric, value] of Object.entries(counters)) metrics.set(metric, value);
  for (const labels of [OURS, APPL_DB]) metrics.set(REPAIRS, 3, labels);
  metrics.bucket(SYNC, SYNC_BOUNDS);
  metrics.observe(SYNC, 500, 3);
  metrics.bucket(LATENCY, LATENCY_BOUNDS);
  metrics.observe(LATENCY, 0.9, 1000);
  for (let i = 0; i < 8; i++) metrics.setPort(FLAPS, `Ethernet${i * 4}`, i * 100);
}

/** What happens, at which second; it is called right before each look. */
type Script = (seconds: number, metrics: Metrics) => void;

interface Played {
  /** `RULE [PORT] STATE` at each second at which an alert came into a state. */
  readonly states: string[];
  readonly notifications: Notification[];
}

function play(script: Script, untilSeconds: number, enabled: readonly string[] = []): Played {
  const rig = new Rig(RULES.map((rule) => ({ ...rule, enabled: rule.enabled || enabled.includes(rule.id) })));
  beWell(rig.metrics);
  const states: string[] = [];
  const notifications: Notification[] = [];
  for (let seconds = 0; seconds <= untilSeconds; seconds += EVERY_SECONDS) {
    script(seconds, rig.metrics);
    const outcome = rig.tick(seconds === 0 ? 0 : EVERY_SECONDS);
    for (const { rule, port, to } of outcome.changes)
      states.push(`${seconds} ${rule}${port === undefined ? "" : ` ${port}`} ${to}`);
    notifications.push(...outcome.notifications.filter(({ isRepeat }) => !isRepeat));
  }
  return { states, notifications };
}

/** Does something at one second. */
function at(when: number, act: (metrics: Metrics) => void): Script {
  return (seconds, metrics) => {
    if (seconds === when) act(metrics);
  };
}

/** Sets a gauge from one second on, and back before another. */
function during(from: number, to: number, metric: BuiltinMetric, value: number, otherwise: number): Script {
  return (seconds, metrics) => {
    if (seconds === from) metrics.set(metric, value);
    if (seconds === to) metrics.set(metric, otherwise);
  };
}

interface Story {
  readonly trouble: Script;
  /** When the alert fires and resolves, in seconds, pending before that when it waits. */
  readonly pendingAt?: number;
  readonly firesAt: number;
  readonly resolvesAt: number;
  readonly port?: string;
  /** Other rules that this is a trouble for, too. */
  readonly also?: readonly string[];
  /** What the description says when it fires. */
  readonly says: string;
  /** What is just within what is allowed. */
  readonly quiet: Script;
  readonly quietAlso?: readonly string[];
}

/** Windows of counters end when what was added is as old as the window: 100 s plus its length. */
const STORIES: Readonly<Record<string, Story>> = {
  eoiu_timeout_high: {
    trouble: at(100, (metrics) => metrics.add("portsyncd_eoiu_timeouts_total")),
    pendingAt: 100,
    firesAt: 160,
    resolvesAt: 400,
    says: "In the last 5 min the kernel did not list all its links in time in 100 % of the starts (allowed: 50 %)",
    quiet: at(100, (metrics) => {
      metrics.add("portsyncd_eoiu_timeouts_total");
      metrics.add("portsyncd_eoiu_detected_total");
    }),
  },
  cold_start_anomaly: {
    trouble: at(100, (metrics) => {
      metrics.add("portsyncd_cold_starts_total", 3);
      metrics.add("portsyncd_warm_restarts_total");
    }),
    pendingAt: 100,
    firesAt: 280,
    resolvesAt: 1000,
    says: "at least 4 times in the last 15 min, and 75 % of those starts were cold (allowed: 50 %)",
    quiet: (seconds, metrics) => {
      if (seconds === 100) metrics.add("portsyncd_cold_starts_total", 3); // three starts are too few to say
      if (seconds === 1100) {
        metrics.add("portsyncd_cold_starts_total", 2);
        metrics.add("portsyncd_warm_restarts_total", 2);
      }
    },
  },
  sync_duration_slow: {
    trouble: at(100, (metrics) => metrics.observe(SYNC, 31)),
    pendingAt: 100,
    firesAt: 400,
    resolvesAt: 700,
    says: "took 31 s on average (expected: at most 30 s)",
    quiet: at(100, (metrics) => {
      metrics.observe(SYNC, 29);
      metrics.observe(SYNC, 31);
    }),
  },
  sync_duration_critical: {
    trouble: at(100, (metrics) => metrics.observe(SYNC, 301)),
    pendingAt: 100,
    firesAt: 160,
    resolvesAt: 700,
    also: ["sync_duration_slow"],
    says: "took up to 10 min (allowed: 5 min)",
    quiet: at(100, (metrics) => metrics.observe(SYNC, 299)),
    quietAlso: ["sync_duration_slow"],
  },
  restart_rate_high: {
    // 0.6/s until 200 s; 120 starts are 0.5/s of the 240 s that are known then
    trouble: (seconds, metrics) => {
      if (seconds > 0 && seconds <= 200) metrics.add("portsyncd_starts_total", 3);
    },
    pendingAt: 5,
    firesAt: 65,
    resolvesAt: 240,
    says: "Over the last 5 min portsyncd started at a rate of 0.6/s (allowed: 0.5/s)",
    quiet: (_, metrics) => metrics.add("portsyncd_starts_total", 2),
  },
  corruption_unrecovered: {
    trouble: at(100, (metrics) => metrics.add("portsyncd_corruptions_detected_total")),
    pendingAt: 100,
    firesAt: 220,
    resolvesAt: 700,
    also: ["recovery_rate_low"],
    says: "In the last 10 min more files were found damaged than a backup could replace, by 1 (allowed: 0)",
    quiet: at(100, (metrics) => {
      metrics.add("portsyncd_corruptions_detected_total");
      metrics.add("portsyncd_state_recoveries_total");
    }),
  },
  recovery_rate_low: {
    trouble: at(100, (metrics) => {
      metrics.add("portsyncd_corruptions_detected_total", 2);
      metrics.add("portsyncd_state_recoveries_total");
    }),
    pendingAt: 100,
    firesAt: 220,
    resolvesAt: 700,
    also: ["corruption_unrecovered"],
    says: "Of the damaged state files of the last 10 min, 50 % could be replaced by a backup (expected: at least 75 %)",
    quiet: at(100, (metrics) => {
      metrics.add("portsyncd_corruptions_detected_total", 4);
      metrics.add("portsyncd_state_recoveries_total", 3);
    }),
    quietAlso: ["corruption_unrecovered"],
  },
  backup_creation_low: {
    trouble: (seconds, metrics) => {
      if (seconds === 100) metrics.set("portsyncd_backup_due", 1);
      if (seconds === 500) metrics.add("portsyncd_backups_created_total");
    },
    pendingAt: 100,
    firesAt: 400,
    resolvesAt: 500,
    says: "A backup of the state is due, but in the last 30 min 0 were made (expected: at least 1)",
    quiet: (seconds, metrics) => {
      if (seconds === 100) metrics.add("portsyncd_backups_created_total");
      if (seconds === 105) metrics.set("portsyncd_backup_due", 1); // the next one, made 29 minutes later
      if (seconds === 1860) metrics.add("portsyncd_backups_created_total");
    },
  },
  health_score_low: {
    trouble: (seconds, metrics) => {
      during(100, 200, "portsyncd_health_score", 49, 50)(seconds, metrics);
      metrics.setDetails("portsyncd_health_score", ["Redis has not been connected for 12 s"]);
    },
    pendingAt: 100,
    firesAt: 160,
    resolvesAt: 200,
    says: "is 49 points of 100. It has been below 50 points for 60 s or longer. Reasons: Redis has not been connected for 12 s.",
    quiet: during(100, 200, "portsyncd_health_score", 50, 100),
  },
  health_score_good: {
    trouble: during(0, 500, "portsyncd_health_score", 86, 85),
    pendingAt: 0,
    firesAt: 300,
    resolvesAt: 500,
    says: "points of 100. It has been above 85 points for 5 min or longer",
    quiet: during(0, 500, "portsyncd_health_score", 85, 84),
  },
  redis_down: {
    trouble: (seconds, metrics) => {
      during(100, 200, "portsyncd_redis_connected", 0, 1)(seconds, metrics);
      metrics.setDetails("portsyncd_redis_connected", ["STATE_DB"]);
    },
    pendingAt: 100,
    firesAt: 115,
    resolvesAt: 200,
    says: "portsyncd has not had Redis for 15 s or longer",
    quiet: during(100, 115, "portsyncd_redis_connected", 0, 1),
  },
  netlink_down: {
    trouble: during(100, 200, "portsyncd_netlink_connected", 0, 1),
    pendingAt: 100,
    firesAt: 110,
    resolvesAt: 200,
    says: "no netlink socket, or no answer on it, for 10 s or longer",
    quiet: during(100, 110, "portsyncd_netlink_connected", 0, 1),
  },
  port_flapping: {
    // once each 5 s, six times; the first is older than the window at 400 s
    trouble: (seconds, metrics) => {
      if (seconds >= 100 && seconds <= 125) metrics.addPort(FLAPS, "Ethernet4");
    },
    firesAt: 125,
    resolvesAt: 400,
    port: "Ethernet4",
    says: "The link of Ethernet4 went down 6 times in the last 5 min (allowed: 5)",
    quiet: (seconds, metrics) => {
      if (seconds >= 100 && seconds <= 120) metrics.addPort(FLAPS, "Ethernet4");
      if (seconds === 125) metrics.addPort(FLAPS, "Ethernet8");
    },
  },
  netlink_overrun: {
    trouble: at(100, (metrics) => metrics.add("portsyncd_netlink_overruns_total", 2)),
    firesAt: 100,
    resolvesAt: 400,
    says: "More links changed at once than the receive buffer holds (overruns in the last 5 min: 2; allowed: 0)",
    quiet: () => {},
  },
  state_drift: {
    trouble: at(100, (metrics) => metrics.add(REPAIRS, 3, OURS)),
    firesAt: 100,
    resolvesAt: 700,
    says: "repaired them (in the last 10 min: 3; allowed: 0)",
    quiet: at(100, (metrics) => metrics.add(REPAIRS, 3, APPL_DB)),
  },
  event_latency_high: {
    trouble: at(100, (metrics) => {
      metrics.observe(LATENCY, 0.001, 90);
      metrics.observe(LATENCY, 0.02, 10);
    }),
    pendingAt: 100,
    firesAt: 160,
    resolvesAt: 400,
    says: "took 23.5 ms or more from the kernel to STATE_DB (performance.max_latency_us allows 10 ms)",
    quiet: at(100, (metrics) => {
      metrics.observe(LATENCY, 0.009, 99);
      metrics.observe(LATENCY, 0.9, 1);
    }),
  },
  port_init_stalled: {
    trouble: (seconds, metrics) => {
      during(100, 300, "portsyncd_port_init_pending_ports", 2, 0)(seconds, metrics);
      metrics.setDetails("portsyncd_port_init_pending_ports", ["Ethernet0", "Ethernet4"]);
    },
    pendingAt: 100,
    firesAt: 220,
    resolvesAt: 300,
    says: "Ports of CONFIG_DB have had no netdev, or no row in APPL_DB, for 2 min or longer: 2 (allowed: 0).",
    quiet: during(100, 220, "portsyncd_port_init_pending_ports", 512, 0),
  },
};

const UNTIL_SECONDS = 2100;

/** What of the states belongs to none of these rules. */
function others(states: readonly string[], ids: readonly string[]): string[] {
  return states.filter((state) => !ids.includes(state.split(" ")[1]!));
}

test("builtinRules are the ten that were promised and seven of the daemon, and a story is told of each", () => {
  const promised =
    "eoiu_timeout_high corruption_unrecovered cold_start_anomaly sync_duration_slow health_score_low recovery_rate_low " +
    "backup_creation_low sync_duration_critical restart_rate_high health_score_good";
  const own = "redis_down netlink_down port_flapping netlink_overrun state_drift event_latency_high port_init_stalled";
  expect(RULES.map(({ id }) => id).sort()).toEqual(`${promised} ${own}`.split(" ").sort());
  expect(Object.keys(STORIES).sort()).toEqual(RULES.map(({ id }) => id).sort());
});

test("builtinRules have the severities and delays that were promised, and only health_score_good is off", () => {
  const said = Object.fromEntries(RULES.map(({ id, severity, forSeconds }) => [id, `${severity} ${forSeconds}`]));
  expect(said).toMatchObject({
    eoiu_timeout_high: "warning 60",
    corruption_unrecovered: "critical 120",
    cold_start_anomaly: "warning 180",
    sync_duration_slow: "info 300",
    health_score_low: "warning 60",
    recovery_rate_low: "warning 120",
    backup_creation_low: "info 300",
    sync_duration_critical: "critical 60",
    restart_rate_high: "critical 60",
    health_score_good: "info 300",
  });
  expect(RULES.filter(({ enabled }) => !enabled).map(({ id }) => id)).toEqual(["health_score_good"]);
});

/** What each rule says of 3.21, and of its limit. */
const SAID: Readonly<Record<string, readonly [value: string, limit: string]>> = {
  eoiu_timeout_high: ["3.21 %", "allowed: 50 %"],
  cold_start_anomaly: ["3.21 %", "allowed: 50 %"],
  sync_duration_slow: ["3.21 s", "at most 30 s"],
  sync_duration_critical: ["3.21 s", "allowed: 5 min"],
  restart_rate_high: ["3.21/s", "allowed: 0.5/s"],
  corruption_unrecovered: ["by 3.21", "allowed: 0"],
  recovery_rate_low: ["3.21 %", "at least 75 %"],
  backup_creation_low: ["3.21 were made", "at least 1"],
  health_score_low: ["3.21 points of 100", "below 50 points for 60 s"],
  health_score_good: ["3.21 points of 100", "above 85 points for 5 min"],
  // There or not: the time says more than the value.
  redis_down: ["has not had Redis", "for 15 s"],
  netlink_down: ["no netlink socket", "for 10 s"],
  port_flapping: ["3.21 times", "allowed: 5"],
  netlink_overrun: [": 3.21", "allowed: 0"],
  state_drift: [": 3.21", "allowed: 0"],
  event_latency_high: ["3.21 s", "allows 10 ms"],
  port_init_stalled: [": 3.21", "allowed: 0"],
};

test("builtinRules say in sentences what was seen, what is allowed, and what to do, and in no words of the program", () => {
  const seen = { value: 3.21, port: "Ethernet0", details: ["one", "two"] };
  for (const rule of RULES) {
    const { summary, description, action } = annotate(rule, seen);
    expect([rule.id, summary]).toEqual([rule.id, expect.stringMatching(/^[^{}]{10,100}[^.{}]$/)]);
    expect([rule.id, description]).toEqual([rule.id, expect.stringMatching(/^[A-Zp][^{}]+\.$/)]);
    expect([rule.id, action]).toEqual([rule.id, expect.stringMatching(/^[A-Z`][^{}]+[.]$/)]);
    expect(`${summary} ${description} ${action}`).not.toMatch(/(?<![A-Za-z])[a-z]+[A-Z]\w*|undefined|no data/);
    const [value, limit] = SAID[rule.id]!;
    expect([rule.id, description]).toEqual([rule.id, expect.stringContaining(value)]);
    expect([rule.id, description]).toEqual([rule.id, expect.stringContaining(limit)]);
  }
});

test("builtinRules are valid", () => {
  expect(RULES.flatMap((rule) => validateRule(rule, CATALOGUE))).toEqual([]);
});

test("builtinRules take the allowed latency from the configuration", () => {
  const rule = builtinRules({ maxLatencyUs: 250 }).find(({ id }) => id === "event_latency_high")!;
  expect(rule.condition).toEqual({ kind: "above", threshold: 0.00025 });
});

test("builtinRules say nothing of slow events that are too few for a hundredth, and of a hundred of them they do", () => {
  const slow = (events: number) =>
    play(
      at(100, (metrics) => metrics.observe(LATENCY, 0.9, events)),
      300,
    ).states;
  expect(slow(99)).toEqual([]);
  expect(slow(100)).toEqual(["100 event_latency_high pending", "160 event_latency_high firing"]);
});

test("builtinRules say nothing of a switch that is well, however long nothing happens on it", () => {
  expect(play(() => {}, 4 * 3600).states).toEqual([]);
});

for (const [id, story] of Object.entries(STORIES)) {
  const { trouble, pendingAt, firesAt, resolvesAt, port, also = [], says, quiet, quietAlso = [] } = story;

  test(`${id} fires and resolves when it is time to, and says what is wrong`, () => {
    const { states, notifications } = play(trouble, UNTIL_SECONDS, [id]);
    const name = port === undefined ? id : `${id} ${port}`;
    const wanted = [`${firesAt} ${name} firing`, `${resolvesAt} ${name} resolved`];
    if (pendingAt !== undefined) wanted.unshift(`${pendingAt} ${name} pending`);
    const own = states.filter((state) => state.split(" ")[1] === id && !state.endsWith(" inactive"));
    expect(own).toEqual(wanted);
    expect(others(states, [id, ...also])).toEqual([]);
    const told = notifications.filter(({ labels }) => labels["alertname"] === id);
    expect(told.map(({ status }) => status)).toEqual(["firing", "resolved"]);
    expect(told[0]!.annotations.description).toContain(says);
    expect(told[0]!.labels["port"]).toBe(port!);
  });

  test(`${id} is quiet at what is just allowed`, () => {
    const { states } = play(quiet, UNTIL_SECONDS, [id]);
    const raised = states.filter((state) => !state.endsWith(" pending") && !state.endsWith(" inactive"));
    expect(others(raised, quietAlso)).toEqual([]);
  });
}

test("recovery_rate_low is 100 % when nothing was damaged; a share of no starts or syncs is no value", () => {
  const rig = new Rig(RULES);
  beWell(rig.metrics);
  for (const seconds of [0, 5]) rig.tick(seconds);
  const values = new Map(rig.engine.statistics.map(({ rule, value }) => [rule, value]));
  expect(values.get("recovery_rate_low")).toBe(100);
  for (const id of ["eoiu_timeout_high", "cold_start_anomaly", "sync_duration_slow", "backup_creation_low"])
    expect([id, values.get(id)]).toEqual([id, undefined]);
});

test("port_init_stalled and redis_down name what they are about", () => {
  const { notifications } = play((seconds, metrics) => {
    STORIES["port_init_stalled"]!.trouble(seconds, metrics);
    STORIES["redis_down"]!.trouble(seconds, metrics);
  }, 300);
  const descriptions = notifications.map(({ annotations }) => annotations.description);
  expect(descriptions.some((text) => text.endsWith(" Ports: Ethernet0, Ethernet4."))).toBe(true);
  expect(descriptions.some((text) => text.endsWith(" Not connected: STATE_DB."))).toBe(true);
});

test("builtinRules fill in every placeholder, and always say what to do", () => {
  for (const [id, { trouble }] of Object.entries(STORIES)) {
    for (const { annotations } of play(trouble, UNTIL_SECONDS, [id]).notifications) {
      const { summary, description, action } = annotations;
      expect(`${summary} ${description} ${action}`).not.toMatch(/[{}]|undefined|NaN|no data/);
      expect(action.length).toBeGreaterThan(10);
    }
  }
});

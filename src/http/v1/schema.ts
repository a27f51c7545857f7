import * as v from "valibot";

import { SEVERITIES } from "../../alert/rule.ts";
import { ALERT_STATES } from "../../alert/step.ts";
import { MODES } from "../../config/schema.ts";
import { REASON_NAMES } from "../../health/weights.ts";
import { CAUSES } from "../../store/transition.ts";
import { FLAP_VERDICTS } from "../../trend/flaptrend.ts";
import { SUBJECTS } from "../../trend/subject.ts";
import { PORT_PROBLEMS } from "./portproblem.ts";

/** Something with a meaning, for the described schema. */
function told<T extends v.GenericSchema>(schema: T, meaning: string) {
  return v.pipe(schema, v.description(meaning));
}

const text = (meaning: string) => told(v.string(), meaning);
const flag = (meaning: string) => told(v.boolean(), meaning);
const number = (meaning: string) => told(v.number(), meaning);
const count = (meaning: string) => told(v.pipe(v.number(), v.integer(), v.minValue(0)), meaning);
const share = (meaning: string) => told(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), meaning);
const time = (meaning: string) => told(v.pipe(v.string(), v.isoTimestamp()), meaning);
const maybeNumber = (meaning: string) => told(v.nullable(v.number()), meaning);
const maybeTime = (meaning: string) => told(v.nullable(v.pipe(v.string(), v.isoTimestamp())), meaning);
const word = <const C extends readonly string[]>(words: C, meaning: string) => told(v.picklist(words), meaning);

const failure = text('why not; "" when all is well');
const portName = text("its name; where its bytes are no UTF-8, each beyond ASCII is shown as /xNN");

const server = v.strictObject({
  listening: told(v.array(v.string()), "where it listens"),
  failure,
  certificate_expires: maybeTime("when its certificate expires; null without one"),
});

const reason = v.strictObject({
  name: word(REASON_NAMES, "what is wrong"),
  points: count("what it costs, of 100"),
  text: text("what is wrong, with numbers"),
});

const HealthSchema = v.strictObject({
  status: word(["healthy", "degraded", "unhealthy"], "unhealthy below 50 points, healthy when nothing is wrong"),
  score: told(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100)), "100 when nothing is wrong"),
  reasons: told(v.array(reason), "the worst first"),
});

const store = v.strictObject({
  state: word(["ok", "degraded", "disabled"], "whether what is recorded reaches the disk"),
  reason: failure,
  bytes: count("the size of the database"),
  queued: count("transitions that are not known to be saved"),
  dropped: count("transitions that were given up"),
  corruptions_total: count("how often the database was damaged, over all starts"),
  recoveries_total: count("how often a backup took its place"),
  backups_created_total: count("backups that were made"),
  backups_cleaned_total: count("backups that were removed"),
  last_corruption: maybeTime("null for never"),
  last_recovery: maybeTime("null for never"),
});

const StatusSchema = v.strictObject({
  time: time("when this was so"),
  version: text("of the program"),
  mode: word(MODES, "as configured"),
  namespace: text('the ASIC\'s network namespace; "" for none'),
  started: time("when the process started"),
  uptime_seconds: number("for how long it has run"),
  start_kind: told(
    v.nullable(v.picklist(["cold", "warm", "adopt", "standalone", "once"])),
    "how it started; null until that is decided",
  ),
  restore_count: count("of the warm restart table"),
  ready: flag("what the kernel had at the start is published"),
  health: HealthSchema,
  databases: v.array(v.strictObject({ name: text("in SONiC's words"), usable: flag("connected"), failure })),
  netlink: v.strictObject({ connected: flag("the kernel tells of links"), links: count("links of all kinds") }),
  ports: v.strictObject({
    total: count("ports"),
    in_sync: count("those whose row is what the kernel says"),
    with_problems: count("those that are not in order"),
  }),
  port_init: v.strictObject({
    done: flag("PortInitDone was sent"),
    pending: told(v.array(portName), "the ports that it waits for"),
  }),
  store,
  http: server,
  admin: server,
});

const updown = (meaning: string) => told(v.nullable(v.picklist(["up", "down"])), meaning);

const PortSchema = v.strictObject({
  name: portName,
  admin: updown("IFF_UP; null without a netdev"),
  oper: updown("IFF_RUNNING; null without a netdev"),
  mtu: told(v.nullable(v.number()), "in bytes; null without a netdev"),
  published: told(
    v.nullable(v.strictObject({ admin: updown("in STATE_DB"), oper: updown("in STATE_DB"), mtu: number("in bytes") })),
    "what STATE_DB holds; null for no row, or when that is not certain",
  ),
  in_sync: flag("STATE_DB holds what the kernel says"),
  awaited: flag("PortInitDone waits for it"),
  flaps_total: count("how often it went down after having been up"),
  last_change: maybeTime("when its row changed last; null when that is not known"),
  problems: told(
    v.array(v.picklist(PORT_PROBLEMS)),
    "what is not in order; an interface that was shut down is in order",
  ),
});

const PortsSchema = v.strictObject({
  time: time("when this was so"),
  total: count("how many ports there are"),
  ports: told(v.array(PortSchema), "by their names, numbers in them by value"),
  next: told(v.nullable(v.string()), "what to give as `after` for the rest; null when there is none"),
});

const SilenceSchema = v.strictObject({
  id: text("for its end"),
  rule: told(v.nullable(v.string()), "the rules that it is for, * for any characters; null for all"),
  severity: told(v.nullable(v.picklist(SEVERITIES)), "null for all"),
  port: told(v.nullable(v.string()), "the ports that it is for, * for any characters; null for all alerts"),
  reason: text("why"),
  created: time("when it was made"),
  expires: time("when it ends by itself"),
});

const alert = v.strictObject({
  rule: text("the id of its rule"),
  severity: word(SEVERITIES, "how bad it is"),
  state: word(ALERT_STATES, "how it is"),
  port: told(v.nullable(v.string()), "null when its rule is not per port"),
  since: time("when it came into this state"),
  active_since: time("since when the condition holds, or held"),
  started: maybeTime("when it began to fire; null while it is pending"),
  value: maybeNumber("when the condition held last, in the unit of the rule"),
  summary: text("what is wrong"),
  description: text("what that means"),
  action: text("what to do about it"),
  labels: told(v.record(v.string(), v.string()), "as Alertmanager gets them"),
  silence: told(v.nullable(SilenceSchema), "what keeps it from being told; null for nothing"),
});

const perState = v.strictObject({
  inactive: count("not there"),
  pending: count("not for long enough yet"),
  firing: count("told to receivers"),
  suppressed: count("silenced"),
  resolved: count("over"),
});

const rule = v.strictObject({
  rule: text("its id"),
  severity: word(SEVERITIES, "of its alerts"),
  enabled: flag("whether it is looked at"),
  value: maybeNumber("of a rule that is not per port"),
  alerts: told(perState, "how many alerts are in each state"),
  transitions_total: told(perState, "how often an alert came into each state"),
  firing_seconds_total: number("how long its alerts fired, all together"),
});

const AlertsSchema = v.strictObject({
  time: time("when this was so"),
  alerts: told(v.array(alert), "those that are not inactive; firing ones first, then by severity"),
  rules: told(v.array(rule), "all rules"),
  silences: told(v.array(SilenceSchema), "those that have not expired"),
});

const crossing = v.strictObject({
  in_seconds: number("after the newest point"),
  earliest_seconds: number("the lower limit of 95 %"),
  latest_seconds: maybeNumber("the upper limit of 95 %; null for never"),
});

const trend = v.strictObject({
  points: count("how many there were"),
  first: time("of the points"),
  last: time("of the points"),
  direction: word(["rising", "falling", "steady"], "steady unless the trend is significant"),
  confidence: share("1 - p of the Mann-Kendall test"),
  per_second: number("Theil-Sen slope, in units per second"),
  low_per_second: maybeNumber("the lower limit of 95 %; null for none"),
  high_per_second: maybeNumber("the upper limit of 95 %; null for none"),
  level: number("at the newest point"),
  is_beyond: flag("the level is on the bad side of its threshold"),
  crossing: told(v.nullable(crossing), "when the threshold will be crossed; null when nothing says that it will"),
  season: told(
    v.nullable(
      v.strictObject({
        period_seconds: number("how often it repeats"),
        amplitude: number("in units"),
        strength: share("the share of the variance that repeats"),
      }),
    ),
    "what repeats; null for nothing",
  ),
  anomalies: v.array(
    v.strictObject({
      time: time("of the point"),
      value: number("in units"),
      z: number("robust z-score"),
      severity: word(["minor", "moderate", "severe"], "beyond 1.5, 2 and 3"),
    }),
  ),
});

const series = v.strictObject({
  series: word(Object.keys(SUBJECTS) as (keyof typeof SUBJECTS)[], "what is followed"),
  tier: word(["hour", "day", "month"], "over how long"),
  unit: text("of its values"),
  words: text("the same for people"),
  trend: told(v.nullable(trend), "null for too few points"),
});

const portTrend = v.strictObject({
  port: portName,
  verdict: word(FLAP_VERDICTS, "dying: more often than other ports, and ever more often"),
  episodes_last_day: count("episodes of flaps of the last 24 hours that were its own"),
  episodes_per_day_before: number("in the days before"),
  flaps: count("of the last 14 days"),
  episodes: count("of the last 14 days"),
  shared_episodes: count("those that many ports had at the same time"),
  rising_confidence: share("that they come ever more often"),
  worse_confidence: share("that they come more often than at other ports"),
  words: text("the same for people"),
});

const TrendsSchema = v.strictObject({
  time: time("when this was so"),
  series: v.array(series),
  ports: told(v.array(portTrend), "those that flapped, the worst first, at most 1024"),
});

const snapshot = (meaning: string) =>
  told(
    v.nullable(v.strictObject({ admin: updown("IFF_UP"), oper: updown("IFF_RUNNING"), mtu: number("in bytes") })),
    meaning,
  );

const HistorySchema = v.strictObject({
  transitions: told(
    v.array(
      v.strictObject({
        id: count("grows with each"),
        time: maybeTime("when it was published; null for a time that no calendar has"),
        port: portName,
        cause: word(CAUSES, "what told of it"),
        old: snapshot("null when it was not there"),
        new: snapshot("null when it is gone"),
      }),
    ),
    "the newest first",
  ),
  next: told(
    v.nullable(v.pipe(v.number(), v.integer())),
    "what to give as `before` for the rest; null when there is none",
  ),
});

const MadeSilenceSchema = v.strictObject({
  ...SilenceSchema.entries,
  not_kept: told(v.nullable(v.string()), "why it is not there any more after a restart; null when it is"),
});

const SilencesSchema = v.strictObject({ silences: v.array(SilenceSchema) });

const ProblemSchema = v.strictObject({
  title: text("what the status means"),
  status: told(v.pipe(v.number(), v.integer()), "the status code of HTTP"),
  detail: text("what is wrong"),
  issues: told(
    v.optional(v.array(v.strictObject({ key: text("of the request"), message: text("what is allowed") }))),
    "what is wrong with which part of the request",
  ),
});

/** What is answered, by the names that the routes give it. */
export const SCHEMAS = {
  Status: StatusSchema,
  Ports: PortsSchema,
  Port: PortSchema,
  Alerts: AlertsSchema,
  Trends: TrendsSchema,
  History: HistorySchema,
  Silences: SilencesSchema,
  Silence: SilenceSchema,
  MadeSilence: MadeSilenceSchema,
  Problem: ProblemSchema,
} as const;

/** The name of a schema. */
export type SchemaName = keyof typeof SCHEMAS;

/** What is answered under a name. */
export type Response<N extends SchemaName> = v.InferOutput<(typeof SCHEMAS)[N]>;

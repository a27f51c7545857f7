import * as v from "valibot";

import { SEVERITIES } from "../alert/rule.ts";
import { type SavedAlert, type SavedAlerts } from "../alert/savedalerts.ts";
import type { Silence } from "../alert/silence.ts";
import type { SavedSample } from "../alert/snapshot.ts";
import { ALERT_STATES } from "../alert/step.ts";

const Finite = v.pipe(v.number(), v.finite());
const Text = v.string();
/** The longest that a Date holds, in milliseconds before and after 1970: receivers are told of times as dates. */
const LONGEST_DATE_MS = 8.64e15;
const WallMs = v.pipe(v.number(), v.minValue(-LONGEST_DATE_MS), v.maxValue(LONGEST_DATE_MS));
const MomentSchema = v.object({ wallMs: WallMs, monotonicMs: Finite });

const AlertSchema = v.object({
  rule: Text,
  severity: v.picklist(SEVERITIES),
  port: v.optional(Text),
  alert: v.object({
    state: v.picklist(ALERT_STATES),
    since: MomentSchema,
    activeSince: MomentSchema,
    startedAt: v.optional(MomentSchema),
    lapsedSince: v.optional(MomentSchema),
    value: v.optional(Finite),
    details: v.array(Text),
  }),
  delivery: v.object({ told: v.picklist(["nothing", "firing", "resolved"]), at: MomentSchema }),
  labels: v.optional(v.record(Text, Text)),
  heldUntilMs: v.optional(v.pipe(v.number(), v.finite())),
  annotations: v.object({ summary: Text, description: Text, action: Text }),
});

const SilenceSchema = v.object({
  id: Text,
  matcher: v.object({
    rule: v.exactOptional(Text),
    severity: v.exactOptional(v.picklist(SEVERITIES)),
    port: v.exactOptional(Text),
  }),
  reason: Text,
  createdWallMs: WallMs,
  expiresWallMs: WallMs,
});

const SampleSchema = v.object({ wallMs: WallMs, values: v.record(Text, Finite) });

/** Reads what the store kept; undefined for what no version wrote, as in a file that somebody has edited. */
function parse<T>(schema: v.GenericSchema<unknown, T>, json: string | undefined): T | undefined {
  if (json === undefined) return undefined;
  try {
    const result = v.safeParse(schema, JSON.parse(json));
    return result.success ? result.output : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The time for which alerts were kept. */
export function parseMoment(json: string | undefined): SavedAlerts["at"] | undefined {
  return parse(MomentSchema, json);
}

/** An alert that was kept. */
export function parseAlert(json: string): SavedAlert | undefined {
  const saved = parse(AlertSchema, json);
  if (!saved) return undefined;
  const { startedAt, lapsedSince, value } = saved.alert;
  return { ...saved, alert: { ...saved.alert, startedAt, lapsedSince, value } };
}

/** A silence that was kept. */
export function parseSilence(json: string): Silence | undefined {
  return parse(SilenceSchema, json);
}

/** A sample that was kept. */
export function parseSample(json: string): SavedSample | undefined {
  return parse(SampleSchema, json);
}

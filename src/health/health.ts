import { escapeControls, quoteWord } from "../log/escape.ts";
import { decodeName } from "../util/ifname.ts";
import { type ReasonName, UNHEALTHY_BELOW, WEIGHTS } from "./weights.ts";

/** How the daemon can be. */
export type HealthStatus = "healthy" | "degraded" | "unhealthy";

/** Whether something is connected, and for how many seconds it has been so. */
export interface Connection {
  readonly isConnected: boolean;
  readonly seconds: number;
}

/** What became of things within the last minutes. */
export interface Outcomes {
  readonly succeeded: number;
  readonly failed: number;
}

/** What health follows from. Nothing here is the age of an event: a quiet switch is healthy. */
export interface HealthInput {
  readonly netlink: Connection;
  readonly redis: Connection;
  /** How long the event loop stood still, or a probe of the kernel has waited, in seconds. */
  readonly stallSeconds: number;
  /** Ports whose row is what the kernel says, and all ports. */
  readonly ports: { readonly inSync: number; readonly total: number };
  /** Writes to STATE_DB. */
  readonly publishes: Outcomes;
  /** Link events, from the kernel to STATE_DB. */
  readonly events: Outcomes;
  /** From the kernel to STATE_DB, in microseconds; undefined when there were too few events to say. */
  readonly latencyP99Us: number | undefined;
  /** The ports that block PortInitDone, and for how long it has been waited for; none when it is done. */
  readonly portInit: { readonly pending: readonly string[]; readonly seconds: number };
  /** Why the store keeps nothing; "" when it does, or is not meant to. */
  readonly storeFailure: string;
  /** Why the HTTP server or the admin socket is not as configured; "" when both are. */
  readonly httpFailure: string;
}

/** What is allowed; the names are those of the configuration. */
export interface HealthLimits {
  readonly maxStallSeconds: number;
  readonly maxFailureRatePercent: number;
  readonly minPortSyncRatePercent: number;
  readonly minSuccessRatePercent: number;
  readonly maxLatencyUs: number;
  /** The same as `forSeconds` of the rule port_init_stalled. */
  readonly maxPortInitSeconds: number;
}

/** The limits of an empty configuration. */
export const DEFAULT_HEALTH_LIMITS: HealthLimits = {
  maxStallSeconds: 10,
  maxFailureRatePercent: 5,
  minPortSyncRatePercent: 90,
  minSuccessRatePercent: 99,
  maxLatencyUs: 10_000,
  maxPortInitSeconds: 120,
};

/** Something that is wrong, and what it costs. */
export interface Reason {
  readonly name: ReasonName;
  /** Of 100. */
  readonly points: number;
  /** What is wrong, with numbers. */
  readonly text: string;
}

/** How the daemon is: one definition for all who ask. */
export interface Health {
  readonly status: HealthStatus;
  /** From 0 to 100, whole. */
  readonly score: number;
  /** What is wrong, the worst first. */
  readonly reasons: readonly Reason[];
}

/** The values of the gauge portsyncd_health_status. */
export const HEALTH_GAUGE: Readonly<Record<HealthStatus, number>> = { healthy: 1, degraded: 0.5, unhealthy: 0 };

/** Fewer failures than this are no rate: one bad message on a quiet switch would be all of them. */
const LEAST_FAILURES = 3;
/** The latency, in multiples of the limit, that costs the most. */
const WORST_LATENCY = 10;
/** Names in one text; the rest is counted. */
const MOST_NAMES = 5;

function round(value: number): string {
  return String(Number(value.toFixed(3)));
}

/** What a reason costs when it is the part `worse` (0 to 1) of the way from the limit to the worst. */
function reason(name: ReasonName, worse: number, text: string): Reason {
  const { atLimit, atWorst } = WEIGHTS[name];
  const points = atLimit + (atWorst - atLimit) * Math.min(1, Math.max(0, worse));
  return { name, points: Math.round(points), text };
}

function judgeConnections({ netlink, redis }: HealthInput): Reason[] {
  const reasons: Reason[] = [];
  if (!netlink.isConnected)
    reasons.push(reason("netlink_down", 0, `the kernel has not told of links for ${round(netlink.seconds)} s`));
  if (!redis.isConnected)
    reasons.push(reason("redis_down", 0, `Redis has not been connected for ${round(redis.seconds)} s`));
  return reasons;
}

function judgeStall({ stallSeconds }: HealthInput, { maxStallSeconds }: HealthLimits): Reason[] {
  if (stallSeconds <= maxStallSeconds) return [];
  const text = `the daemon stood still for ${round(stallSeconds)} s (allowed: ${maxStallSeconds} s)`;
  return [reason("event_loop_stalled", 0, text)];
}

function judgePorts({ ports }: HealthInput, { minPortSyncRatePercent: least }: HealthLimits): Reason[] {
  const { inSync, total } = ports;
  const percent = total === 0 ? 100 : (100 * inSync) / total;
  if (percent >= least) return [];
  const text = `${inSync} of ${total} ports are in sync, ${round(percent)} % (allowed: ${least} % or more)`;
  return [reason("ports_out_of_sync", (least - percent) / least, text)];
}

/** The failures in percent; undefined when there are too few to say. */
function failureRate({ succeeded, failed }: Outcomes): number | undefined {
  return failed < LEAST_FAILURES ? undefined : (100 * failed) / (succeeded + failed);
}

function judgeFailures({ publishes, events }: HealthInput, limits: HealthLimits): Reason[] {
  const reasons: Reason[] = [];
  const most = limits.maxFailureRatePercent;
  const least = limits.minSuccessRatePercent;
  const writes = failureRate(publishes) ?? 0;
  if (writes > most) {
    const text = `${publishes.failed} writes to STATE_DB failed, ${round(writes)} % (allowed: ${most} %)`;
    reasons.push(reason("publish_failures", (writes - most) / (100 - most), text));
  }
  const success = 100 - (failureRate(events) ?? 0);
  if (success < least) {
    const text = `${events.failed} events failed; ${round(success)} % did not (allowed: ${least} % or more)`;
    reasons.push(reason("event_failures", (least - success) / least, text));
  }
  return reasons;
}

function judgeLatency({ latencyP99Us }: HealthInput, { maxLatencyUs }: HealthLimits): Reason[] {
  if (latencyP99Us === undefined || latencyP99Us <= maxLatencyUs) return [];
  const text = `one event in a hundred takes ${round(latencyP99Us)} us or more (allowed: ${maxLatencyUs} us)`;
  return [reason("event_latency_high", (latencyP99Us / maxLatencyUs - 1) / (WORST_LATENCY - 1), text)];
}

function judgePortInit({ portInit }: HealthInput, { maxPortInitSeconds }: HealthLimits): Reason[] {
  const { pending, seconds } = portInit;
  if (pending.length === 0 || seconds < maxPortInitSeconds) return [];
  const more = pending.length > MOST_NAMES ? ` and ${pending.length - MOST_NAMES} more` : "";
  const names = pending
    .slice(0, MOST_NAMES)
    .map((name) => quoteWord(decodeName(name)))
    .join(" ");
  return [reason("port_init_stalled", 0, `PortInitDone has waited for ${round(seconds)} s for ${names}${more}`)];
}

function judgeServices({ storeFailure, httpFailure }: HealthInput): Reason[] {
  const reasons: Reason[] = [];
  if (storeFailure) reasons.push(reason("store_degraded", 0, `the history is not kept: ${storeFailure}`));
  if (httpFailure) reasons.push(reason("http_failed", 0, `the HTTP server is not as configured: ${httpFailure}`));
  return reasons;
}

/** How the daemon is. */
export function assessHealth(input: HealthInput, limits: HealthLimits): Health {
  const reasons = [
    ...judgeConnections(input),
    ...judgeStall(input, limits),
    ...judgePorts(input, limits),
    ...judgeFailures(input, limits),
    ...judgeLatency(input, limits),
    ...judgePortInit(input, limits),
    ...judgeServices(input),
  ].sort((a, b) => b.points - a.points);
  const lost = reasons.reduce((sum, { points }) => sum + points, 0);
  const score = Math.max(0, 100 - lost);
  if (reasons.length === 0) return { status: "healthy", score, reasons };
  return { status: score < UNHEALTHY_BELOW ? "unhealthy" : "degraded", score, reasons };
}

/** One line: `degraded, 90 of 100: the history is not kept: disk full (-10)`. */
export function formatHealth({ status, score, reasons }: Health): string {
  const texts = reasons.map(({ text, points }) => escapeControls(`${text} (-${points})`));
  return `${status}, ${score} of 100${texts.length > 0 ? `: ${texts.join("; ")}` : ""}`;
}

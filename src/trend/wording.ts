import type { Anomaly } from "./anomaly.ts";
import type { Crossing, Threshold } from "./degradation.ts";
import type { PortFlaps } from "./flaptrend.ts";
import { formatConfidence, formatNumber, formatQuantity, formatSeconds, paceOf } from "./quantity.ts";
import type { Subject } from "./subject.ts";
import type { Trend } from "./trend.ts";

const HOUR_SECONDS = 3600;

/** Chance makes one point in 400 a severe anomaly: what is told of those that are past is an incident. */
const LEAST_SEVERE = 3;
const SEVERE_SHARE = 0.02;

/**
 * Says what a series does, as in `rising by 3.2 us per hour to 1.2 ms, 97 % sure; crosses 10 ms in 5 h (3 h to 9 h)`.
 */
export function describeTrend(trend: Trend, subject: Subject, threshold?: Threshold): string {
  const say = (value: number, digits?: number): string => formatValue(value, subject, digits);
  const parts = [describeDirection(trend, subject, say)];
  if (threshold && trend.isBeyond) parts.push(`is ${threshold.worse} ${say(threshold.value)} already`);
  if (threshold && trend.crossing) parts.push(`crosses ${say(threshold.value)} ${describeCrossing(trend.crossing)}`);
  if (trend.season) {
    const { periodSeconds, amplitude } = trend.season;
    parts.push(`repeats every ${formatSeconds(periodSeconds, 2)} (+-${say(amplitude, 2)})`);
  }
  const severe = trend.anomalies.filter(({ severity }) => severity === "severe");
  if (severe.length >= Math.max(LEAST_SEVERE, trend.points * SEVERE_SHARE))
    parts.push(describeSevere(severe, trend.lastMs, say));
  const newest = trend.anomalies.at(-1);
  if (newest?.ms === trend.lastMs && newest.severity !== "minor")
    parts.push(`the newest value, ${say(newest.value)}, is a ${newest.severity} anomaly`);
  return parts.join("; ");
}

/** Says how a port flaps. */
export function describePort(flaps: PortFlaps): string {
  const { lastDay, perDayBefore, verdict, risingConfidence, worseConfidence, shared } = flaps;
  const parts = [
    `${formatCount(flaps.flaps, "flap")} in ${formatCount(flaps.episodes, "episode")}`,
    `${formatCount(lastDay, "episode")} in the last day, ${formatNumber(perDayBefore, 2)} a day before`,
  ];
  if (shared > 0) parts.push(`${shared} together with many ports`);
  if (verdict === "dying" || verdict === "rising")
    parts.push(`ever more often (${formatConfidence(risingConfidence)})`);
  if (verdict === "dying" || verdict === "flapping")
    parts.push(`more than other ports (${formatConfidence(worseConfidence)})`);
  return parts.join(", ");
}

function describeDirection(trend: Trend, subject: Subject, say: (value: number, digits?: number) => string): string {
  if (trend.direction === "steady") return `steady at ${say(trend.level)}`;
  const pace = paceOf((trend.lastMs - trend.firstMs) / 1000);
  const change = say(Math.abs(trend.perSecond) * pace.seconds, 2);
  // A counter's level has a time of its own: so many an hour, more each hour.
  const per = subject.kind === "counter" ? "each" : "per";
  const sure = formatConfidence(trend.confidence);
  return `${trend.direction} by ${change} ${per} ${pace.name} to ${say(trend.level)}, ${sure}`;
}

function describeCrossing({ inSeconds, earliestSeconds, latestSeconds }: Crossing): string {
  const latest = latestSeconds === Infinity ? "open" : formatSeconds(latestSeconds, 2);
  return `in ${formatSeconds(inSeconds, 2)} (${formatSeconds(earliestSeconds, 2)} to ${latest})`;
}

function describeSevere(severe: readonly Anomaly[], lastMs: number, say: (value: number) => string): string {
  const furthest = severe.reduce((a, b) => (Math.abs(b.z) >= Math.abs(a.z) ? b : a));
  const before = formatSeconds((lastMs - furthest.ms) / 1000, 2);
  return `${severe.length} severe anomalies, the furthest ${say(furthest.value)}, ${before} before the newest value`;
}

/** Of a counter, whose values are rates, how much that is in an hour. */
function formatValue(value: number, { kind, unit }: Subject, digits?: number): string {
  return kind === "counter"
    ? `${formatNumber(value * HOUR_SECONDS, digits)} ${unit} per hour`
    : formatQuantity(value, unit, digits);
}

function formatCount(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

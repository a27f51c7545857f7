import type { PortFlaps } from "../../trend/flaptrend.ts";
import type { TrendReport } from "../../trend/report.ts";
import { SUBJECTS } from "../../trend/subject.ts";
import type { Trend } from "../../trend/trend.ts";
import { describePort } from "../../trend/wording.ts";
import { decodeName } from "../../util/ifname.ts";
import type { TrendFacts } from "../sources.ts";
import type { Response } from "./schema.ts";
import { toTime } from "./time.ts";

/** Ports of one answer, the worst: as many as a large switch has. Names that come and go could be many more. */
const MOST_PORTS_TOLD = 1024;

type Series = Response<"Trends">["series"][number];

/** The answer to GET /api/v1/trends. */
export function toTrends({ reports, ports }: TrendFacts, nowWallMs: number): Response<"Trends"> {
  const told = ports.slice(0, MOST_PORTS_TOLD);
  return { time: toTime(nowWallMs), series: reports.map(toSeries), ports: told.map(toPortTrend) };
}

function toSeries({ series, tier, words, trend }: TrendReport): Series {
  const { unit, kind } = SUBJECTS[series];
  return {
    series,
    tier,
    words,
    unit: kind === "counter" ? `${unit} per second` : unit,
    trend: trend ? toTrend(trend) : null,
  };
}

/** What is infinite in it is null as JSON. */
function toTrend(trend: Trend): NonNullable<Series["trend"]> {
  const { crossing, season } = trend;
  return {
    points: trend.points,
    first: toTime(trend.firstMs),
    last: toTime(trend.lastMs),
    direction: trend.direction,
    confidence: trend.confidence,
    per_second: trend.perSecond,
    low_per_second: trend.lowPerSecond,
    high_per_second: trend.highPerSecond,
    level: trend.level,
    is_beyond: trend.isBeyond,
    crossing: crossing
      ? {
          in_seconds: crossing.inSeconds,
          earliest_seconds: crossing.earliestSeconds,
          latest_seconds: crossing.latestSeconds,
        }
      : null,
    season: season
      ? { period_seconds: season.periodSeconds, amplitude: season.amplitude, strength: season.strength }
      : null,
    anomalies: trend.anomalies.map(({ ms, value, z, severity }) => ({ time: toTime(ms), value, z, severity })),
  };
}

function toPortTrend(flaps: PortFlaps): Response<"Trends">["ports"][number] {
  return {
    port: decodeName(flaps.port),
    verdict: flaps.verdict,
    episodes_last_day: flaps.lastDay,
    episodes_per_day_before: flaps.perDayBefore,
    flaps: flaps.flaps,
    episodes: flaps.episodes,
    shared_episodes: flaps.shared,
    rising_confidence: flaps.risingConfidence,
    worse_confidence: flaps.worseConfidence,
    words: describePort(flaps),
  };
}

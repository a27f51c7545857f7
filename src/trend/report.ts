import type { Threshold } from "./degradation.ts";
import type { TierName } from "./downsample.ts";
import type { Point } from "./series.ts";
import { type SubjectName, SUBJECTS } from "./subject.ts";
import { analyse, LEAST_POINTS, type Trend } from "./trend.ts";
import { describeTrend } from "./wording.ts";

/** What is told of a series over one of its tiers. As JSON, what is infinite in it is null. */
export interface TrendReport {
  readonly series: SubjectName;
  readonly tier: TierName;
  /** Undefined when there are too few points. */
  readonly trend: Trend | undefined;
  /** The same for people. */
  readonly words: string;
}

/** Analyses a tier of a series. */
export function reportTrend(
  series: SubjectName,
  tier: TierName,
  points: readonly Point[],
  threshold?: Threshold,
): TrendReport {
  const subject = SUBJECTS[series];
  const trend = analyse(points, { threshold, resolution: subject.resolution });
  const words = trend
    ? describeTrend(trend, subject, threshold)
    : `too few points to tell: ${points.length} of ${LEAST_POINTS}`;
  return { series, tier, trend, words };
}

/** A value at a time. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A slope and the bounds between which it lies with the confidence that was asked for. */
export interface Slope {
  readonly slope: number;
  readonly low: number;
  readonly high: number;
}

/** The quantile of the standard normal distribution for a confidence of 95 %. */
const Z_95 = 1.959964;

/**
 * The slope of Theil and Sen: the median of the slopes between all pairs of points, which up to 29 % of outliers do not move;
 * with Sen's interval, from the variance of Kendall's S, corrected for ties (P. K. Sen, Estimates of the regression
 * coefficient based on Kendall's tau, 1968). It takes the points to be independent of each other: where they are not, the
 * interval is too narrow. Throws RangeError for fewer than two different x.
 */
export function theilSen(points: readonly Point[], z = Z_95): Slope {
  const slopes: number[] = [];
  for (const [i, a] of points.entries()) {
    for (const b of points.slice(i + 1)) if (a.x !== b.x) slopes.push((b.y - a.y) / (b.x - a.x));
  }
  if (slopes.length === 0) throw new RangeError("a slope needs two points at different times");
  slopes.sort((a, b) => a - b);
  const reach = z * Math.sqrt(varianceOfS(points));
  const last = slopes.length - 1;
  const low = Math.max(0, Math.round((slopes.length - reach) / 2) - 1);
  const high = Math.min(last, Math.round((slopes.length + reach) / 2));
  const middle = (slopes[Math.floor(last / 2)]! + slopes[Math.ceil(last / 2)]!) / 2;
  return { slope: middle, low: slopes[low]!, high: slopes[high]! };
}

/** Kendall's variance of S under no trend, with equal x and equal y counted as ties. */
function varianceOfS(points: readonly Point[]): number {
  const term = (n: number) => n * (n - 1) * (2 * n + 5);
  const tied = (values: readonly number[]) => {
    const counts = new Map<number, number>();
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    return [...counts.values()].reduce((sum, count) => sum + term(count), 0);
  };
  const ties = tied(points.map(({ x }) => x)) + tied(points.map(({ y }) => y));
  return Math.max(0, term(points.length) - ties) / 18;
}

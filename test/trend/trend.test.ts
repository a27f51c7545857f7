import { afterAll, expect, test } from "bun:test";

import { analyse, LEAST_POINTS, MOST_POINTS, thin } from "../../src/trend/trend.ts";
import { every, Noise } from "./noise.ts";
import { NILE, NOTTEM } from "./published.ts";
import { MANY_TRIES_MS, Rates } from "./rates.ts";

const rates = new Rates("Trends told of whole series");
afterAll(() => rates.print());

test("analyse tells a line with its slope per second, its level at the end, and when it crosses a threshold", () => {
  const points = every(
    10_000,
    Array.from({ length: 100 }, (_, i) => 5 + i / 10),
  );
  const trend = analyse(points, { threshold: { value: 20, worse: "above" } })!;
  expect(trend).toMatchObject({ points: 100, firstMs: 0, lastMs: 990_000, direction: "rising", isBeyond: false });
  expect(trend.confidence).toBeGreaterThan(0.999);
  expect([trend.lowPerSecond, trend.perSecond, trend.highPerSecond].map((slope) => Math.round(slope * 1e9))).toEqual([
    1e7, 1e7, 1e7,
  ]);
  expect(trend.level).toBeCloseTo(14.9, 9);
  expect(trend.crossing!.inSeconds).toBeCloseTo(510, 6);
  expect(trend.season).toBeUndefined();
  expect(trend.anomalies).toEqual([]);
});

test("analyse tells a fall, and that the level is beyond the threshold already", () => {
  const points = every(
    1000,
    Array.from({ length: 50 }, (_, i) => 100 - i),
  );
  const trend = analyse(points, { threshold: { value: 60, worse: "below" } })!;
  expect(trend.direction).toBe("falling");
  expect(trend.isBeyond).toBe(true);
  expect(trend.crossing).toBeUndefined();
  expect(analyse(points, { threshold: { value: 60, worse: "above" } })).toMatchObject({ isBeyond: false });
});

test("analyse tells no crossing of what is steady, and its median as its level", () => {
  const values = new Noise(24).white(100).map((value) => 9 + value);
  const trend = analyse(every(1000, values), { threshold: { value: 10, worse: "above" } })!;
  expect(trend).toMatchObject({ direction: "steady", crossing: undefined, isBeyond: false });
  const sorted = values.toSorted((a, b) => a - b);
  expect(trend.level).toBeCloseTo((sorted[49]! + sorted[50]!) / 2, 12);
  expect(analyse(every(1000, values), { threshold: { value: 8, worse: "above" } })!.isBeyond).toBe(true);
});

test("analyse finds what is known of the Nile: it falls, by 2.6 a year, whatever years have in common", () => {
  const trend = analyse(every(1000, NILE))!;
  expect(trend.direction).toBe("falling");
  expect(trend.perSecond).toBeCloseTo(-2.6, 12);
  // 0.99996 without the correction for serial correlation.
  expect(trend.confidence).toSatisfy((confidence) => confidence > 0.95 && confidence < 0.9995);
  expect(trend.season).toBeUndefined();
});

test("analyse takes a season off before it looks for a trend and for anomalies", () => {
  const warmer = NOTTEM.map(({ ms, value }, i) => ({ ms, value: value + i * 0.02 + (i === 100 ? 15 : 0) }));
  const trend = analyse(warmer)!;
  expect(trend.season!.periodSeconds).toSatisfy((months) => Math.abs(months - 12) < 0.05);
  expect(trend.direction).toBe("rising");
  expect(trend.perSecond).toSatisfy((slope) => Math.abs(slope - 0.02) < 0.006);
  const worst = trend.anomalies.toSorted((a, b) => Math.abs(b.z) - Math.abs(a.z));
  expect(worst[0]).toMatchObject({ ms: 100_000, value: NOTTEM[100]!.value + 2 + 15, severity: "severe" });
  expect(worst.filter(({ severity }) => severity === "severe").length).toBeLessThan(6);
});

test("analyse finds a season on a slope that is much steeper than the season", () => {
  const values = new Noise(25).white(360).map((value, i) => value + i + 3 * Math.sin((2 * Math.PI * i) / 30));
  expect(analyse(every(1000, values))!.season!.periodSeconds).toSatisfy((seconds) => Math.abs(seconds - 30) < 0.5);
});

test("analyse measures anomalies from the line of a trend: the newest points are none for being the highest", () => {
  const values = new Noise(18).white(120).map((value, i) => value + i + (i === 60 ? 12 : 0));
  const far = analyse(every(1000, values))!.anomalies.filter(({ z }) => Math.abs(z) > 5);
  expect(far.map(({ ms, value }) => ({ ms, value }))).toEqual([{ ms: 60_000, value: values[60]! }]);
});

test("analyse takes what only grows for a trend, however it bends and however few points there are", () => {
  const shapes = [
    (x: number) => x * x,
    (x: number) => Math.exp(5 * x),
    Math.sqrt,
    (x: number) => x + (x < 0.5 ? 0 : 50),
  ];
  for (const shape of shapes)
    for (const n of [LEAST_POINTS, 10, 11, 12, 20, 60, 360]) {
      const points = every(
        1000,
        Array.from({ length: n }, (_, i) => shape(i / n)),
      );
      expect(analyse(points)).toMatchObject({ direction: "rising", season: undefined });
    }
});

test("analyse makes nothing of what rounding leaves of a line", () => {
  for (const [first, step] of [
    [0.001, 1e-5],
    [99, 0.001],
    [1e9, 1 / 3],
  ] as const) {
    const points = every(
      10_000,
      Array.from({ length: 360 }, (_, i) => first + i * step),
      1_767_225_600_000,
    );
    expect(analyse(points)).toMatchObject({ direction: "rising", season: undefined, anomalies: [] });
  }
});

test("analyse calls steady what adds up to less than the resolution", () => {
  const points = every(
    1000,
    Array.from({ length: 101 }, (_, i) => i / 100),
  );
  expect(analyse(points, { resolution: 0.99 })!.direction).toBe("rising");
  const trend = analyse(points, { resolution: 1.01, threshold: { value: 2, worse: "above" } })!;
  expect(trend).toMatchObject({ direction: "steady", crossing: undefined });
  expect(trend.confidence).toBeGreaterThan(0.99);
});

test("analyse says nothing of too few points or of one time, and nothing special of a constant", () => {
  const line = Array.from({ length: LEAST_POINTS }, (_, i) => i);
  expect(analyse(every(1000, line.slice(1)))).toBeUndefined();
  expect(analyse(every(1000, line))).toMatchObject({ direction: "rising" });
  expect(analyse([])).toBeUndefined();
  expect(analyse(line.map((value) => ({ ms: 5, value })))).toBeUndefined();
  const constant = analyse(
    every(
      1000,
      Array.from({ length: 300 }, () => 100),
    ),
  )!;
  expect(constant).toMatchObject({ direction: "steady", confidence: 0, perSecond: 0, level: 100, anomalies: [] });
});

test("analyse has only numbers that JSON has, but for what is open", () => {
  const text = JSON.stringify(analyse(every(1000, [1, 2, 3, 4, 6]), { threshold: { value: 20, worse: "above" } }));
  expect(JSON.parse(text)).toMatchObject({
    lowPerSecond: null,
    highPerSecond: null,
    crossing: { latestSeconds: null },
  });
});

test("thin averages neighbours, of their times too, until there are no more points than are analysed", () => {
  const points = every(
    1000,
    Array.from({ length: 2 * MOST_POINTS + 1 }, (_, i) => i),
  );
  const thinned = thin(points);
  expect(thinned.length).toBe(267);
  expect(thinned[0]).toEqual({ ms: 1000, value: 1 });
  expect(thinned.at(-1)).toEqual({ ms: 799_000, value: 799 });
  expect(thin(points.slice(0, MOST_POINTS))).toEqual(points.slice(0, MOST_POINTS));
  expect(analyse(points)!.points).toBe(points.length);
});

const noise = new Noise(19);
const isTrend = (make: () => number[]) => (): boolean => analyse(every(10_000, make()))!.direction !== "steady";
const wave = (period: number) => (i: number) => 2 * Math.sin((2 * Math.PI * i) / period);
const shaped = (n: number, shape: (i: number) => number) => (): number[] =>
  noise.white(n).map((value, i) => value + shape(i));

test(
  "analyse calls noise a trend in about 5 % of series",
  () => {
    rates.expect("white noise, 30 points", 400, isTrend(shaped(30, () => 0)), 0.01, 0.08);
    rates.expect("white noise, 360 points", 200, isTrend(shaped(360, () => 0)), 0.01, 0.1);
    const red = isTrend(() => noise.red(360, 0.5));
    rates.expect("noise of phi 0.5, 360 points", 200, red, 0.01, 0.1);
  },
  MANY_TRIES_MS,
);

test(
  "analyse calls a season a trend in less than 15 % of series, however few periods were seen",
  () => {
    rates.expect("a wave seen 10 times", 150, isTrend(shaped(360, wave(36))), 0, 0.1);
    rates.expect("a wave seen 2.5 times", 250, isTrend(shaped(360, (i) => wave(144)(i + 23))), 0, 0.14);
  },
  MANY_TRIES_MS,
);

test(
  "analyse finds the trend that is there, beside a season too",
  () => {
    const risingWave = shaped(360, (i) => wave(36)(i) + i / 360);
    rates.expect("a wave that rises by half of its amplitude", 100, isTrend(risingWave), 0.97, 1);
    rates.expect("1 standard deviation over 360 points", 100, isTrend(shaped(360, (i) => i / 360)), 0.97, 1);
  },
  MANY_TRIES_MS,
);

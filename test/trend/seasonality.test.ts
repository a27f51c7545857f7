import { afterAll, expect, test } from "bun:test";

import { findSeason, type Seasonality } from "../../src/trend/seasonality.ts";
import type { Point } from "../../src/trend/series.ts";
import { residuals, theilSen } from "../../src/trend/theilsen.ts";
import { every, Noise } from "./noise.ts";
import { LYNX, NILE, NOTTEM } from "./published.ts";
import { MANY_TRIES_MS, Rates } from "./rates.ts";

const rates = new Rates("Seasonality: series in which one is found");
afterAll(() => rates.print());

/** The season of points, whose trend is taken off first. */
function seasonOf(points: readonly Point[]): Seasonality | undefined {
  const rests = residuals(points, theilSen(points)!);
  return findSeason(points.map(({ ms }, i) => ({ ms, value: rests[i]! })))?.seasonality;
}

function wave(length: number, period: number, amplitude = 1): number[] {
  return Array.from({ length }, (_, i) => amplitude * Math.sin((2 * Math.PI * i) / period));
}

function sum(...series: readonly number[][]): number[] {
  return series[0]!.map((_, i) => series.reduce((total, values) => total + values[i]!, 0));
}

test("findSeason finds that the temperature at Nottingham (R's nottem) repeats every 12 months", () => {
  const { periodSeconds, amplitude, strength, p } = seasonOf(NOTTEM)!;
  expect(periodSeconds).toSatisfy((months) => Math.abs(months - 12) < 0.05);
  // July is 61.9 on average, January and February 39.5.
  expect(amplitude).toSatisfy((degrees) => Math.abs(degrees - (61.9 - 39.5) / 2) < 0.6);
  expect(strength).toBeGreaterThan(0.85);
  expect(p).toBeLessThan(1e-6);
});

test("findSeason finds the ten-year cycle of the lynx, 9.63 years in Elton & Nicholson (1942)", () => {
  expect(seasonOf(LYNX)!.periodSeconds).toSatisfy((years) => Math.abs(years - 9.63) < 0.2);
});

test("findSeason finds none in the flow of the Nile", () => {
  expect(seasonOf(every(1000, NILE))).toBeUndefined();
});

test("findSeason tells the period, the amplitude and the strength of a wave in noise", () => {
  const noise = new Noise(13);
  const { periodSeconds, amplitude, strength } = seasonOf(every(10_000, sum(wave(360, 24, 2), noise.white(360))))!;
  expect(periodSeconds).toSatisfy((seconds) => Math.abs(seconds - 240) < 4);
  expect(amplitude).toSatisfy((value) => Math.abs(value - 2) < 0.25);
  // The wave has a variance of 2, the noise of 1.
  expect(strength).toSatisfy((value) => Math.abs(value - 2 / 3) < 0.08);
});

test("findSeason tells all of a wave without noise, seen little more than twice", () => {
  const { periodSeconds, amplitude, strength } = seasonOf(every(1000, wave(130, 60, 3)))!;
  expect(periodSeconds).toSatisfy((seconds) => Math.abs(seconds - 60) < 3);
  expect(amplitude).toSatisfy((value) => Math.abs(value - 3) < 0.5);
  expect(strength).toBeGreaterThan(0.85);
});

test("findSeason finds no period that was not seen twice", () => {
  expect(seasonOf(every(1000, wave(110, 60)))).toBeUndefined();
});

test("findSeason finds a wave through gaps and times that are not exact", () => {
  const noise = new Noise(14);
  const points = every(10_000, wave(240, 20)).map(({ ms, value }) => ({ ms: ms + 1000 * noise.normal(), value }));
  const seen = points.filter((_, i) => i % 7 !== 3 && (i < 100 || i > 130)).sort((a, b) => a.ms - b.ms);
  expect(seasonOf(seen)!.periodSeconds).toSatisfy((seconds) => Math.abs(seconds - 200) < 3);
});

test("findSeason says what the season adds to each point, so that little is left", () => {
  const noise = new Noise(15);
  const [season, rest] = [wave(360, 30, 3), noise.white(360)];
  const { parts } = findSeason(every(1000, sum(season, rest)))!;
  const error = parts.reduce((total, part, i) => total + (part - season[i]!) ** 2, 0) / 360;
  expect(error).toBeLessThan(0.25);
});

test("findSeason finds none that is too small to matter", () => {
  expect(findSeason(every(1000, wave(120, 12, 0.9)), 0.85)).toBeDefined();
  expect(findSeason(every(1000, wave(120, 12, 0.9)), 0.95)).toBeUndefined();
});

test("findSeason finds none in a constant, a straight line, and too few points", () => {
  for (const values of [wave(100, 10, 0), Array.from({ length: 100 }, (_, i) => i * 3), [1, 2, 1], [1, 2, 1, 2]])
    expect(seasonOf(every(1000, values))).toBeUndefined();
  expect(findSeason([])).toBeUndefined();
});

const noise = new Noise(16);
const found = (make: () => number[]) => (): boolean => seasonOf(every(10_000, make())) !== undefined;

test(
  "findSeason finds none in noise, white or red, but in 5 % at most",
  () => {
    for (const n of [60, 360])
      for (const phi of [0, 0.5, 0.9])
        rates.expect(
          `noise, phi ${phi}, ${n} points`,
          100,
          found(() => noise.red(n, phi)),
          0,
          0.05,
        );
  },
  MANY_TRIES_MS,
);

test(
  "findSeason takes no two spikes for a season, however high they are",
  () => {
    const rare = (share: number) => (): number[] =>
      Array.from({ length: 360 }, () => (noise.uniform() < share ? 1 : 0));
    const high = (): number[] => noise.white(360).map((value) => (noise.uniform() < 0.02 ? 20 : value));
    rates.expect(
      "noise without a variance, 360 points",
      150,
      found(() => noise.wild(360)),
      0,
      0.05,
    );
    rates.expect("zeros with 2 ones, 360 points", 100, found(rare(2 / 360)), 0, 0.05);
    rates.expect("zeros with 36 ones, 360 points", 100, found(rare(0.1)), 0, 0.05);
    rates.expect("white noise with 7 spikes of 20, 360 points", 100, found(high), 0, 0.05);
  },
  MANY_TRIES_MS,
);

test(
  "findSeason takes no bend, step or drift for a season",
  () => {
    const shaped = (shape: (at: number) => number) => (): number[] =>
      noise.white(180).map((value, i) => value + shape(i / 180));
    const drift = (): number[] => {
      let level = 0;
      return noise.white(180).map((value) => (level += value));
    };
    rates.expect("a step of 3", 100, found(shaped((at) => (at < 0.4 ? 0 : 3))), 0, 0.05);
    rates.expect("a step of 10 in the middle", 100, found(shaped((at) => (at < 0.5 ? 0 : 10))), 0, 0.05);
    rates.expect("a parabola", 100, found(shaped((at) => 20 * at * at)), 0, 0.05);
    rates.expect("a hump", 100, found(shaped((at) => 6 * Math.exp(-(((at - 0.4) * 8) ** 2)))), 0, 0.05);
    rates.expect("a random walk", 100, found(drift), 0, 0.05);
  },
  MANY_TRIES_MS,
);

test(
  "findSeason finds waves, squares and regular spikes, with the right period",
  () => {
    const hit = (what: string, period: number, make: () => number[], least: number): void => {
      const isRight = (): boolean => {
        const seconds = seasonOf(every(1000, make()))?.periodSeconds ?? 0;
        return Math.abs(seconds - period) < 0.05 * period;
      };
      rates.expect(`${what}, right within 5 %`, 60, isRight, least, 1);
    };
    hit("a wave of 2 deviations, 12 points in 120", 12, () => sum(wave(120, 12, 2), noise.white(120)), 0.95);
    hit("a wave of 1 deviation, 24 points in 360", 24, () => sum(wave(360, 24, 1), noise.white(360)), 0.9);
    hit("a wave of 2 deviations, 144 points in 360", 144, () => sum(wave(360, 144, 2), noise.white(360)), 0.9);
    hit("a wave of 3 deviations in noise of phi 0.8", 24, () => sum(wave(360, 24, 3), noise.red(360, 0.8)), 0.9);
    const bumps = (period: number, width: number, height: number) => (): number[] =>
      noise.white(360).map((value, i) => value + (i % period < width ? height : 0));
    hit("a square of 2 deviations, 8 of 24 points", 24, bumps(24, 8, 2), 0.9);
    hit("a spike of 5 deviations every 12 points", 12, bumps(12, 1, 5), 0.9);
  },
  MANY_TRIES_MS,
);

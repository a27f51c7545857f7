import { afterAll, expect, test } from "bun:test";

import { mannKendall } from "../../src/trend/mannkendall.ts";
import { persistence, serialInflation } from "../../src/trend/serialcorrelation.ts";
import { residuals, theilSen } from "../../src/trend/theilsen.ts";
import { every, Noise } from "./noise.ts";
import { MANY_TRIES_MS, Rates } from "./rates.ts";

const rates = new Rates("Mann-Kendall with the correction for serial correlation: series with a trend at 5 %");
afterAll(() => rates.print());

test("serialInflation is about (1 + phi) / (1 - phi), what a first-order process does to every average", () => {
  const noise = new Noise(4);
  for (const [phi, least, most] of [
    [0, 1, 1.15],
    [0.5, 2.6, 3.5],
    [0.8, 7.2, 11],
  ] as const)
    expect(serialInflation(noise.red(4000, phi))).toSatisfy((value) => value >= least && value <= most);
});

test("serialInflation never makes a trend surer: values that alternate have none", () => {
  const alternating = Array.from({ length: 40 }, (_, i) => (i % 2) + i / 1000);
  expect(serialInflation(alternating)).toBe(1);
  expect(persistence(alternating)).toBe(0);
});

test("serialInflation says nothing of ten values, for which chances are counted out", () => {
  expect(serialInflation([1, 2, 3, 4, 5, 5, 4, 3, 2, 1])).toBe(1);
  expect(serialInflation([1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1])).toBeGreaterThan(2);
});

test("serialInflation of values that are all equal is a small number", () => {
  expect(serialInflation(Array.from({ length: 30 }, () => 4))).toBeLessThan(1.2);
});

test("persistence finds what remains of a value in the next, on average, after a line was taken off", () => {
  const noise = new Noise(5);
  for (const phi of [0.3, 0.5, 0.8]) {
    const found = Array.from({ length: 100 }, () => {
      const points = every(1000, noise.red(100, phi));
      return persistence(residuals(points, theilSen(points)!));
    });
    expect(found.reduce((sum, value) => sum + value, 0) / 100).toSatisfy((mean) => Math.abs(mean - phi) < 0.05);
  }
});

test("persistence does not lose sight of it for a few wild values", () => {
  const values = new Noise(6).red(300, 0.8).map((value, i) => (i % 60 === 7 ? value + 1000 : value));
  expect(persistence(values)).toBeGreaterThan(0.7);
});

test(
  "serialInflation keeps noise from being called a trend, where the uncorrected test is wrong in half of the cases",
  () => {
    const noise = new Noise(7);
    const isTrend = (values: number[], isCorrected: boolean): boolean => {
      const points = every(1000, values);
      return mannKendall(values, isCorrected ? serialInflation(residuals(points, theilSen(points)!)) : 1).p < 0.05;
    };
    const falseRate = (n: number, phi: number, least: number, most: number): void => {
      rates.expect(`noise, phi ${phi}, ${n} values`, 400, () => isTrend(noise.red(n, phi), true), least, most);
    };
    rates.expect("noise, phi 0.5, 100 values, not corrected", 400, () => isTrend(noise.red(100, 0.5), false), 0.2, 0.3);
    rates.expect(
      "noise, phi 0.8, 100 values, not corrected",
      400,
      () => isTrend(noise.red(100, 0.8), false),
      0.45,
      0.6,
    );
    falseRate(20, 0, 0.01, 0.07);
    falseRate(100, 0, 0.02, 0.08);
    falseRate(20, 0.5, 0.04, 0.13);
    falseRate(100, 0.5, 0.02, 0.09);
    falseRate(100, 0.8, 0.02, 0.12);
    falseRate(300, 0.8, 0.02, 0.1);
    const wild = (): boolean => isTrend(noise.wild(100), true);
    rates.expect("noise without a variance, 100 values", 400, wild, 0.02, 0.08);
  },
  MANY_TRIES_MS,
);

test(
  "serialInflation leaves a trend to be found",
  () => {
    const noise = new Noise(8);
    const isRising = (n: number, phi: number, perStep: number) => (): boolean => {
      const values = noise.red(n, phi).map((value, i) => value + i * perStep);
      const points = every(1000, values);
      return mannKendall(values, serialInflation(residuals(points, theilSen(points)!))).p < 0.05;
    };
    rates.expect("2 standard deviations over 100 values, phi 0", 200, isRising(100, 0, 0.02), 0.97, 1);
    rates.expect("2 standard deviations over 100 values, phi 0.5", 200, isRising(100, 0.5, 0.02), 0.8, 1);
    rates.expect("3 standard deviations over 300 values, phi 0.8", 100, isRising(300, 0.8, 0.01), 0.85, 1);
  },
  MANY_TRIES_MS,
);

import { afterAll, expect, test } from "bun:test";

import { chanceOfRise, chanceOfShare, falseDiscoveryLimit, laplaceTrend } from "../../src/trend/eventrate.ts";
import { Noise } from "./noise.ts";
import { around, MANY_TRIES_MS, Rates } from "./rates.ts";

const rates = new Rates("Laplace's test: events that seem to come ever more often at 5 %");
afterAll(() => rates.print());

test("laplaceTrend is that of the example of ReliaWiki's appendix on trend tests: -2.6121", () => {
  const failures = [1.2, 55.6, 72.7, 111.9, 121.9, 303.6, 326.9, 1568.4, 1913.5];
  expect(laplaceTrend(failures, 0, 2000)).toBeCloseTo(-2.6121, 4);
  // The same, seen from its end, and at another time.
  const mirrored = failures.map((time) => 7000 - time);
  expect(laplaceTrend(mirrored, 5000, 7000)).toBeCloseTo(2.6121, 4);
  expect(chanceOfRise(2.6121)).toBeCloseTo(0.0045, 4);
});

test("laplaceTrend says nothing without events or without time", () => {
  expect(laplaceTrend([], 0, 10)).toBe(0);
  expect(laplaceTrend([5], 5, 5)).toBe(0);
});

test(
  "laplaceTrend finds a rise in events that come as often at all times as rarely as it should",
  () => {
    const noise = new Noise(20);
    for (const mean of [5, 20, 100]) {
      const isRising = (): boolean => chanceOfRise(laplaceTrend(noise.events(mean / 1000, 1000), 0, 1000)) < 0.05;
      rates.expect(`${mean} events on average`, 4000, isRising, ...around(0.05, 4000));
    }
    // Every event counts that a thinned stream keeps: at first one in ten, at the end all.
    const growing = (): number[] =>
      noise.events(0.04, 1000).filter((time) => noise.uniform() < 0.1 + 0.9 * (time / 1000));
    rates.expect(
      "ten times as often at the end",
      1000,
      () => chanceOfRise(laplaceTrend(growing(), 0, 1000)) < 0.05,
      0.6,
      0.85,
    );
  },
  MANY_TRIES_MS,
);

test("chanceOfShare is the upper tail of the binomial distribution", () => {
  // From scipy.stats.binom.sf(own - 1, all, 1 / members).
  expect(chanceOfShare(3, 10, 4)).toBeCloseTo(0.474407196045, 9);
  expect(chanceOfShare(10, 10, 4)).toBeCloseTo(0.25 ** 10, 12);
  expect(chanceOfShare(6, 20, 256)).toBeCloseTo(1.3139e-10, 13);
  expect(chanceOfShare(64, 16_384, 256)).toBeCloseTo(0.51672, 5);
  expect(chanceOfShare(1, 1, 256)).toBeCloseTo(1 / 256, 12);
});

test("chanceOfShare is 1 for none, and where there is nobody else", () => {
  expect(chanceOfShare(0, 10, 4)).toBe(1);
  expect(chanceOfShare(10, 10, 1)).toBe(1);
});

test("falseDiscoveryLimit picks the four of the example of Benjamini & Hochberg (1995, section 4.1)", () => {
  const chances = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1,
  ];
  expect(falseDiscoveryLimit(chances.toReversed(), 0.05)).toBe(0.0095);
  // Where there are many more of which nothing is seen, one remains.
  expect(falseDiscoveryLimit(chances, 0.05, 400)).toBe(0.0001);
  expect(falseDiscoveryLimit(chances, 0.05, 1000)).toBe(-1);
  expect(falseDiscoveryLimit([], 0.05)).toBe(-1);
});

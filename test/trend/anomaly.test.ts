import { afterAll, expect, test } from "bun:test";

import { anomalies, LEAST_OTHERS, MOST_Z } from "../../src/trend/anomaly.ts";
import { every, Noise } from "./noise.ts";
import { around, MANY_TRIES_MS, Rates } from "./rates.ts";

const rates = new Rates("Anomalies: points of normal noise (beyond 3, 2 and 1.5 deviations are 0.3, 4.6 and 13.4 %)");
afterAll(() => rates.print());

/** The last of the values, if it is an anomaly. */
function last(values: readonly number[], resolution?: number): { z: number; severity: string } | undefined {
  const ms = (values.length - 1) * 1000;
  return anomalies(every(1000, values), resolution).find((found) => found.ms === ms);
}

/** Leys et al. (2013): median 7, scaled median absolute deviation 5.1891. */
const LEYS = [1, 3, 3, 6, 8, 10, 10, 1000];

test("anomalies measures a point by the others, as in the example of Leys et al. (2013)", () => {
  // Beyond 3 deviations, they say, is what is above 22.57; z is told as it is, limits are wider for 8 others, by 12 / 4.
  expect(last([...LEYS, 7 + 9.01 * 5.1891])).toEqual({
    ms: 8000,
    value: expect.closeTo(53.75, 2),
    z: expect.closeTo(9.01, 9),
    severity: "severe",
  } as never);
  expect(last([...LEYS, 7 + 8.99 * 5.1891])!.severity).toBe("moderate");
  expect(last([...LEYS, 7 - 6.01 * 5.1891])).toMatchObject({ z: expect.closeTo(-6.01, 9), severity: "moderate" });
  expect(last([...LEYS, 7 + 5.99 * 5.1891])!.severity).toBe("minor");
  expect(last([...LEYS, 7 + 4.49 * 5.1891])).toBeUndefined();
});

test("anomalies does not let a point be part of what it is measured by: of eight, one is severe", () => {
  // A plain z-score over 8 values is at most 7 / sqrt(8), which is 2.47.
  expect(last([1, 2, 3, 1, 2, 3, 2, 50])!.severity).toBe("severe");
});

test("anomalies finds all of several outliers, which hide each other from a mean and a standard deviation", () => {
  const values = Array.from({ length: 40 }, (_, i) => (i % 10 === 3 ? 100 : i % 7));
  const found = anomalies(every(1000, values)).filter(({ severity }) => severity === "severe");
  expect(found.map(({ ms, value }) => [ms, value])).toEqual([3000, 13_000, 23_000, 33_000].map((ms) => [ms, 100]));
});

test("anomalies falls back to the mean and the standard deviation of the others when more than half are equal", () => {
  const others = [...Array.from({ length: 28 }, () => 0), 3, 3];
  // Their mean is 0.2; the sum of squares is 18 - 30 * 0.04 = 16.8, so the deviation is sqrt(16.8 / 29) = 0.7611.
  expect(last([...others, 5])).toMatchObject({ z: expect.closeTo((5 - 0.2) / 0.7611, 2), severity: "severe" });
  expect(last([...others, 0])).toBeUndefined();
});

test("anomalies of values that are all equal but one is that one, as far as is told; none when all are", () => {
  const constant = Array.from({ length: 20 }, () => 0.1);
  expect(anomalies(every(1000, [...constant, 0.1]))).toEqual([]);
  expect(anomalies(every(1000, [...constant, 0.2]))).toEqual([
    { ms: 20_000, value: 0.2, z: MOST_Z, severity: "severe" },
  ]);
  expect(last([...constant, 0])!.z).toBe(-MOST_Z);
});

test("anomalies takes no difference for more than it is worth in units of the resolution", () => {
  const constant = Array.from({ length: 396 }, () => 100);
  // 396 others widen the limits by 400 / 392.
  expect(last([...constant, 101.5], 1)).toBeUndefined();
  expect(last([...constant, 101.6], 1)!.severity).toBe("minor");
  expect(last([...constant, 96.9], 1)).toEqual({
    ms: 396_000,
    value: 96.9,
    z: expect.closeTo(-3.1, 9),
    severity: "severe",
  } as never);
  expect(last([...constant, 96.9], 0)!.z).toBe(-MOST_Z);
});

test("anomalies calls nothing one with too few others to compare with", () => {
  const few = [1, 2, 3, 4, 5, 1000];
  expect(few.length).toBe(LEAST_OTHERS);
  expect(anomalies(every(1000, few))).toEqual([]);
  expect(anomalies(every(1000, [...few, 3])).map(({ value }) => value)).toEqual([1000]);
  expect(anomalies([])).toEqual([]);
});

test("anomalies among many are what the definition says of each point alone", () => {
  const values = new Noise(9).wild(41);
  for (const [i, value] of values.entries()) {
    const others = values.toSpliced(i, 1).toSorted((a, b) => a - b);
    const centre = (others[19]! + others[20]!) / 2;
    const distances = others.map((other) => Math.abs(other - centre)).toSorted((a, b) => a - b);
    const z = (value - centre) / (1.4826 * ((distances[19]! + distances[20]!) / 2));
    const found = anomalies(every(1000, values)).find(({ ms }) => ms === i * 1000);
    if (Math.abs(z) > (1.5 * 44) / 36) expect(found!.z).toBeCloseTo(Math.max(Math.min(z, MOST_Z), -MOST_Z), 9);
    else expect(found).toBeUndefined();
  }
});

test(
  "anomalies are severe of normal numbers as often as these are beyond 3 deviations, however few are known",
  () => {
    const noise = new Noise(10);
    for (const [n, tries, moderate, any] of [
      [11, 20_000, 0.0125, 0.033],
      [41, 6000, 0.03, 0.094],
      [361, 1500, 0.044, 0.131],
    ] as const) {
      const severities = Array.from({ length: tries }, () => last(noise.white(n))?.severity);
      const share = (name: string, chance: number, ...severity: string[]): void =>
        rates.expect(`${n} points, ${name}`, tries, (i) => severity.includes(severities[i]!), ...around(chance, tries));
      share("severe", 0.0027, "severe");
      share("moderate or more", moderate, "severe", "moderate");
      share("any", any, "severe", "moderate", "minor");
    }
  },
  MANY_TRIES_MS,
);

test(
  "anomalies finds a point five deviations away",
  () => {
    const noise = new Noise(11);
    const isSevere = (n: number): boolean =>
      last([...noise.white(n - 1), 5 + noise.normal() / 10])?.severity === "severe";
    rates.expect("five deviations away, 40 points, severe", 1000, () => isSevere(40), 0.9, 1);
    rates.expect("five deviations away, 360 points, severe", 300, () => isSevere(360), 0.99, 1);
  },
  MANY_TRIES_MS,
);

import { expect, test } from "bun:test";

import type { PortFlaps } from "../../src/trend/flaptrend.ts";
import { SUBJECTS } from "../../src/trend/subject.ts";
import type { Trend } from "../../src/trend/trend.ts";
import { describePort, describeTrend } from "../../src/trend/wording.ts";

const HOUR_MS = 3_600_000;

const RISING: Trend = {
  points: 360,
  firstMs: 0,
  lastMs: HOUR_MS,
  direction: "rising",
  confidence: 0.975,
  perSecond: 3.2e-6 / 3600,
  lowPerSecond: 2e-6 / 3600,
  highPerSecond: 4e-6 / 3600,
  level: 0.0012,
  isBeyond: false,
  crossing: undefined,
  season: undefined,
  anomalies: [],
};
const LATENCY = SUBJECTS.event_latency_p99;
const LIMIT = { value: 0.01, worse: "above" } as const;

test("describeTrend says by how much a latency rises, how sure that is, and when it crosses its limit", () => {
  const crossing = { inSeconds: 18_000, earliestSeconds: 10_800, latestSeconds: 32_400 };
  expect(describeTrend({ ...RISING, crossing }, LATENCY, LIMIT)).toBe(
    "rising by 3.2 us per hour to 1.2 ms, 97 % sure; crosses 10 ms in 5 h (3 h to 9 h)",
  );
  expect(describeTrend({ ...RISING, crossing: { ...crossing, latestSeconds: Infinity } }, LATENCY, LIMIT)).toContain(
    "in 5 h (3 h to open)",
  );
});

test("describeTrend says what is steady, and what is beyond its limit", () => {
  expect(describeTrend({ ...RISING, direction: "steady" }, LATENCY, LIMIT)).toBe("steady at 1.2 ms");
  const health = { ...RISING, direction: "falling", perSecond: -0.001, level: 42, isBeyond: true } as const;
  expect(describeTrend(health, SUBJECTS.health_score, { value: 50, worse: "below" })).toBe(
    "falling by 3.6 points per hour to 42 points, 97 % sure; is below 50 points already",
  );
});

test("describeTrend tells the rates of a counter by the hour", () => {
  const trend = { ...RISING, perSecond: 2 / 3600 / 3600, level: 12 / 3600 };
  expect(describeTrend(trend, SUBJECTS.publish_failures)).toBe(
    "rising by 2 failures per hour each hour to 12 failures per hour, 97 % sure",
  );
});

test("describeTrend tells what repeats", () => {
  const season = { periodSeconds: 86_400, amplitude: 0.0003, strength: 0.7, p: 0.001 };
  expect(describeTrend({ ...RISING, direction: "steady", season }, LATENCY)).toBe(
    "steady at 1.2 ms; repeats every 1 d (+-300 us)",
  );
});

test("describeTrend tells of the newest value when it is an anomaly that is no everyday one", () => {
  const anomaly = (ms: number, severity: "severe" | "minor") => ({ ms, value: 0.5, z: 9, severity });
  const words = (...anomalies: ReturnType<typeof anomaly>[]): string =>
    describeTrend({ ...RISING, direction: "steady", anomalies }, LATENCY);
  expect(words(anomaly(5, "minor"), anomaly(HOUR_MS, "severe"))).toBe(
    "steady at 1.2 ms; the newest value, 500 ms, is a severe anomaly",
  );
  expect(words(anomaly(HOUR_MS, "minor"))).toBe("steady at 1.2 ms");
  expect(words(anomaly(5, "severe"))).toBe("steady at 1.2 ms");
});

test("describeTrend tells of severe anomalies that are past when they are more than chance makes", () => {
  const words = (points: number, severe: number): string => {
    const anomalies = Array.from({ length: severe }, (_, i) => {
      return { ms: HOUR_MS - 600_000 + i * 10_000, value: i, z: i === 1 ? -9 : -4, severity: "severe" } as const;
    });
    return describeTrend({ ...RISING, direction: "steady", level: 100, points, anomalies }, SUBJECTS.health_score);
  };
  expect(words(360, 7)).toBe("steady at 100 points");
  expect(words(360, 8)).toBe(
    "steady at 100 points; 8 severe anomalies, the furthest 1 points, 9.8 min before the newest value",
  );
  expect([words(40, 2), words(40, 3).includes("3 severe")]).toEqual(["steady at 100 points", true]);
});

test("describePort says how often a port flaps, and why it is where it is in the list", () => {
  const flaps: PortFlaps = {
    port: "Ethernet8",
    verdict: "dying",
    lastDay: 3,
    perDayBefore: 7 / 13,
    flaps: 31,
    episodes: 12,
    shared: 2,
    risingConfidence: 0.998,
    worseConfidence: 0.9999,
  };
  expect(describePort(flaps)).toBe(
    "31 flaps in 12 episodes, 3 episodes in the last day, 0.54 a day before, 2 together with many ports, " +
      "ever more often (99.8 % sure), more than other ports (over 99.9 % sure)",
  );
  const one = { ...flaps, verdict: "usual", flaps: 1, episodes: 1, shared: 0 } as const;
  expect(describePort(one)).toBe("1 flap in 1 episode, 3 episodes in the last day, 0.54 a day before");
  expect(describePort({ ...one, verdict: "flapping" })).toEndWith("before, more than other ports (over 99.9 % sure)");
  expect(describePort({ ...one, verdict: "rising" })).toEndWith("before, ever more often (99.8 % sure)");
});

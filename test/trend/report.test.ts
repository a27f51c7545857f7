import { expect, test } from "bun:test";

import { reportTrend } from "../../src/trend/report.ts";
import { every } from "./noise.ts";

test("reportTrend says what a series does, for programs and for people", () => {
  const points = every(
    10_000,
    Array.from({ length: 360 }, (_, i) => 0.001 + i * 1e-5),
  );
  const report = reportTrend("event_latency_p99", "hour", points, { value: 0.01, worse: "above" });
  expect(report).toMatchObject({ series: "event_latency_p99", tier: "hour", trend: { direction: "rising" } });
  expect(report.words).toBe(
    "rising by 3.6 ms per hour to 4.59 ms, over 99.9 % sure; crosses 10 ms in 1.5 h (1.5 h to 1.5 h)",
  );
});

test("reportTrend does not make much of what matters to nobody", () => {
  const points = every(
    10_000,
    Array.from({ length: 360 }, (_, i) => 99 + i / 1000),
  );
  expect(reportTrend("health_score", "hour", points).words).toBe("steady at 99.2 points");
});

test("reportTrend says when there is too little to tell", () => {
  const report = reportTrend("restarts", "month", every(1000, [0, 0, 1]));
  expect(report.trend).toBeUndefined();
  expect(report.words).toBe("too few points to tell: 3 of 5");
});

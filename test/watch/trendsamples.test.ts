import { expect, test } from "bun:test";

import { builtinRules } from "../../src/alert/builtin.ts";
import { TrendSamples } from "../../src/watch/trendsamples.ts";
import { trendThresholds } from "../../src/watch/trendthresholds.ts";
import { WatchBench } from "./watchbench.ts";

test("TrendSamples.read gives the latencies since the sample before, and totals of all that failed and started", async () => {
  await using bench = await WatchBench.open("eth0");
  const { observations, reconciler } = bench;
  let score: number | undefined;
  const samples = new TrendSamples(reconciler, observations, () => score, 10_000);
  expect(samples.read(0)).toEqual({
    event_latency_p99: NaN,
    redis_latency_p99: NaN,
    health_score: NaN,
    publish_failures: 0,
    restarts: 0,
  });
  observations.eventLatency.observe(0.01); // a bound of its buckets
  observations.redisLatency.observe(0.005);
  reconciler.publisher.counters.refused += 2;
  reconciler.publisher.counters.lost += 3;
  observations.started("standalone", 0);
  observations.started("cold", 0);
  score = 77;
  const second = samples.read(9_990);
  expect([second.health_score, second.publish_failures, second.restarts]).toEqual([77, 5, 2]);
  expect(second.event_latency_p99).toBeWithin(0.005, 0.01);
  expect(second.redis_latency_p99).toBeWithin(0.0025, 0.005);
  const third = samples.read(20_010); // late
  expect([third.event_latency_p99, third.redis_latency_p99, third.publish_failures]).toEqual([NaN, NaN, 5]);
});

test("trendThresholds are those of the alert rules, as they are now, and of those that are enabled", () => {
  const rules = builtinRules({ maxLatencyUs: 20_000 });
  const latency = { value: 0.02, worse: "above" } as const;
  expect(trendThresholds(rules)).toEqual({
    event_latency_p99: latency,
    redis_latency_p99: latency,
    health_score: { value: 50, worse: "below" },
    restarts: { value: 0.5, worse: "above" },
  });
  const low = rules.find(({ id }) => id === "health_score_low")!;
  expect(trendThresholds([{ ...low, enabled: false }]).health_score).toBeUndefined();
  expect(trendThresholds([])).toEqual({});
});

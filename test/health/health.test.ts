import { expect, test } from "bun:test";

import * as fc from "fast-check";

import {
  assessHealth,
  DEFAULT_HEALTH_LIMITS,
  formatHealth,
  type Health,
  HEALTH_GAUGE,
  type HealthInput,
  type HealthLimits,
} from "../../src/health/health.ts";
import { REASON_NAMES, UNHEALTHY_BELOW, WEIGHTS } from "../../src/health/weights.ts";

const WELL: HealthInput = {
  netlink: { isConnected: true, seconds: 100 },
  redis: { isConnected: true, seconds: 100 },
  stallSeconds: 0,
  ports: { inSync: 256, total: 256 },
  publishes: { succeeded: 1000, failed: 0 },
  events: { succeeded: 1000, failed: 0 },
  latencyP99Us: 300,
  portInit: { pending: [], seconds: 0 },
  storeFailure: "",
  httpFailure: "",
};

function assess(changes: Partial<HealthInput>, limits: Partial<HealthLimits> = {}): Health {
  return assessHealth({ ...WELL, ...changes }, { ...DEFAULT_HEALTH_LIMITS, ...limits });
}

/** `STATUS SCORE` and the reasons with their points. */
function say({ status, score, reasons }: Health): string[] {
  return [`${status} ${score}`, ...reasons.map(({ name, points }) => `${name} ${points}`)];
}

test("assessHealth has nothing to say against a daemon that is well: 100 points", () => {
  expect(say(assess({}))).toEqual(["healthy 100"]);
});

test("assessHealth calls a quiet switch healthy: no event, no write, no port, no latency, however long", () => {
  const quiet: HealthInput = {
    ...WELL,
    netlink: { isConnected: true, seconds: 1e9 },
    redis: { isConnected: true, seconds: 1e9 },
    ports: { inSync: 0, total: 0 },
    publishes: { succeeded: 0, failed: 0 },
    events: { succeeded: 0, failed: 0 },
    latencyP99Us: undefined,
  };
  expect(say(assessHealth(quiet, DEFAULT_HEALTH_LIMITS))).toEqual(["healthy 100"]);
});

const DOWN = { isConnected: false, seconds: 12.3456 };

/** What each input does alone: just within the limit, right beyond it, and at the worst. */
const ALONE: readonly (readonly [changes: Partial<HealthInput>, says: string, text?: string])[] = [
  [{ netlink: DOWN }, "unhealthy 40: netlink_down 60", "the kernel has not told of links for 12.346 s"],
  [{ redis: DOWN }, "unhealthy 40: redis_down 60", "Redis has not been connected for 12.346 s"],
  [{ stallSeconds: 10 }, "healthy 100"],
  [{ stallSeconds: 10.5 }, "unhealthy 40: event_loop_stalled 60", "the daemon stood still for 10.5 s (allowed: 10 s)"],
  [{ ports: { inSync: 90, total: 100 } }, "healthy 100"],
  [
    { ports: { inSync: 89, total: 100 } },
    "degraded 80: ports_out_of_sync 20",
    "89 of 100 ports are in sync, 89 % (allowed: 90 % or more)",
  ],
  [{ ports: { inSync: 45, total: 100 } }, "degraded 60: ports_out_of_sync 40"],
  [{ ports: { inSync: 0, total: 100 } }, "unhealthy 40: ports_out_of_sync 60"],
  [{ publishes: { succeeded: 95, failed: 5 } }, "healthy 100"],
  [
    { publishes: { succeeded: 94, failed: 6 } },
    "degraded 80: publish_failures 20",
    "6 writes to STATE_DB failed, 6 % (allowed: 5 %)",
  ],
  [{ publishes: { succeeded: 0, failed: 50 } }, "unhealthy 40: publish_failures 60"],
  [{ publishes: { succeeded: 0, failed: 2 } }, "healthy 100"],
  [{ publishes: { succeeded: 0, failed: 3 } }, "unhealthy 40: publish_failures 60"],
  [{ events: { succeeded: 990, failed: 10 } }, "healthy 100"],
  [
    { events: { succeeded: 989, failed: 11 } },
    "degraded 85: event_failures 15",
    "11 events failed; 98.9 % did not (allowed: 99 % or more)",
  ],
  [{ events: { succeeded: 0, failed: 10 } }, "unhealthy 40: event_failures 60"],
  [{ events: { succeeded: 0, failed: 2 } }, "healthy 100"],
  [{ latencyP99Us: 10_000 }, "healthy 100"],
  [
    { latencyP99Us: 10_001 },
    "degraded 90: event_latency_high 10",
    "one event in a hundred takes 10001 us or more (allowed: 10000 us)",
  ],
  [{ latencyP99Us: 55_000 }, "degraded 80: event_latency_high 20"],
  [{ latencyP99Us: 100_000 }, "degraded 70: event_latency_high 30"],
  [{ latencyP99Us: 9e9 }, "degraded 70: event_latency_high 30"],
  [{ portInit: { pending: ["Ethernet0"], seconds: 119 } }, "healthy 100"],
  [{ portInit: { pending: [], seconds: 500 } }, "healthy 100"],
  [
    { portInit: { pending: ["Ethernet0", "Ethernet4"], seconds: 120 } },
    "degraded 70: port_init_stalled 30",
    "PortInitDone has waited for 120 s for Ethernet0 Ethernet4",
  ],
  [
    { portInit: { pending: ["a", "b", "c", "d", "e", "f", "g"], seconds: 300 } },
    "degraded 70: port_init_stalled 30",
    "PortInitDone has waited for 300 s for a b c d e and 2 more",
  ],
  [{ storeFailure: "disk full" }, "degraded 90: store_degraded 10", "the history is not kept: disk full"],
  [{ httpFailure: "EADDRINUSE" }, "degraded 90: http_failed 10", "the HTTP server is not as configured: EADDRINUSE"],
];

for (const [changes, says, text] of ALONE) {
  test(`assessHealth says "${says}" for ${JSON.stringify(changes)}`, () => {
    const health = assess(changes);
    const reasons = health.reasons.map(({ name, points }) => `: ${name} ${points}`).join("");
    expect(`${health.status} ${health.score}${reasons}`).toBe(says);
    if (text !== undefined) expect(health.reasons[0]!.text).toBe(text);
  });
}

test("assessHealth is shown above for every reason that there is", () => {
  const shown = new Set(ALONE.flatMap(([changes]) => assess(changes).reasons.map(({ name }) => name)));
  expect([...shown].sort()).toEqual([...REASON_NAMES].sort());
});

test("assessHealth goes down to 0 points, and not below", () => {
  expect(say(assess({ netlink: DOWN, redis: DOWN, stallSeconds: 60 }))).toEqual([
    "unhealthy 0",
    "netlink_down 60",
    "redis_down 60",
    "event_loop_stalled 60",
  ]);
});

test("assessHealth adds up what is wrong and names the worst first; small things add up to unhealthy", () => {
  const changes = {
    storeFailure: "disk full",
    latencyP99Us: 55_000,
    portInit: { pending: ["Ethernet0"], seconds: 300 },
  };
  expect(say(assess(changes))).toEqual([
    "unhealthy 40",
    "port_init_stalled 30",
    "event_latency_high 20",
    "store_degraded 10",
  ]);
});

test("assessHealth follows the limits of the configuration", () => {
  expect(assess({ stallSeconds: 11 }, { maxStallSeconds: 11 }).status).toBe("healthy");
  expect(assess({ ports: { inSync: 50, total: 100 } }, { minPortSyncRatePercent: 50 }).status).toBe("healthy");
  expect(assess({ publishes: { succeeded: 5, failed: 5 } }, { maxFailureRatePercent: 50 }).status).toBe("healthy");
  expect(assess({ publishes: { succeeded: 0, failed: 5 } }, { maxFailureRatePercent: 100 }).status).toBe("healthy");
  expect(assess({ events: { succeeded: 5, failed: 5 } }, { minSuccessRatePercent: 50 }).status).toBe("healthy");
  expect(assess({ events: { succeeded: 25, failed: 75 } }, { minSuccessRatePercent: 50 }).score).toBe(62);
  expect(assess({ latencyP99Us: 250 }, { maxLatencyUs: 249 }).status).toBe("degraded");
  const pending = { portInit: { pending: ["Ethernet0"], seconds: 5 } };
  expect(assess(pending, { maxPortInitSeconds: 5 }).status).toBe("degraded");
});

test("formatHealth is one line, whatever the names and reasons are", () => {
  expect(formatHealth(assess({}))).toBe("healthy, 100 of 100");
  const changes = { storeFailure: "disk\nfull", portInit: { pending: ["a b\u001b"], seconds: 300 } };
  expect(formatHealth(assess(changes))).toBe(
    'degraded, 60 of 100: PortInitDone has waited for 300 s for "a b\\x1b" (-30); the history is not kept: disk\\x0afull (-10)',
  );
});

test("formatHealth shows names beyond ASCII as all do: as text, or byte by byte", () => {
  const changes = { portInit: { pending: ["Ethern\xc3\xa9t", "Ethern\xe9t"], seconds: 300 } };
  expect(formatHealth(assess(changes))).toContain('has waited for 300 s for "Ethernét" Ethern/xe9t');
});

test("HEALTH_GAUGE is 1, 0.5 and 0", () => {
  expect(HEALTH_GAUGE).toEqual({ healthy: 1, degraded: 0.5, unhealthy: 0 });
});

test("WEIGHTS let what stops STATE_DB make the daemon unhealthy alone, and what does not, not", () => {
  const alone = REASON_NAMES.filter((name) => 100 - WEIGHTS[name].atWorst < UNHEALTHY_BELOW);
  expect(alone).toEqual([
    "netlink_down",
    "redis_down",
    "event_loop_stalled",
    "ports_out_of_sync",
    "publish_failures",
    "event_failures",
  ]);
});

const connection = fc.record({ isConnected: fc.boolean(), seconds: fc.nat(1000) });
const outcomes = fc.record({ succeeded: fc.nat(1000), failed: fc.nat(100) });
const anything: fc.Arbitrary<HealthInput> = fc.record({
  netlink: connection,
  redis: connection,
  stallSeconds: fc.double({ min: 0, max: 20, noNaN: true }),
  ports: fc.nat(100).chain((total) => fc.record({ inSync: fc.nat(total), total: fc.constant(total) })),
  publishes: outcomes,
  events: outcomes,
  latencyP99Us: fc.double({ min: 0, max: 200_000, noNaN: true }),
  portInit: fc.record({ pending: fc.array(fc.string()), seconds: fc.nat(200) }),
  storeFailure: fc.string(),
  httpFailure: fc.string(),
});

/** A daemon that is well but for up to three things. */
const inputs: fc.Arbitrary<HealthInput> = fc
  .tuple(anything, fc.subarray(Object.keys(WELL) as (keyof HealthInput)[], { maxLength: 3 }))
  .map(([input, keys]) => Object.assign({}, WELL, Object.fromEntries(keys.map((key) => [key, input[key]]))));

test("assessHealth is one definition: the score is 100 less the reasons, and the status follows from it", () => {
  const statuses = new Set<string>();
  const property = fc.property(inputs, (input) => {
    const { status, score, reasons } = assessHealth(input, DEFAULT_HEALTH_LIMITS);
    const lost = reasons.reduce((sum, { points }) => sum + points, 0);
    expect(score).toBe(Math.max(0, 100 - lost));
    expect(status).toBe(reasons.length === 0 ? "healthy" : score < 50 ? "unhealthy" : "degraded");
    expect(score === 100).toBe(status === "healthy");
    for (const { name, points, text } of reasons) {
      expect(points).toBeGreaterThanOrEqual(WEIGHTS[name].atLimit);
      expect(points).toBeLessThanOrEqual(WEIGHTS[name].atWorst);
      expect(text.length).toBeGreaterThan(10);
    }
    statuses.add(status);
  });
  fc.assert(property, { numRuns: 500 });
  expect(statuses.size).toBe(3);
});

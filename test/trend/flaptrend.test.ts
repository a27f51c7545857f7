import { afterAll, expect, test } from "bun:test";

import { FLAP_WINDOW_MS, FlapLog, MOST_EPISODES } from "../../src/trend/flaplog.ts";
import { type PortFlaps, rankPorts, SHARED_PORTS } from "../../src/trend/flaptrend.ts";
import { Noise } from "./noise.ts";
import { MANY_TRIES_MS, Rates } from "./rates.ts";

const DAY_MS = 24 * 3_600_000;
const NOW = FLAP_WINDOW_MS;
const PORTS = 256;

const rates = new Rates(`Which of ${PORTS} ports is dying: 14 days of flaps`);
afterAll(() => rates.print());

/** A log with flaps of ports at times in days. */
function logOf(flaps: Readonly<Record<string, readonly number[]>>, sinceMs = 0): FlapLog {
  const log = new FlapLog(sinceMs);
  for (const [port, days] of Object.entries(flaps)) for (const day of days) log.add(port, day * DAY_MS);
  return log;
}

function verdicts(found: readonly PortFlaps[]): string[] {
  return found.map(({ port, verdict }) => `${port} ${verdict}`);
}

/** An optic that flaps ever more often: after days that become shorter. */
const DYING = [4, 8, 10, 11, 12, 12.5, 13, 13.3, 13.6, 13.9];
/** As often at all times. */
const STEADY = Array.from({ length: 12 }, (_, i) => 0.5 + i * 1.15);

test("rankPorts puts the optic that flaps ever more often before one that always did, and both before the rest", () => {
  const found = rankPorts(
    logOf({ Ethernet0: [3], Ethernet4: STEADY, Ethernet8: DYING, Ethernet12: [13.9] }),
    NOW,
    PORTS,
  );
  expect(verdicts(found)).toEqual(["Ethernet8 dying", "Ethernet4 flapping", "Ethernet12 usual", "Ethernet0 usual"]);
  expect(found[0]).toEqual({
    port: "Ethernet8",
    verdict: "dying",
    lastDay: 3,
    perDayBefore: 7 / 13,
    flaps: 10,
    episodes: 10,
    shared: 0,
    risingConfidence: expect.any(Number),
    worseConfidence: expect.any(Number),
  } as never);
  expect(found[0]!.risingConfidence).toBeGreaterThan(0.999);
  expect(found[0]!.worseConfidence).toBeGreaterThan(0.999);
  expect(found[1]!.risingConfidence).toBeLessThan(0.6);
});

test("rankPorts calls rising what is no more than other ports have", () => {
  const others = Object.fromEntries(
    Array.from({ length: 9 }, (_, i) => [`Ethernet${i}`, STEADY.map((day) => day - i / 50)]),
  );
  const found = rankPorts(logOf({ ...others, Ethernet99: DYING }), NOW, 10);
  expect(verdicts(found)[0]).toBe("Ethernet99 rising");
  expect(found.slice(1).every(({ verdict }) => verdict === "usual")).toBe(true);
});

test("rankPorts counts episodes, not flaps: one bad hour is no pattern", () => {
  const badHour = Array.from({ length: 200 }, (_, i) => 13.5 + i / 5000);
  const [port] = rankPorts(logOf({ Ethernet0: badHour }), NOW, PORTS);
  expect(port).toMatchObject({ verdict: "usual", flaps: 200, episodes: 1, lastDay: 1 });
});

test("rankPorts blames no port for what many had at the same time, and a breakout cable's lanes for theirs", () => {
  const days = [2, 5, 9, 12, 13];
  const together = (ports: number): PortFlaps[] =>
    rankPorts(
      logOf(Object.fromEntries(Array.from({ length: ports }, (_, i) => [`p${i}`, days.map((day) => day + i * 1e-8)]))),
      NOW,
      PORTS,
    );
  for (const port of together(SHARED_PORTS)) expect(port).toMatchObject({ verdict: "usual", shared: 5, lastDay: 0 });
  for (const port of together(SHARED_PORTS - 1)) expect(port).toMatchObject({ verdict: "flapping", shared: 0 });
});

test("rankPorts sees what a port has of its own beside what it has with others", () => {
  const common = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`p${i}`, [6, 7, 8]]));
  const found = rankPorts(logOf({ ...common, p7: [...DYING, 6, 7].sort((a, b) => a - b) }), NOW, PORTS);
  expect(found[0]).toMatchObject({ port: "p7", verdict: "dying", shared: 3, episodes: 12 });
  expect(found.slice(1).every(({ verdict }) => verdict === "usual")).toBe(true);
});

test("rankPorts knows since when there was anybody to see flaps", () => {
  // Since day 13 these come as often at all times; since day 0 they would be a rise.
  const days = [13.1, 13.3, 13.5, 13.7, 13.9];
  expect(rankPorts(logOf({ Ethernet0: days }, 13 * DAY_MS), NOW, PORTS)[0]).toMatchObject({
    verdict: "flapping",
    perDayBefore: 0,
  });
  expect(rankPorts(logOf({ Ethernet0: days }), NOW, PORTS)[0]!.verdict).toBe("dying");
});

test("rankPorts looks no further back than the window, whenever it began", () => {
  const log = logOf({ Ethernet0: STEADY.map((day) => day + 86) }, 0);
  const [port] = rankPorts(log, 100 * DAY_MS, PORTS);
  expect(port!.verdict).toBe("flapping");
  expect(port!.perDayBefore).toBeCloseTo((12 - port!.lastDay) / 13, 9);
});

test("rankPorts does not take for a rise that the oldest episodes of a port were given up", () => {
  // 4 a day for 14 days are 56; the newest 32 cover 8 days.
  const often = Array.from({ length: 56 }, (_, i) => i / 4);
  const [port] = rankPorts(logOf({ Ethernet0: often }), NOW, PORTS);
  expect(port).toMatchObject({ verdict: "flapping", episodes: MOST_EPISODES });
});

test("rankPorts is empty without flaps, and does not judge by two episodes", () => {
  expect(rankPorts(new FlapLog(0), NOW, PORTS)).toEqual([]);
  expect(verdicts(rankPorts(logOf({ Ethernet0: [13.8, 13.9] }), NOW, PORTS))).toEqual(["Ethernet0 usual"]);
});

test("rankPorts orders ports of the same verdict by the last day, then by flaps, then by name", () => {
  const found = rankPorts(logOf({ d: [13.5], c: [3, 3.001], b: [3], a: [3.5] }), NOW, PORTS);
  expect(found.map(({ port }) => port)).toEqual(["d", "c", "a", "b"]);
});

test(
  "rankPorts finds the dying optic among 256 ports, and blames hardly any other",
  () => {
    const noise = new Noise(21);
    const simulate = (perDay: number, dying: boolean): PortFlaps[] => {
      const log = new FlapLog(0);
      for (let i = 0; i < PORTS; i++) for (const day of noise.events(perDay, 14)) log.add(`Ethernet${i}`, day * DAY_MS);
      // From one episode in ten days to three a day.
      const worse = (day: number): number => (0.1 + 2.9 * (day / 14) ** 3) / 3;
      if (dying)
        for (const day of noise.events(3, 14)) if (noise.uniform() < worse(day)) log.add("dying", day * DAY_MS);
      return rankPorts(log, NOW, PORTS);
    };
    const blamed = (found: readonly PortFlaps[]): PortFlaps[] => found.filter(({ verdict }) => verdict !== "usual");
    rates.expect(
      "no bad optic, one episode a port in ten days: any is blamed",
      200,
      () => blamed(simulate(0.1, false)).length > 0,
      0,
      0.12,
    );
    const runs = Array.from({ length: 100 }, () => simulate(0.05, true));
    rates.expect(
      "one dying, the others one episode in 20 days: it is first",
      100,
      (i) => runs[i]![0]!.port === "dying",
      0.95,
      1,
    );
    rates.expect(
      "one dying: it is called dying or flapping",
      100,
      (i) => ["dying", "flapping"].includes(runs[i]![0]!.verdict),
      0.9,
      1,
    );
    rates.expect(
      "one dying: another is blamed",
      100,
      (i) => blamed(runs[i]!).some(({ port }) => port !== "dying"),
      0,
      0.15,
    );
  },
  MANY_TRIES_MS,
);

import { describe, expect, test } from "bun:test";

import type { TrendFacts } from "../../src/http/sources.ts";
import type { NumberedTransition } from "../../src/store/historyquery.ts";
import { NOTHING_KEPT } from "../../src/store/kept.ts";
import { EMPTY_TALLY, type StoreStatus } from "../../src/store/status.ts";
import type { Transition } from "../../src/store/transition.ts";
import { TIERS } from "../../src/trend/downsample.ts";
import { UnavailableError } from "../../src/util/unavailable.ts";
import { MOST_FLAPS } from "../../src/watch/flaphistory.ts";
import { Trending } from "../../src/watch/trending.ts";
import type { TrendSample } from "../../src/watch/trendsamples.ts";
import type { TrendThresholds } from "../../src/watch/trendthresholds.ts";
import { openStore } from "../store/inprocess.ts";
import { Asked, limitsIn } from "../store/requests.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { TempDir } from "../support/tempdir.ts";

const WALL_MS = Date.UTC(2026, 0, 31, 12);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOTHING: TrendSample = {
  event_latency_p99: NaN,
  redis_latency_p99: NaN,
  health_score: NaN,
  publish_failures: NaN,
  restarts: NaN,
};

/** How a store is to which nothing ever happened. */
const STATUS: StoreStatus = {
  ...EMPTY_TALLY,
  state: "ok",
  reason: "",
  queued: 0,
  dropped: 0,
  backupDue: false,
  bytes: 0,
  maxBytes: 1,
  lastStart: undefined,
};

/** The trends of a process of the daemon, with numbers and a clock of the test's, and a store on real files. */
class Process implements Disposable {
  readonly clock: FakeClock;
  readonly store: ReturnType<typeof openStore>;
  readonly trending: Trending;
  thresholds: TrendThresholds = {};

  constructor(directory: string, sample: (wallMs: number) => Partial<TrendSample>, wallMs = WALL_MS) {
    this.clock = new FakeClock(wallMs);
    this.store = openStore(directory, this.clock);
    const sources = {
      sample: () => ({ ...NOTHING, ...sample(this.clock.wallNow()) }),
      thresholds: () => this.thresholds,
      portCount: () => 32,
    };
    this.trending = new Trending(sources, this.store, this.clock);
    this.trending.start();
  }

  /** Opens the store and lets so much time pass. */
  async run(ms: number): Promise<this> {
    this.store.open();
    await this.clock.run(ms);
    return this;
  }

  /** What the trends say. */
  async facts(): Promise<TrendFacts> {
    const facts = this.trending.facts();
    await this.clock.run(0);
    return facts;
  }

  /** How many points were looked at, by series and tier. */
  async points(): Promise<Record<string, number>> {
    const { reports } = await this.facts();
    return Object.fromEntries(reports.map(({ series, tier, trend }) => [`${series} ${tier}`, trend?.points ?? 0]));
  }

  /** Ends as SIGTERM does. */
  async stop(): Promise<void> {
    this.trending[Symbol.dispose]();
    const closed = this.store.close(1000);
    await this.clock.run(0);
    await closed;
  }

  [Symbol.dispose](): void {
    this.trending[Symbol.dispose]();
    this.store[Symbol.dispose]();
  }
}

/** A port goes down after having been up, as the history has it. */
function flap(port: string, wallMs: number): Transition {
  const up = { admin: true, oper: true, mtu: 9100 };
  return { wallMs, port, cause: "event", old: up, new: { ...up, oper: false } };
}

describe("Trending", () => {
  test("Trending does not say that no port flaps before the flaps of earlier processes are read", async () => {
    const clock = new FakeClock(WALL_MS);
    const history = Promise.withResolvers<readonly NumberedTransition[]>();
    const store = { kept: NOTHING_KEPT, history: () => history.promise, addPoint: () => {}, status: STATUS };
    const sources = { sample: () => NOTHING, thresholds: () => ({}), portCount: () => 32 };
    using trending = new Trending(sources, store, clock);
    trending.start();
    await clock.run(15_000);
    expect(await trending.facts().catch((error: unknown) => error)).toBeInstanceOf(UnavailableError);
    history.resolve([{ id: 1, ...flap("Ethernet0", WALL_MS - 1000) }]);
    await clock.run(10_000);
    const facts = trending.facts();
    await clock.run(0);
    expect((await facts).ports).toMatchObject([{ port: "Ethernet0", flaps: 1 }]);
  });

  test("Trending goes on with its points over restarts: with none lost after a stop, with 5 minutes at most after a kill", async () => {
    await using dir = new TempDir();
    const score = (wallMs: number) => ({ health_score: 100 - (wallMs - WALL_MS) / HOUR_MS });
    using one = await new Process(dir.file("store"), score).run(2 * HOUR_MS);
    expect(await one.points()).toMatchObject({ "health_score hour": 360, "health_score day": 24 });
    await one.stop();
    using two = await new Process(dir.file("store"), score, one.clock.wallNow()).run(HOUR_MS + 180_000);
    expect(await two.points()).toMatchObject({ "health_score hour": 360, "health_score day": 37 });
    two.store[Symbol.dispose](); // killed in the midst of a step
    using three = await new Process(dir.file("store"), score, two.clock.wallNow() + HOUR_MS).run(15_000);
    expect(await three.points()).toMatchObject({ "health_score hour": 0, "health_score day": 37 });
    const { reports } = await three.facts();
    const day = reports.find(({ series, tier }) => series === "health_score" && tier === "day")!;
    expect(day.trend!.direction).toBe("falling");
    expect(day.trend!.perSecond * 3600).toBeCloseTo(-1, 6);
    expect(day.trend!.firstMs).toBeCloseTo(WALL_MS + 150_000, 3);
  });

  test("Trending counts what a counter did while no process ran", async () => {
    await using dir = new TempDir();
    let total = 0;
    const failures = () => ({ publish_failures: total });
    using one = await new Process(dir.file("store"), failures).run(HOUR_MS);
    await one.stop();
    total = 36; // in the hour until the next process
    using two = await new Process(dir.file("store"), failures, one.clock.wallNow() + HOUR_MS).run(HOUR_MS);
    const { reports } = await two.facts();
    const day = reports.find(({ series, tier }) => series === "publish_failures" && tier === "day")!;
    expect(day.trend!.anomalies.map(({ value }) => Math.round(value * 3600))).toEqual([33]); // over the hour and most of the next step
  });

  test("Trending keeps no more points than are looked at, however long it runs", async () => {
    await using dir = new TempDir();
    using one = await new Process(dir.file("store"), () => ({ health_score: 1 })).run(32 * DAY_MS);
    await one.stop();
    using asked = new Asked(limitsIn(dir.file("store")), 2);
    const kept = asked.open().facts!.kept!.points.map(({ tier, values }) => [tier, values.length / 2]);
    expect(kept).toEqual([
      ["day", TIERS.day.capacity],
      ["month", TIERS.month.capacity],
    ]);
  }, 30_000);

  test("Trending says when a series will cross its threshold, by what the thresholds are then", async () => {
    await using dir = new TempDir();
    using one = new Process(dir.file("store"), (wallMs) => ({ health_score: 100 - (wallMs - WALL_MS) / 60_000 }));
    await one.run(20 * 60_000);
    const crossing = async () => (await one.facts()).reports.find(({ series }) => series === "health_score")!;
    expect((await crossing()).trend!.crossing).toBeUndefined();
    one.thresholds = { health_score: { value: 50, worse: "below" } };
    await one.clock.run(10_000);
    const { trend, words } = await crossing();
    expect(trend!.crossing!.inSeconds).toBeCloseTo(30 * 60 - 10, 0);
    expect(words).toContain("crosses 50 points in 30 min");
  });

  test("Trending looks at one series in a turn, and not again before there is another sample", async () => {
    await using dir = new TempDir();
    using one = await new Process(dir.file("store"), () => ({ health_score: 1, restarts: 2 })).run(HOUR_MS);
    let turns = 0;
    const facts = one.trending.facts();
    const again = one.trending.facts();
    for (await one.clock.settle(); one.clock.immediates > 0; await one.clock.settle()) {
      expect(one.clock.immediates).toBe(1);
      one.clock.turn();
      turns++;
    }
    const { reports } = await facts;
    expect([turns, (await again).reports === reports]).toEqual([reports.length, true]);
    expect(reports.map(({ series, tier }) => `${series} ${tier}`)).toEqual([
      "event_latency_p99 hour",
      "redis_latency_p99 hour",
      "health_score hour",
      "health_score day",
      "publish_failures hour",
      "restarts hour",
      "restarts day",
    ]);
    await one.clock.run(10_000);
    expect((await one.facts()).reports).not.toBe(reports);
  });

  test("Trending says which optic is dying from the flaps of earlier processes and its own, also early ones", async () => {
    await using dir = new TempDir();
    {
      using asked = new Asked(limitsIn(dir.file("store")));
      asked.now = { wallMs: WALL_MS, monotonicMs: 0 };
      const old = { ...flap("Ethernet8", WALL_MS - 13 * DAY_MS), new: null };
      const older = flap("Ethernet4", WALL_MS - 15 * DAY_MS);
      const days = [10, 6, 4, 3, 2, 1.5, 1, 0.8, 0.6, 0.4, 0.3, 0.2, 0.1];
      asked.save([older, old, ...days.map((day) => flap("Ether\xffnet0", WALL_MS - day * DAY_MS))]);
      asked.save([flap("Ethernet12", WALL_MS - HOUR_MS), flap("Ethernet12", WALL_MS + DAY_MS)]);
    }
    using one = new Process(dir.file("store"), () => ({}));
    one.trending.flap("Ether\xffnet0");
    await one.clock.run(8000);
    one.trending.flap("Ethernet16");
    await one.run(2000); // the first sample
    one.trending.flap("Ether\xffnet0");
    await one.clock.run(0);
    const { ports } = await one.facts();
    expect(ports.map(({ port, verdict, flaps, episodes }) => [port, verdict, flaps, episodes])).toEqual([
      ["Ether\xffnet0", "dying", 15, 14],
      ["Ethernet12", "usual", 1, 1],
      ["Ethernet16", "usual", 1, 1],
    ]);
    await one.stop();
  });

  test("Trending counts a flap of its own once, though it is in the history, too", async () => {
    await using dir = new TempDir();
    using one = new Process(dir.file("store"), () => ({}));
    one.store.record(flap("Ethernet0", WALL_MS));
    one.trending.flap("Ethernet0");
    await one.run(9000);
    one.store.record(flap("Ethernet0", WALL_MS + 9000));
    one.trending.flap("Ethernet0");
    await one.clock.run(HOUR_MS);
    expect((await one.facts()).ports.map(({ flaps }) => flaps)).toEqual([2]);
    await one.stop();
    using two = await new Process(dir.file("store"), () => ({}), one.clock.wallNow()).run(20_000);
    expect((await two.facts()).ports.map(({ flaps }) => flaps)).toEqual([2]);
  });

  test("Trending takes the newest flaps where there are too many, and knows from when on it knows them", async () => {
    await using dir = new TempDir();
    {
      using asked = new Asked(limitsIn(dir.file("store")));
      asked.save([flap("Ethernet4", WALL_MS - 13 * DAY_MS)]);
      for (let i = MOST_FLAPS; i > 0; i -= 1000)
        asked.save(Array.from({ length: 1000 }, (_, j) => flap("Ethernet0", WALL_MS - (i - j) * 4000)));
    }
    using one = await new Process(dir.file("store"), () => ({})).run(20_000);
    const { ports } = await one.facts();
    expect(ports.map(({ port, lastDay }) => [port, lastDay])).toEqual([["Ethernet0", 24]]);
    expect(ports[0]!.perDayBefore).toBeWithin(5, 24); // 8 episodes that are remembered, over 20 hours
  });

  test("Trending cannot tell before the store was read, and goes without it where it is disabled or cannot be read", async () => {
    await using dir = new TempDir();
    await Bun.write(dir.file("file"), "");
    using one = new Process(dir.file("file"), () => ({ health_score: 1 }));
    await one.clock.run(60_000);
    expect(await one.trending.facts().catch((error: unknown) => error)).toBeInstanceOf(UnavailableError);
    one.trending.flap("Ethernet0");
    await one.run(60_000);
    expect(await one.points()).toMatchObject({ "health_score hour": 6 });
    expect((await one.facts()).ports).toMatchObject([{ port: "Ethernet0", flaps: 1 }]);
  });

  test("Trending goes on in order when the time of day was put back, and does without points that cannot be", async () => {
    await using dir = new TempDir();
    const score = () => ({ health_score: 50 });
    using one = await new Process(dir.file("store"), score).run(HOUR_MS);
    const point = (series: string, tier: string, ms: number) => ({ series, tier, ms, value: 1, most: 9 });
    one.store.addPoint(point("novel", "day", WALL_MS));
    one.store.addPoint(point("health_score", "century", WALL_MS));
    one.store.addPoint(point("health_score", "month", Infinity));
    await one.stop();
    using two = await new Process(dir.file("store"), score, Date.UTC(1970, 0, 2)).run(HOUR_MS);
    expect(await two.points()).toMatchObject({ "health_score day": 24 });
    const { reports } = await two.facts();
    const day = reports.find(({ series, tier }) => series === "health_score" && tier === "day")!;
    expect(day.trend!.lastMs - WALL_MS).toBeWithin(HOUR_MS, 2 * HOUR_MS + 1);
  });
});

import { describe, expect, test } from "bun:test";

import { reportTrend } from "../../../src/trend/report.ts";
import { UnavailableError } from "../../../src/util/unavailable.ts";
import { waitUntil } from "../../support/deadline.ts";
import { HttpRig } from "../rig.ts";
import { NOW_MS, sampleAlert, samplePort, STATUS } from "../sample.ts";
import { Described, type Listing } from "./described.ts";

const NOW = "2026-01-31T12:00:00.000Z";
/** A name with what JSON, HTML, a terminal and a URL each act on; 15 bytes in UTF-8. */
const HOSTILE = '<b>"\x1b[2J\u202e&/%';
const BYTES = Buffer.from(HOSTILE).toString("latin1");

async function started(): Promise<{ rig: HttpRig; described: Described } & AsyncDisposable> {
  const rig = await HttpRig.start();
  return { rig, described: await Described.by(rig), [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() };
}

describe("/api/v1", () => {
  test("lists every route with its parameters and what it answers", async () => {
    await using rig = await HttpRig.start();
    const { routes, $defs } = (await rig.json("/api/v1")) as Listing;
    expect(routes.map(({ method, path, response }) => [method, path, response])).toEqual([
      ["GET", "/", null],
      ["GET", "/metrics", null],
      ["GET", "/-/healthy", null],
      ["GET", "/-/ready", null],
      ["GET", "/api/v1/status", "#/$defs/Status"],
      ["GET", "/api/v1/ports", "#/$defs/Ports"],
      ["GET", "/api/v1/ports/{name}", "#/$defs/Port"],
      ["GET", "/api/v1/alerts", "#/$defs/Alerts"],
      ["GET", "/api/v1/trends", "#/$defs/Trends"],
      ["GET", "/api/v1/history", "#/$defs/History"],
    ]);
    for (const { response } of routes) if (response) expect(Object.keys($defs)).toContain(response.slice(8));
    for (const { meaning } of routes) expect(meaning).not.toBe("");
  });

  test("describes each field of each answer", async () => {
    await using rig = await HttpRig.start();
    const { $defs } = (await rig.json("/api/v1")) as Listing;
    const text = JSON.stringify($defs);
    expect(text).toContain('"additionalProperties":false');
    expect(text).not.toContain('"properties":{}');
    const { properties } = $defs["Port"] as { properties: Record<string, { description?: string }> };
    expect(Object.entries(properties).filter(([, { description }]) => !description)).toEqual([]);
  });

  test("has schemas by which a check finds what is not described", async () => {
    await using api = await started();
    const port = { ...((await api.rig.json("/api/v1/ports/Ethernet0")) as object) };
    expect(() => api.described.expect("Port", { ...port, novel: 1 })).toThrow();
    expect(() => api.described.expect("Port", { ...port, last_change: "yesterday" })).toThrow();
    expect(() => api.described.expect("Port", { ...port, flaps_total: -1 })).toThrow();
  });
});

describe("/api/v1/status", () => {
  test("tells how the daemon is, with reasons", async () => {
    await using api = await started();
    const { daemon } = api.rig;
    daemon.facts = {
      ...STATUS,
      health: {
        status: "degraded",
        score: 70,
        reasons: [{ name: "port_init_stalled", points: 30, text: "PortInitDone has waited for 300 s for Ethernet8" }],
      },
      databases: [{ name: "APPL_DB", isUsable: false, failure: "refused" }],
      portInit: { isDone: false, pending: [BYTES] },
      store: { ...STATUS.store, state: "degraded", reason: "disk full", corruptions: 2, lastCorruptionWallMs: NOW_MS },
      http: { listening: ["127.0.0.1:9101"], failure: "", certificateExpiresWallMs: NOW_MS },
    };
    daemon.allPorts = [
      samplePort("Ethernet0"),
      samplePort("Ethernet8", { kernel: undefined, published: undefined, isAwaited: true }),
    ];
    const status = await api.rig.json("/api/v1/status");
    api.described.expect("Status", status);
    expect(status).toMatchObject({
      time: NOW,
      version: "1.2.3",
      started: "2026-01-31T11:59:00.000Z",
      ready: true,
      health: { status: "degraded", score: 70, reasons: [{ name: "port_init_stalled", points: 30 }] },
      databases: [{ name: "APPL_DB", usable: false, failure: "refused" }],
      ports: { total: 2, in_sync: 2, with_problems: 1 },
      port_init: { done: false, pending: [HOSTILE] },
      store: {
        state: "degraded",
        reason: "disk full",
        corruptions_total: 2,
        last_corruption: NOW,
        last_recovery: null,
      },
      http: { listening: ["127.0.0.1:9101"], failure: "", certificate_expires: NOW },
      admin: { listening: [], certificate_expires: null },
    });
  });

  test("tells before the start is decided that it is not", async () => {
    await using api = await started();
    api.rig.daemon.facts = { ...STATUS, startKind: undefined, isReady: false };
    const status = await api.rig.json("/api/v1/status");
    api.described.expect("Status", status);
    expect(status).toMatchObject({
      start_kind: null,
      ready: false,
      store: { last_corruption: null, last_recovery: null },
    });
  });
});

describe("/api/v1/ports", () => {
  test("tells all ports as people count them, and what is wrong with each", async () => {
    await using api = await started();
    const down = { admin: true, oper: false, mtu: 9100 };
    api.rig.daemon.allPorts = [
      samplePort("Ethernet12", { kernel: down, published: { ...down, oper: true }, flaps: 3 }),
      samplePort("Ethernet8", {
        kernel: undefined,
        published: undefined,
        isAwaited: true,
        lastChangeWallMs: undefined,
      }),
      samplePort("Ethernet100", { kernel: { ...down, admin: false }, published: { ...down, admin: false } }),
    ];
    const ports = (await api.rig.json("/api/v1/ports")) as { ports: Record<string, unknown>[] };
    api.described.expect("Ports", ports);
    expect(ports).toMatchObject({ time: NOW, total: 3, next: null });
    expect(ports.ports).toMatchObject([
      {
        name: "Ethernet8",
        admin: null,
        oper: null,
        mtu: null,
        published: null,
        in_sync: true,
        awaited: true,
        problems: ["no_netdev"],
        last_change: null,
      },
      {
        name: "Ethernet12",
        oper: "down",
        published: { oper: "up" },
        in_sync: false,
        flaps_total: 3,
        problems: ["oper_down", "not_published"],
      },
      {
        name: "Ethernet100",
        admin: "down",
        oper: "down",
        in_sync: true,
        problems: [],
        last_change: "2026-01-31T11:59:59.000Z",
      },
    ]);
  });

  test("tells many in pieces that are all of them, once", async () => {
    await using api = await started();
    const names = Array.from({ length: 25 }, (_, i) => `Ethernet${i * 4}`);
    // Two names that could be shown alike, and one that others would take for a part of JSON.
    api.rig.daemon.allPorts = [...names, "\xff", "\xc3\xbf", BYTES].reverse().map((name) => samplePort(name));
    const found: string[] = [];
    for (let after: string | null = ""; after !== null && found.length < 100;) {
      const query: string = after === "" ? "" : `&after=${encodeURIComponent(after)}`;
      const page = (await api.rig.json(`/api/v1/ports?limit=4${query}`)) as {
        ports: { name: string }[];
        next: string | null;
      };
      api.described.expect("Ports", page);
      expect(page.ports.length).toBeLessThanOrEqual(4);
      found.push(...page.ports.map(({ name }) => name));
      after = page.next;
    }
    expect(found.filter((name) => name.startsWith("Ethernet"))).toEqual(names);
    expect(found.sort()).toEqual([...names, "/xff", "ÿ", HOSTILE].sort());
  });

  test("goes on behind a port that has gone meanwhile", async () => {
    await using rig = await HttpRig.start();
    rig.daemon.allPorts = ["Ethernet0", "Ethernet8"].map((name) => samplePort(name));
    expect(await rig.json("/api/v1/ports?after=Ethernet4")).toMatchObject({
      ports: [{ name: "Ethernet8" }],
      next: null,
    });
    expect(await rig.json("/api/v1/ports?after=Ethernet9")).toMatchObject({ ports: [], next: null });
  });

  for (const query of [
    "limit=0",
    "limit=2049",
    "limit=-1",
    "limit=1.5",
    "limit=x",
    "limit=",
    "limits=1",
    "limit=1&limit=1",
  ])
    test(`refuses ?${query}, and says what is allowed`, async () => {
      await using api = await started();
      const answer = await api.rig.fetch(`/api/v1/ports?${query}`);
      expect([answer.status, answer.headers.get("content-type")]).toEqual([400, "application/problem+json"]);
      const problem = await answer.json();
      api.described.expect("Problem", problem);
      expect(problem).toMatchObject({ status: 400, issues: [{ key: query.split("=")[0]! }] });
    });
});

describe("/api/v1/ports/{name}", () => {
  test("tells of one port, by the name under which it is shown", async () => {
    await using api = await started();
    api.rig.daemon.allPorts = [samplePort("Ethernet0"), samplePort(BYTES), samplePort("a\xff")];
    for (const name of ["Ethernet0", HOSTILE, "a/xff"]) {
      const port = await api.rig.json(`/api/v1/ports/${encodeURIComponent(name)}`);
      api.described.expect("Port", port);
      expect(port).toMatchObject({ name });
    }
  });

  test("escapes in a name what would act on a terminal, though it is JSON", async () => {
    await using rig = await HttpRig.start();
    rig.daemon.allPorts = [samplePort(BYTES)];
    const text = await (await rig.fetch(`/api/v1/ports/${encodeURIComponent(HOSTILE)}`)).text();
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    expect(JSON.parse(text)).toMatchObject({ name: HOSTILE });
  });

  test("says that there is no such port", async () => {
    await using rig = await HttpRig.start();
    const answer = await rig.fetch("/api/v1/ports/Ethernet1");
    expect([answer.status, await answer.json()]).toMatchObject([404, { title: "Not Found" }]);
  });
});

describe("/api/v1/alerts", () => {
  test("tells alerts, what needs somebody first, with rules and silences", async () => {
    await using api = await started();
    const { daemon } = api.rig;
    await daemon.create({ rule: "redis_down", port: "Eth*", reason: "upgrade", expires_in_secs: 60 });
    daemon.allAlerts = [
      sampleAlert("over", { state: "resolved", severity: "critical" }),
      sampleAlert("quiet", { state: "suppressed", severity: "critical", silence: daemon.silences[0]! }),
      sampleAlert("soon", { state: "pending" }),
      sampleAlert("bad", { port: HOSTILE }),
      sampleAlert("worst", { severity: "critical" }),
    ];
    const alerts = (await api.rig.json("/api/v1/alerts")) as { alerts: { rule: string }[] };
    api.described.expect("Alerts", alerts);
    expect(alerts.alerts.map(({ rule }) => rule)).toEqual(["worst", "bad", "soon", "quiet", "over"]);
    const silence = {
      id: "silence-1",
      rule: "redis_down",
      severity: null,
      port: "Eth*",
      reason: "upgrade",
      created: NOW,
      expires: "2026-01-31T12:01:00.000Z",
    };
    expect(alerts).toMatchObject({
      alerts: [
        { severity: "critical", state: "firing", port: null, since: "2026-01-31T11:59:30.000Z", value: 1 },
        { port: HOSTILE, summary: "bad is on", action: "look at it" },
        { state: "pending", started: null },
        { state: "suppressed", silence },
        { state: "resolved", silence: null },
      ],
      rules: [{ rule: "redis_down", enabled: true, value: null }, { rule: "port_flapping" }],
      silences: [silence],
    });
  });
});

describe("/api/v1/trends", () => {
  test("tells trends in numbers and words; what is infinite is null", async () => {
    await using api = await started();
    const rising = Array.from({ length: 60 }, (_, i) => ({
      ms: NOW_MS - 600_000 + i * 10_000,
      value: 0.001 + i * 1e-5,
    }));
    const few = rising.slice(0, 5);
    const threshold = { value: 0.002, worse: "above" } as const;
    api.rig.daemon.trendFacts = {
      reports: [
        reportTrend("event_latency_p99", "hour", rising, threshold),
        reportTrend("redis_latency_p99", "day", few),
        reportTrend("restarts", "month", []),
      ],
      ports: [
        {
          port: BYTES,
          verdict: "dying",
          lastDay: 4,
          perDayBefore: 0.5,
          flaps: 90,
          episodes: 9,
          shared: 1,
          risingConfidence: 0.99,
          worseConfidence: 0.999,
        },
      ],
    };
    const trends = await api.rig.json("/api/v1/trends");
    api.described.expect("Trends", trends);
    expect(trends).toMatchObject({
      time: NOW,
      series: [
        {
          series: "event_latency_p99",
          tier: "hour",
          unit: "seconds",
          trend: { points: 60, direction: "rising", first: "2026-01-31T11:50:00.000Z" },
        },
        { series: "redis_latency_p99", trend: { low_per_second: null, high_per_second: null, crossing: null } },
        { series: "restarts", unit: "restarts per second", trend: null, words: "too few points to tell: 0 of 5" },
      ],
      ports: [{ port: HOSTILE, verdict: "dying", episodes_last_day: 4, shared_episodes: 1 }],
    });
    const { series } = trends as { series: { trend: { per_second: number; crossing: { in_seconds: number } } }[] };
    expect(series[0]!.trend.per_second).toBeCloseTo(1e-6, 9);
    expect(series[0]!.trend.crossing.in_seconds).toBeCloseTo((0.002 - 0.00159) / 1e-6, -1);
  });
});

describe("/api/v1/trends of very many ports", () => {
  test("tells the worst 1,024, in their order", async () => {
    await using api = await started();
    const few = { lastDay: 0, perDayBefore: 0, flaps: 1, episodes: 1, shared: 0 };
    const usual = { verdict: "usual", ...few, risingConfidence: 0, worseConfidence: 0 } as const;
    const ports = Array.from({ length: 1500 }, (_, i) => ({ port: `Ethernet${i}`, ...usual }));
    api.rig.daemon.trendFacts = { reports: [], ports };
    const trends = (await api.rig.json("/api/v1/trends")) as { ports: { port: string }[] };
    expect(trends.ports.map(({ port }) => port)).toEqual(ports.slice(0, 1024).map(({ port }) => port));
  });
});

describe("/api/v1/history", () => {
  const state = { admin: true, oper: true, mtu: 9100 };
  const transitions = Array.from({ length: 7 }, (_, i) => {
    const port = i % 2 ? "Ethernet0" : BYTES;
    return {
      id: i + 1,
      wallMs: NOW_MS - (7 - i) * 60_000,
      port,
      cause: "event" as const,
      old: i === 0 ? null : state,
      new: state,
    };
  });

  test("tells the newest transitions first, in pieces", async () => {
    await using api = await started();
    api.rig.daemon.transitions = [...transitions];
    const first = (await api.rig.json("/api/v1/history?limit=4")) as { transitions: { id: number }[]; next: number };
    api.described.expect("History", first);
    expect(first.transitions.map(({ id }) => id)).toEqual([7, 6, 5, 4]);
    expect(first.next).toBe(4);
    const rest = await api.rig.json(`/api/v1/history?limit=4&before=${first.next}`);
    api.described.expect("History", rest);
    expect(rest).toMatchObject({
      transitions: [
        { id: 3 },
        { id: 2 },
        { id: 1, port: HOSTILE, cause: "event", old: null, new: { admin: "up", oper: "up", mtu: 9100 } },
      ],
      next: null,
    });
  });

  test("tells of one port, since some time", async () => {
    await using rig = await HttpRig.start();
    rig.daemon.transitions = [...transitions];
    const found = async (query: string): Promise<number[]> => {
      const { transitions: all } = (await rig.json(`/api/v1/history?${query}`)) as { transitions: { id: number }[] };
      return all.map(({ id }) => id);
    };
    expect(await found("port=Ethernet0")).toEqual([6, 4, 2]);
    expect(await found(`port=${encodeURIComponent(HOSTILE)}&since=3m`)).toEqual([7, 5]);
    expect(await found("since=2026-01-31T11:58Z")).toEqual([7, 6]);
    expect((await rig.fetch("/api/v1/history?since=yesterday")).status).toBe(400);
  });

  test("answers with null what no calendar has", async () => {
    await using api = await started();
    api.rig.daemon.transitions = [{ ...transitions[1]!, wallMs: 9e15 }];
    const history = await api.rig.json("/api/v1/history");
    api.described.expect("History", history);
    expect(history).toMatchObject({ transitions: [{ time: null }] });
  });

  test("says why it is not known when the store cannot tell", async () => {
    await using rig = await HttpRig.start();
    rig.daemon.history = () => Promise.reject(new UnavailableError("the history is not kept"));
    const answer = await rig.fetch("/api/v1/history");
    expect([answer.status, await answer.json()]).toMatchObject([503, { detail: "the history is not kept" }]);
  });

  test("gives up a store that does not answer, and lets no more than four wait for it", async () => {
    await using rig = await HttpRig.start();
    const asked: unknown[] = [];
    rig.daemon.history = (query) => {
      asked.push(query);
      return new Promise(() => {});
    };
    const waiting = Array.from({ length: 6 }, (_, i) => rig.fetch(`/api/v1/history?limit=${i + 1}`));
    const first = await Promise.race(waiting);
    expect([first.status, await first.json()]).toMatchObject([503, { detail: "4 are asking already" }]);
    await waitUntil("four questions", () => asked.length === 4);
    await rig.clock.run(10_000);
    const statuses = (await Promise.all(waiting)).map(({ status }) => status);
    expect(statuses).toEqual([503, 503, 503, 503, 503, 503]);
    expect(asked).toHaveLength(4);
    expect((await rig.fetch("/-/ready")).status).toBe(200);
  });
});

import { describe, expect, test } from "bun:test";

import { HttpRig } from "./rig.ts";
import { STATUS } from "./sample.ts";

describe("serverRoutes", () => {
  test("hands /metrics on as they are, with the type that Prometheus expects", async () => {
    await using rig = await HttpRig.start();
    const answer = await rig.fetch("/metrics");
    expect([answer.status, await answer.text()]).toEqual([200, "# TYPE up gauge\nup 1\n"]);
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  });

  test("waits for metrics that are not there at once", async () => {
    await using rig = await HttpRig.start();
    rig.daemon.metrics = () => Promise.resolve("late 1\n");
    expect(await (await rig.fetch("/metrics")).text()).toBe("late 1\n");
  });

  test("says by /-/healthy whether the daemon is unhealthy, and why", async () => {
    await using rig = await HttpRig.start();
    const reasons = [{ name: "redis_down", points: 60, text: "Redis is \x1b[2J gone" }] as const;
    const told: [number, string][] = [];
    for (const health of [
      STATUS.health,
      { status: "degraded", score: 60, reasons } as const,
      { status: "unhealthy", score: 40, reasons } as const,
    ]) {
      rig.daemon.facts = { ...STATUS, health };
      const answer = await rig.fetch("/-/healthy");
      told.push([answer.status, await answer.text()]);
    }
    expect(told).toEqual([
      [200, "healthy, 100 of 100\n"],
      [200, "degraded, 60 of 100: Redis is \\x1b[2J gone (-60)\n"],
      [503, "unhealthy, 40 of 100: Redis is \\x1b[2J gone (-60)\n"],
    ]);
  });

  test("says by /-/ready whether the start is over", async () => {
    await using rig = await HttpRig.start();
    rig.daemon.facts = { ...STATUS, isReady: false };
    expect((await rig.fetch("/-/ready")).status).toBe(503);
    rig.daemon.facts = STATUS;
    expect((await rig.fetch("/-/ready")).status).toBe(200);
  });

  test("changes nothing: what is not to read is refused, and told what is", async () => {
    await using rig = await HttpRig.start();
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      const answer = await rig.fetch("/api/v1/alerts", { method });
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    }
    for (const method of ["POST", "GET"]) expect((await rig.fetch("/api/v1/silences", { method })).status).toBe(404);
    expect((await rig.fetch("/api/v1/silences/1", { method: "DELETE" })).status).toBe(404);
    expect(rig.daemon.silences).toEqual([]);
  });

  test("knows no other paths", async () => {
    await using rig = await HttpRig.start();
    for (const path of ["/metrics/", "/api", "/api/v1/", "/api/v2/status", "/-/", "/api/v1/ports/a/b", "/%2d/ready"])
      expect([path, (await rig.fetch(path)).status]).toEqual([path, 404]);
  });

  test("refuses a parameter that a route does not have", async () => {
    await using rig = await HttpRig.start();
    const answer = await rig.fetch("/metrics?name%5B%5D=up");
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { issues: [{ key: "name[]", message: "allowed: none" }] },
    ]);
  });
});

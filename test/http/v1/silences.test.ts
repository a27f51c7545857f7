import { describe, expect, test } from "bun:test";

import { waitUntil } from "../../support/deadline.ts";
import { TempDir } from "../../support/tempdir.ts";
import { AdminRig } from "../adminrig.ts";
import { RawClient } from "../rawclient.ts";
import { request } from "../rig.ts";
import { Described, type Listing } from "./described.ts";

const PATH = "/api/v1/silences";
const WANTED = { rule: "redis_down", reason: "upgrade of Redis", expires_in_secs: 7200 };

async function started(): Promise<{ rig: AdminRig; described: Described } & AsyncDisposable> {
  const dir = new TempDir();
  const rig = await AdminRig.start(dir.file("admin.sock"));
  const end = async (): Promise<void> => {
    await rig[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  };
  return { rig, described: await Described.by(rig), [Symbol.asyncDispose]: end };
}

describe("silenceRoutes", () => {
  test("are listed on the admin socket, beside all others", async () => {
    await using api = await started();
    const listed = ((await api.rig.json("/api/v1")) as Listing).routes.map(({ method, path }) => `${method} ${path}`);
    expect(listed).toEqual(
      expect.arrayContaining([
        `GET ${PATH}`,
        `POST ${PATH}`,
        `DELETE ${PATH}/{id}`,
        "GET /metrics",
        "GET /api/v1/alerts",
      ]),
    );
  });

  test("say of a silence that is not kept why", async () => {
    await using api = await started();
    api.rig.daemon.notKept = "the disk is full";
    const made = await api.rig.post(PATH, WANTED);
    expect(await made.json()).toMatchObject({ id: "silence-1", not_kept: "the disk is full" });
  });

  test("make a silence, show it, and end it", async () => {
    await using api = await started();
    const made = await api.rig.post(PATH, { ...WANTED, severity: "critical", port: "Ethernet*" });
    const { not_kept, ...silence } = (await made.json()) as { not_kept: string | null };
    expect([made.status, made.headers.get("location")]).toEqual([201, `${PATH}/silence-1`]);
    api.described.expect("MadeSilence", { ...silence, not_kept });
    expect(not_kept).toBeNull();
    expect(silence).toEqual({
      id: "silence-1",
      rule: "redis_down",
      severity: "critical",
      port: "Ethernet*",
      reason: "upgrade of Redis",
      created: "2026-01-31T12:00:00.000Z",
      expires: "2026-01-31T14:00:00.000Z",
    });
    const shown = await api.rig.json(PATH);
    api.described.expect("Silences", shown);
    expect(shown).toEqual({ silences: [silence] });
    const ended = await api.rig.fetch(`${PATH}/silence-1`, { method: "DELETE" });
    expect([ended.status, await ended.json()]).toEqual([200, silence]);
    expect(api.rig.daemon.silences).toEqual([]);
    expect((await api.rig.fetch(`${PATH}/silence-1`, { method: "DELETE" })).status).toBe(404);
  });

  test("hand the name of a port on as it is shown, which is how the rules know it", async () => {
    await using api = await started();
    await api.rig.post(PATH, { ...WANTED, port: "é" });
    expect(api.rig.daemon.silences[0]!.matcher.port).toBe("é");
    expect(await api.rig.json(PATH)).toMatchObject({ silences: [{ port: "é" }] });
  });

  const WRONG: readonly (readonly [string, unknown, number, object])[] = [
    [
      "a rule that does not exist",
      { ...WANTED, rule: "redis_don" },
      422,
      { issues: [{ key: "rule", message: "there is no such rule, did you mean redis_down?" }] },
    ],
    ["a pattern that no rule matches", { ...WANTED, rule: "*x" }, 422, { issues: [{ key: "rule" }] }],
    ["no reason", { ...WANTED, reason: " " }, 422, { issues: [{ key: "reason" }] }],
    ["no end", { ...WANTED, expires_in_secs: -1 }, 422, { issues: [{ key: "expires_in_secs" }] }],
    ["no rule, severity or port", { reason: "x", expires_in_secs: 1 }, 422, { issues: [{ key: "rule" }] }],
    ["a key that does not exist", { ...WANTED, expires: 1 }, 422, { issues: [{ key: "expires" }] }],
    ["an array", [WANTED], 400, { detail: "the body must be a JSON object" }],
    ["null", null, 400, {}],
    ["half of JSON", '{"rule":', 400, { detail: "the body is not JSON" }],
    ["too much", { ...WANTED, reason: "x".repeat(20_000) }, 413, { detail: "the body may have at most 16384 bytes" }],
  ];
  for (const [name, body, status, problem] of WRONG)
    test(`refuse ${name}`, async () => {
      await using api = await started();
      const answer = await api.rig.post(PATH, body);
      const found = await answer.json();
      api.described.expect("Problem", found);
      expect([answer.status, found]).toMatchObject([status, problem]);
      expect(api.rig.daemon.silences).toEqual([]);
      expect((await api.rig.post(PATH, WANTED)).status).toBe(201);
    });

  test("refuse what does not say that it is JSON, which a page of another site could send", async () => {
    await using api = await started();
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"]) {
      const answer = await api.rig.post(PATH, WANTED, { "Content-Type": type });
      expect(answer.status).toBe(415);
    }
    expect((await api.rig.post(PATH, WANTED, { "Content-Type": "application/json; charset=utf-8" })).status).toBe(201);
  });

  test("give up a body that does not end", async () => {
    await using api = await started();
    using client = await RawClient.open(api.rig.path);
    client.send(request(PATH, "Content-Type: application/json\r\nContent-Length: 100\r\n", "POST"));
    client.send('{"rule":');
    await waitUntil("request", () => api.rig.clock.timers >= 2);
    await api.rig.clock.run(30_000);
    await client.ends();
    expect(api.rig.daemon.silences).toEqual([]);
    expect((await api.rig.fetch("/-/ready")).status).toBe(200);
  });

  test("do not read a body that nobody wants", async () => {
    await using api = await started();
    const answer = await api.rig.fetch(`${PATH}/silence-1`, { method: "DELETE", body: "{}" });
    expect(answer.status).toBe(404); // it is not read, so it cannot be of use
    expect((await api.rig.fetch(`${PATH}`, { method: "PUT", body: "{}" })).headers.get("allow")).toBe(
      "GET, HEAD, POST",
    );
  });
});

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { AdminRig } from "../http/adminrig.ts";
import { sampleAlert, samplePort, STATUS } from "../http/sample.ts";
import { waitUntil } from "../support/deadline.ts";
import { TempDir } from "../support/tempdir.ts";
import { type Ended, runPortsyncd } from "./portsyncd.ts";

/** What prints would do to a terminal. */
const HOSTILE = "\x1b[2J";

describe("portsyncd", () => {
  let dir: TempDir;
  let rig: AdminRig;
  let config: string;
  beforeEach(async () => {
    dir = new TempDir();
    rig = await AdminRig.start(dir.file("admin.sock"));
    config = dir.file("portsyncd.conf");
    await Bun.write(config, `[http]\nadmin_socket = ${JSON.stringify(rig.path)}\n`);
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });

  function run(...args: readonly string[]): Promise<Ended> {
    return runPortsyncd(...args, "--config", config);
  }

  /** The lines that a command prints; it ends well. */
  async function linesOf(...args: readonly string[]): Promise<string[]> {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stderr]).toEqual([0, ""]);
    return stdout.trimEnd().split("\n");
  }

  test("status prints how the daemon is, what is wrong first", async () => {
    rig.daemon.facts = {
      ...STATUS,
      isReady: false,
      health: {
        status: "degraded",
        score: 70,
        reasons: [{ name: "port_init_stalled", points: 30, text: `PortInitDone waits ${HOSTILE}` }],
      },
      databases: [...STATUS.databases, { name: "APPL_DB", isUsable: false, failure: "refused" }],
      portInit: { isDone: false, pending: ["Ethernet8", HOSTILE] },
      store: { ...STATUS.store, state: "degraded", reason: "disk full" },
      http: { listening: ["127.0.0.1:9101"], failure: "[::1]:9101: no", certificateExpiresWallMs: 0 },
    };
    rig.daemon.allPorts.push(samplePort("Ethernet8", { published: undefined }));
    expect(await linesOf("status")).toEqual([
      "degraded, 70 of 100; not ready yet",
      "  PortInitDone waits \\x1b[2J (-30)",
      "ports        2 of 3 in sync, 1 not in order",
      "PortInitDone waits for Ethernet8 \\x1b[2J",
      "kernel       5 links",
      "STATE_DB     connected",
      "APPL_DB      refused",
      "history      degraded: disk full",
      "HTTP         127.0.0.1:9101 (certificate until 1970-01-01T00:00:00.000Z); [::1]:9101: no",
      "admin socket off",
      "running      since 2026-01-31T11:59:00.000Z, cold start, version 1.2.3",
    ]);
    const [json, ...rest] = await linesOf("status", "--json");
    expect(rest).toEqual([]);
    expect(JSON.parse(json!)).toEqual(await rig.json("/api/v1/status"));
  });

  test("status says nothing of PortInitDone where nobody is told of it", async () => {
    rig.daemon.facts = { ...STATUS, mode: "standalone", portInit: { isDone: false, pending: [] } };
    expect((await linesOf("status")).join("\n")).not.toContain("PortInitDone");
    rig.daemon.facts = { ...STATUS, portInit: { isDone: false, pending: [] } };
    expect(await linesOf("status")).toContain("PortInitDone not sent");
  });

  test("alerts prints the alerts, the most urgent first, and the silences", async () => {
    await rig.daemon.create({ rule: "redis_*", reason: `upgrade${HOSTILE}`, expires_in_secs: 60 });
    const silence = rig.daemon.silences[0]!;
    rig.daemon.allAlerts = [
      sampleAlert("over", { state: "resolved", annotations: { summary: HOSTILE, description: "", action: "" } }),
      sampleAlert("redis_down", { state: "suppressed", severity: "critical", silence }),
      sampleAlert("port_flapping", { port: HOSTILE }),
    ];
    const silenced = "silence-1 of redis_* until 2026-01-31T12:01:00.000Z: upgrade\\x1b[2J";
    expect(await linesOf("alerts")).toEqual([
      'firing     warning  port_flapping "\\x1b[2J" since 2026-01-31T11:59:30.000Z: port_flapping is on',
      "  look at it",
      "suppressed critical redis_down since 2026-01-31T11:59:30.000Z: redis_down is on",
      "  look at it",
      `  silenced by ${silenced}`,
      "resolved   warning  over since 2026-01-31T11:59:30.000Z; it was: \\x1b[2J",
      `silence ${silenced}`,
    ]);
    const json = (await linesOf("alerts", "--json")).map((line) => JSON.parse(line) as object);
    expect(json).toMatchObject([{ rule: "port_flapping", port: HOSTILE }, { rule: "redis_down" }, { rule: "over" }]);
  });

  test("alerts prints that there are none, and as JSON nothing", async () => {
    expect(await linesOf("alerts")).toEqual(["no alerts"]);
    expect((await run("alerts", "--json")).stdout).toBe("");
  });

  test("silence makes a silence and unsilence ends it", async () => {
    const made = "silence-1 of redis_down, critical, Ethernet* until 2026-01-31T14:00:00.000Z: upgrade of Redis";
    const words = ["silence", "redis_down", "--for", "2h", "--reason", "upgrade of Redis"];
    expect(await linesOf(...words, "--port", "Ethernet*", "--severity", "critical")).toEqual([`silence ${made}`]);
    expect(rig.daemon.silences).toHaveLength(1);
    expect(await linesOf("unsilence", "silence-1")).toEqual([`ended ${made}`]);
    expect(rig.daemon.silences).toEqual([]);
    const [json] = await linesOf(...words, "--json");
    expect(JSON.parse(json!)).toMatchObject({ rule: "redis_down", severity: null, reason: "upgrade of Redis" });
  });

  test("silence says of one that is not kept why", async () => {
    rig.daemon.notKept = "the disk is full";
    const lines = await linesOf("silence", "redis_down", "--for", "2h", "--reason", "x");
    expect(lines[1]).toBe("it is not kept over a restart: the disk is full");
  });

  test("silence says which rule was meant, and makes none", async () => {
    const { code, stdout, stderr } = await run("silence", "redis_don", "--for", "2h", "--reason", "x");
    expect([code, stdout]).toEqual([64, ""]);
    expect(stderr).toBe("portsyncd: the silence was not made; rule: there is no such rule, did you mean redis_down?\n");
    expect(rig.daemon.silences).toEqual([]);
  });

  test("unsilence says that there is no such silence", async () => {
    const { code, stderr } = await run("unsilence", "../alerts");
    expect([code, stderr]).toEqual([64, "portsyncd: there is no such silence; it may have expired\n"]);
  });

  test("trends prints series and ports", async () => {
    rig.daemon.trendFacts = {
      reports: [{ series: "restarts", tier: "day", trend: undefined, words: "too few points to tell: 0 of 5" }],
      ports: [
        {
          port: HOSTILE,
          verdict: "dying",
          lastDay: 4,
          perDayBefore: 0.5,
          flaps: 90,
          episodes: 9,
          shared: 0,
          risingConfidence: 0.99,
          worseConfidence: 0.999,
        },
      ],
    };
    expect(await linesOf("trends")).toEqual([
      "restarts          day   too few points to tell: 0 of 5",
      '"\\x1b[2J"       dying    90 flaps in 9 episodes, 4 episodes in the last day, 0.5 a day before, ' +
        "ever more often (99 % sure), more than other ports (over 99.9 % sure)",
    ]);
    const json = (await linesOf("trends", "--json")).map((line) => JSON.parse(line) as object);
    expect(json).toMatchObject([
      { series: "restarts", trend: null },
      { port: HOSTILE, verdict: "dying" },
    ]);
  });

  test("asks the daemon of the namespace that is named", async () => {
    mkdirSync(dir.file("asic0"));
    await using other = await AdminRig.start(join(dir.path, "asic0/admin.sock"));
    other.daemon.facts = { ...STATUS, namespace: "asic0", version: "of asic0" };
    const [json] = await linesOf("status", "--json", "--namespace", "asic0");
    expect(JSON.parse(json!)).toMatchObject({ namespace: "asic0", version: "of asic0" });
  });

  test("says that no daemon answers, or has no admin socket", async () => {
    await rig.server.close();
    for (const command of [["status"], ["alerts"], ["trends"], ["unsilence", "1"]]) {
      const { code, stdout, stderr } = await run(...command);
      expect([code, stdout, stderr]).toEqual([69, "", `portsyncd: ${rig.path}: no daemon answers there\n`]);
    }
    await Bun.write(config, '[http]\nadmin_socket = ""\n');
    const { code, stderr } = await run("status");
    expect([code, stderr]).toEqual([69, "portsyncd: the daemon has no admin socket: [http] admin_socket is empty\n"]);
  });

  test("gives up a daemon that is too busy", async () => {
    rig.daemon.trends = () => new Promise(() => {});
    const asking = run("trends");
    await waitUntil("question", () => rig.clock.timers > 2);
    await rig.clock.run(10_000);
    expect(await asking).toEqual({ code: 69, stdout: "", stderr: "portsyncd: there was no answer within 10 s\n" });
  });

  test("tells what is wrong with the configuration by which it would find the daemon", async () => {
    await Bun.write(config, '[http]\nlisten = ["0.0.0.0:1"]\n');
    const { code, stderr } = await run("status");
    expect(code).toBe(78);
    expect(stderr).toStartWith(`${config}: http.listen[0]: "0.0.0.0:1" can be reached by other machines`);
  });
});

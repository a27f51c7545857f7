import { describe, expect, test } from "bun:test";

import type { Silence } from "../../src/alert/silence.ts";
import type { MadeSilence } from "../../src/http/sources.ts";
import { MOST_SILENCES, Silences } from "../../src/watch/silences.ts";
import { collectLog } from "../port/loglines.ts";
import { openStore } from "../store/inprocess.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { TempDir } from "../support/tempdir.ts";
import { KeepingProcess } from "./keepingprocess.ts";

const WANTED = { rule: "redis_down", reason: "upgrade", expires_in_secs: 3600 };
const CONNECTED = "portsyncd_redis_connected";

const lines = collectLog();

/** Makes a silence, and lets the clock go on until it is made. */
async function make(
  { silences, clock }: Pick<KeepingProcess, "silences" | "clock">,
  request: object = WANTED,
): Promise<MadeSilence> {
  const made = silences.create({ ...request });
  await clock.run(3000);
  const silence = await made;
  if (!("id" in silence)) throw new Error(JSON.stringify(silence));
  return silence;
}

describe("Silences", () => {
  test("Silences.create makes one that is on the disk before it says so, and goes on over a crash until it expires", async () => {
    await using dir = new TempDir();
    using one = await KeepingProcess.start(dir.file("store")).load();
    one.metrics.set(CONNECTED, 0);
    const madeMs = one.clock.wallNow();
    const { notKept, ...silence } = await make(one, { ...WANTED, port: "Ether\xff*" });
    expect(notKept).toBe("");
    expect(silence).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown as string,
      matcher: { rule: "redis_down", port: "Ether\xff*" },
      reason: "upgrade",
      createdWallMs: madeMs,
      expiresWallMs: madeMs + 3_600_000,
    });
    using two = await one.crash(dir.file("store"), 60);
    expect(two.silences.list).toEqual([]);
    await two.load();
    two.silences.restore();
    expect(two.silences.list).toEqual([silence]);
    two.clock.setWall(silence.expiresWallMs - 1);
    expect(two.silences.list).toEqual([silence]);
    two.clock.setWall(silence.expiresWallMs);
    expect(two.silences.list).toEqual([]);
  });

  test("Silences keep an alert suppressed over a restart, from the first look on, and no longer than they last", async () => {
    await using dir = new TempDir();
    using one = await KeepingProcess.start(dir.file("store")).load();
    one.metrics.set(CONNECTED, 0);
    await make(one, { ...WANTED, expires_in_secs: 100 });
    await one.look(30);
    expect(one.state("redis_down")).toBe("suppressed");
    using two = await (await one.crash(dir.file("store"), 20)).load();
    two.metrics.set(CONNECTED, 0);
    await two.look(5);
    const { transitions } = two.alerting.statistics.find(({ rule }) => rule === "redis_down")!;
    expect([two.state("redis_down"), transitions.firing]).toEqual(["suppressed", 0]);
    await two.look(60);
    expect(two.state("redis_down")).toBe("firing");
  });

  test("Silences.create says in the log what is silenced, and why", async () => {
    await using dir = new TempDir();
    using one = await KeepingProcess.start(dir.file("store")).load();
    const { id } = await make(one, { rule: "port_*", port: "Ethernet0", reason: "new optic", expires_in_secs: 60 });
    expect(lines()).toEqual([`NOTICE :- alert: silence ${id} of "port_*, Ethernet0": "new optic"`]);
  });

  test("Silences.remove ends one at once and for good, and knows no other", async () => {
    await using dir = new TempDir();
    using one = await KeepingProcess.start(dir.file("store")).load();
    one.metrics.set(CONNECTED, 0);
    const { notKept: _, ...silence } = await make(one);
    const other = await make(one, { ...WANTED, severity: "info" });
    await one.look(30);
    const removed = one.silences.remove(silence.id);
    await one.clock.run(1000);
    expect(await removed).toEqual(silence);
    expect(await one.silences.remove(silence.id)).toBeUndefined();
    await one.look(5);
    expect(one.state("redis_down")).toBe("firing");
    using two = await (await one.crash(dir.file("store"), 60)).load();
    two.silences.restore();
    expect(two.silences.list.map(({ id }) => id)).toEqual([other.id]);
    two.clock.setWall(other.expiresWallMs);
    expect(await two.silences.remove(other.id)).toBeUndefined();
  });

  test("Silences.create refuses what makes no sense, and more than there may be", async () => {
    await using dir = new TempDir();
    using one = KeepingProcess.start(dir.file("store"));
    expect(await one.silences.create({ reason: "x" })).toMatchObject([{ key: "expires_in_secs" }, { key: "rule" }]);
    const many = Array.from({ length: MOST_SILENCES }, () => one.silences.create(WANTED));
    expect(await one.silences.create(WANTED)).toEqual([
      { key: "rule", message: "there are 1000 silences already; end one of them first" },
    ]);
    one.clock.setWall(one.clock.wallNow() + 3_600_000);
    const next = one.silences.create(WANTED);
    await one.clock.run(3000);
    expect("id" in (await next)).toBe(true);
    expect(await Promise.all(many)).toHaveLength(MOST_SILENCES);
  });

  test("Silences.create says so when a silence is not kept, and it works all the same", async () => {
    await using dir = new TempDir();
    using one = KeepingProcess.start(dir.file("store"));
    one.metrics.set(CONNECTED, 0);
    const made = await make(one); // the store is not open yet
    expect(made.notKept).toBe("the disk has not answered yet");
    await one.look(30);
    expect(one.state("redis_down")).toBe("suppressed");
    await one.load();
    using two = await (await one.crash(dir.file("store"), 1)).load();
    two.silences.restore();
    expect(two.silences.list.map(({ id }) => id)).toEqual([made.id]); // it was kept when that could be done
    await Bun.write(dir.file("file"), "");
    using three = await KeepingProcess.start(dir.file("file")).load();
    expect((await make(three)).notKept).toEndWith("file: it is not a directory");
    expect(three.silences.list).toHaveLength(1);
  });

  test("Silences are in memory where the store is disabled, and say so", async () => {
    const clock = new FakeClock();
    using real = openStore("/nowhere", clock);
    const seen: (readonly Silence[])[] = [];
    const disabled = {
      keepsakes: () => undefined,
      keep: () => {},
      whenSaved: () => Promise.resolve(false),
      status: { ...real.status, state: "disabled" as const },
    };
    const silences = new Silences(disabled, clock, (all) => void seen.push(all));
    const made = await make({ silences, clock });
    expect([made.notKept, silences.list.length, seen.length]).toEqual(["store.enabled is false", 1, 1]);
    await silences.remove(made.id);
    expect(seen.at(-1)).toEqual([]);
  });

  test("Silences are not kept any more a week after they expired, so that a clock that was wrong does no harm", async () => {
    await using dir = new TempDir();
    using one = await KeepingProcess.start(dir.file("store")).load();
    const made = await make(one);
    const kept = () => [...one.store.keepsakes("silence")!.keys()];
    one.clock.setWall(made.expiresWallMs + 6 * 86_400_000);
    const second = await make(one);
    expect(kept()).toEqual([made.id, second.id]);
    one.clock.setWall(made.expiresWallMs + 7 * 86_400_000);
    const third = await make(one);
    expect(kept()).toEqual([second.id, third.id]);
  });
});

import { describe, expect, test } from "bun:test";

import { packTransitions, unpackTransitions } from "../../src/store/columns.ts";
import type { HistoryPage } from "../../src/store/historypage.ts";
import { NOTHING_KEPT } from "../../src/store/kept.ts";
import type { Facts, Reply, Request } from "../../src/store/message.ts";
import type { StoreOptions } from "../../src/store/options.ts";
import { MOST_COUNTERS } from "../../src/store/queue.ts";
import { EMPTY_TALLY } from "../../src/store/status.ts";
import { Store } from "../../src/store/store.ts";
import type { ThreadObserver } from "../../src/store/thread.ts";
import { UnavailableError } from "../../src/util/unavailable.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { DEAF, limitsIn, NOTHING_FOUND, transitionAt, transitionsFrom, WALL_MS } from "./requests.ts";

const DELAY_MS = 250;
const START = { wallMs: WALL_MS, kind: "cold", restoreCount: 0, version: "1" } as const;

const ALL = { port: undefined, sinceWallMs: undefined, beforeId: undefined, limit: 10 };
const page = (ids: number[], nextBeforeId?: number) => ({
  ids,
  columns: packTransitions(ids.map((id) => transitionAt(id))),
  nextBeforeId,
});

/** A store whose thread is the test. */
class Scripted {
  readonly clock = new FakeClock(WALL_MS);
  readonly requests: Request[] = [];
  readonly states: string[] = [];
  /** The counter "flaps" each time that the store said that it is known. */
  readonly loaded: number[] = [];
  readonly store: Store;
  threads = 0;
  terminated = 0;
  #observer: ThreadObserver | undefined;

  constructor(options: Partial<StoreOptions> = {}) {
    const all = { ...limitsIn("/nowhere"), enabled: true, backupIntervalMs: 300_000, ...options };
    const observer = {
      ...DEAF,
      onState: (state: string, reason: string) => void this.states.push(`${state}: ${reason}`),
      onLoaded: () => void this.loaded.push(this.store.counter("flaps")),
    };
    this.store = new Store(all, this.clock, observer, (threadObserver) => {
      this.#observer = threadObserver;
      this.threads++;
      return { post: (request) => void this.requests.push(request), terminate: () => void this.terminated++ };
    });
    this.store.open();
  }

  /** The kinds of all requests so far. */
  get kinds(): string {
    return this.requests.map(({ kind }) => kind).join(" ");
  }

  /** The transitions of the last request. */
  get lastBatch(): readonly unknown[] | undefined {
    const last = this.requests.at(-1);
    return last?.kind === "save" ? unpackTransitions(last.batch.columns) : undefined;
  }

  /** Answers the request in flight. */
  done(other: Partial<Facts> = {}, page?: HistoryPage): void {
    const facts = {
      bytes: 4096,
      tally: EMPTY_TALLY,
      lastStart: undefined,
      counters: undefined,
      kept: undefined,
      ...other,
    };
    this.#observer!.onReply({ outcome: "done", reason: "", facts, page, ...NOTHING_FOUND });
  }

  /** Answers that it does not work. */
  fail(outcome: Exclude<Reply["outcome"], "done"> = "unavailable", reason = "the disk is full"): void {
    this.#observer!.onReply({ outcome, reason, facts: undefined, page: undefined, ...NOTHING_FOUND });
  }

  /** Ends the thread. */
  crash(): void {
    this.#observer!.onEnd("crash");
  }

  /** Opens the database and saves one transition. */
  settled(): this {
    this.done({ counters: [] });
    this.store.record(transitionAt(0));
    this.clock.advance(DELAY_MS);
    this.done();
    return this;
  }
}

describe("Store", () => {
  test("saves what comes within a quarter of a second in one batch, and sends nothing in the turn of the caller", () => {
    const s = new Scripted();
    s.done({ counters: [] });
    s.store.record(transitionAt(0));
    s.clock.advance(150);
    s.store.record(transitionAt(1));
    s.clock.advance(99);
    expect(s.kinds).toBe("open");
    s.clock.advance(1);
    expect(s.kinds).toBe("open save");
    expect(s.lastBatch).toEqual(transitionsFrom(0, 2));
  });

  test("saves nothing while changes come, until none came for a tenth of a second", () => {
    const s = new Scripted();
    s.done({ counters: [] });
    for (let i = 0; i < 10; i++) {
      s.store.record(transitionAt(i));
      s.clock.advance(50);
    }
    s.clock.advance(49);
    expect(s.kinds).toBe("open");
    s.clock.advance(1);
    expect(s.lastBatch).toEqual(transitionsFrom(0, 10));
  });

  test("saves each second while changes come without end", () => {
    const s = new Scripted();
    s.done({ counters: [] });
    let recorded = 0;
    const recordFor = (ms: number) => {
      for (const end = recorded + ms / 50; recorded < end; recorded++) {
        s.store.record(transitionAt(recorded));
        s.clock.advance(50);
      }
    };
    recordFor(950);
    expect(s.kinds).toBe("open");
    recordFor(50);
    expect(s.lastBatch).toEqual(transitionsFrom(0, 20));
    s.done();
    recordFor(1000);
    expect(s.lastBatch).toEqual(transitionsFrom(20, 20));
  });

  test("sends a full batch in the next turn, and the others one after the other", () => {
    const s = new Scripted();
    s.done({ counters: [] });
    for (const transition of transitionsFrom(0, 9999)) s.store.record(transition);
    expect(s.kinds).toBe("open");
    s.clock.advance(0);
    expect(s.lastBatch).toHaveLength(5000);
    s.store.record(transitionAt(9999));
    s.done();
    s.clock.advance(0);
    expect(s.lastBatch).toEqual(transitionsFrom(5000, 5000));
    s.store.record(transitionAt(10_000));
    s.done();
    s.clock.advance(DELAY_MS);
    expect(s.lastBatch).toEqual([transitionAt(10_000)]);
    s.done();
    expect(s.store.status).toMatchObject({ queued: 0, dropped: 0, state: "ok" });
  });

  test("has no timer while it is idle and nothing was saved since the last backup", () => {
    const s = new Scripted();
    s.done({ counters: [] });
    expect(s.clock.timers).toBe(0);
    s.settled();
    expect(s.clock.timers).toBe(1);
    s.clock.advance(300_000);
    expect(s.kinds).toBe("open save backup");
    s.done();
    expect(s.clock.timers).toBe(0);
  });

  test("notes its start again in a file that was not there when it did", () => {
    const s = new Scripted();
    s.store.recordStart(START);
    s.done({ counters: [] });
    s.clock.advance(DELAY_MS);
    expect(s.requests.at(-1)).toMatchObject({ kind: "save", batch: { start: START } });
    s.done();
    s.store.record(transitionAt(0));
    s.clock.advance(DELAY_MS);
    expect(s.requests.at(-1)).toMatchObject({ kind: "save", batch: { start: undefined } });
    s.done({ counters: [] }); // it was opened anew for this
    s.clock.advance(DELAY_MS);
    expect(s.requests.at(-1)).toMatchObject({ kind: "save", batch: { start: START } });
    expect(s.lastBatch).toEqual([]);
  });

  test("backs up a large database less often", () => {
    const s = new Scripted();
    s.done({ counters: [] });
    s.store.record(transitionAt(0));
    s.clock.advance(DELAY_MS);
    s.done({ bytes: 60 * 1024 * 1024 });
    s.clock.advance(899_999);
    expect(s.kinds).toBe("open save");
    s.clock.advance(1);
    expect(s.kinds).toBe("open save backup");
  });

  test("gives up the oldest transitions when there are too many, and counts them", () => {
    const s = new Scripted();
    for (const transition of transitionsFrom(0, 10_005)) s.store.record(transition);
    expect(s.store.status).toMatchObject({ queued: 10_000, dropped: 5 });
    s.done({ counters: [] });
    s.clock.advance(0);
    expect(s.lastBatch).toEqual(transitionsFrom(5, 4995)); // those that were given up were of this batch
    s.done();
    s.clock.advance(0);
    expect(s.lastBatch).toEqual(transitionsFrom(5000, 5000));
    s.done();
    s.clock.advance(DELAY_MS);
    expect(s.lastBatch).toEqual(transitionsFrom(10_000, 5));
  });

  test("says once that it is degraded and once that it is well, tries again with growing pauses, and loses nothing", () => {
    const s = new Scripted();
    s.fail();
    s.store.record(transitionAt(0));
    for (let i = 0; i < 5; i++) {
      s.clock.advance(60_000);
      s.fail();
    }
    expect(s.states).toEqual(["degraded: the disk is full"]);
    const retries = s.clock.delays.filter((ms) => ms !== 30_000 && ms !== DELAY_MS);
    expect(retries.map((ms) => Math.abs(Math.round(Math.log2(ms / 900))))).toEqual([0, 1, 2, 3, 4, 5]);
    s.clock.advance(60_000);
    s.done({ counters: [] });
    expect(s.lastBatch).toEqual([transitionAt(0)]);
    s.done();
    expect(s.states).toEqual(["degraded: the disk is full", "ok: "]);
    expect(s.store.status).toMatchObject({ queued: 0, dropped: 0 });
  });

  test("is degraded while the disk does not answer, and sends nothing more", () => {
    const s = new Scripted().settled();
    s.store.record(transitionAt(1));
    s.clock.advance(DELAY_MS + 29_999);
    expect(s.states).toEqual([]);
    s.clock.advance(1);
    expect(s.states).toEqual(["degraded: the disk, or the processor it needs, did not answer for 30000 ms"]);
    for (const transition of transitionsFrom(2, 600)) s.store.record(transition);
    s.clock.advance(1_000_000);
    expect(s.kinds).toBe("open save save");
    s.done();
    s.done(); // a backup, which was due meanwhile
    expect(s.states).toHaveLength(1);
    s.clock.advance(DELAY_MS);
    s.done();
    expect(s.states.at(-1)).toBe("ok: ");
    expect(s.threads).toBe(1);
  });

  test("stays degraded until what waited when saving worked again is saved, and no longer", () => {
    const s = new Scripted().settled();
    s.store.record(transitionAt(1));
    s.clock.advance(DELAY_MS);
    for (const transition of transitionsFrom(2, 6000)) s.store.record(transition);
    s.store.keep("silence", "a", "1");
    s.fail();
    for (const count of [1, 5000]) {
      s.clock.advance(2000);
      expect(s.lastBatch).toHaveLength(count);
      s.done();
    }
    s.store.record(transitionAt(6002));
    s.clock.advance(DELAY_MS);
    s.store.record(transitionAt(6003));
    s.fail(); // the rest was too much again: it begins anew
    s.clock.advance(2000);
    s.done();
    expect(s.states).toEqual(["degraded: the disk is full"]);
    s.store.record(transitionAt(6004));
    s.clock.advance(DELAY_MS);
    s.store.record(transitionAt(6005)); // came later: does not count
    s.done();
    expect(s.states).toEqual(["degraded: the disk is full", "ok: "]);
  });

  test("stays degraded while a counter waits for what failed before it", () => {
    const s = new Scripted().settled();
    s.store.record(transitionAt(1));
    s.clock.advance(DELAY_MS);
    s.store.count("flaps");
    s.fail();
    s.clock.advance(2000);
    s.done();
    expect(s.states).toEqual(["degraded: the disk is full"]);
    s.clock.advance(DELAY_MS);
    s.done();
    expect(s.states.at(-1)).toBe("ok: ");
  });

  test("is not well because the file can be opened, while what is to be saved waits", () => {
    const s = new Scripted().settled();
    s.store.record(transitionAt(1));
    s.clock.advance(DELAY_MS);
    s.crash();
    s.clock.advance(2000);
    s.done({ counters: [] });
    expect(s.states).toEqual(["degraded: its thread ended: crash"]);
    s.done();
    expect(s.states.at(-1)).toBe("ok: ");
  });

  test("starts its thread again when that ends, and sends the same batch again", () => {
    const s = new Scripted().settled();
    s.store.record(transitionAt(1));
    s.clock.advance(DELAY_MS);
    const lost = s.requests.at(-1);
    s.crash();
    expect(s.states).toEqual(["degraded: its thread ended: crash"]);
    s.store.record(transitionAt(2));
    s.clock.advance(1000);
    expect(s.threads).toBe(2);
    s.done({ counters: [] });
    expect(s.kinds).toBe("open save save open save");
    expect(s.requests.at(-1)).toMatchObject({ batch: (lost as { batch: object }).batch });
    s.done();
    s.clock.advance(DELAY_MS);
    expect(s.lastBatch).toEqual([transitionAt(2)]);
  });

  test("gives up a batch that is refused, so that the next is saved", () => {
    const s = new Scripted().settled();
    s.store.record(transitionAt(1));
    s.clock.advance(DELAY_MS);
    s.fail("refused", "NOT NULL");
    s.store.record(transitionAt(2));
    s.clock.advance(DELAY_MS);
    expect(s.lastBatch).toEqual([transitionAt(2)]);
    s.done();
    expect(s.states).toEqual(["degraded: NOT NULL", "ok: "]);
    expect(s.store.status).toMatchObject({ queued: 0, dropped: 1 });
  });

  test("goes on saving when a backup fails, stays degraded, and tries again after the interval", () => {
    const s = new Scripted().settled();
    s.clock.advance(300_000);
    s.fail();
    s.store.record(transitionAt(1));
    s.clock.advance(DELAY_MS);
    s.done();
    expect(s.states).toEqual(["degraded: no backup can be made: the disk is full"]);
    s.clock.advance(300_000);
    expect(s.kinds).toBe("open save backup save backup");
    s.done();
    expect(s.states.at(-1)).toBe("ok: ");
  });

  test("says that what was recorded is saved, also when no backup can be made", async () => {
    const s = new Scripted().settled();
    s.clock.advance(300_000);
    s.fail();
    s.store.keep("silence", "a", "1");
    const saved = s.store.whenSaved(1000);
    s.clock.advance(DELAY_MS);
    s.done();
    expect(await saved).toBe(true);
  });

  test("says that a backup is due until one was made, also when it fails", () => {
    const s = new Scripted().settled();
    const due = () => s.store.status.backupDue;
    expect(due()).toBe(false);
    s.clock.advance(300_000);
    expect(due()).toBe(true);
    s.fail();
    expect(due()).toBe(true);
    s.clock.advance(300_000);
    expect(due()).toBe(true);
    s.done();
    expect(due()).toBe(false);
  });

  test("is loaded once the database was opened, and stays so when it fails later", () => {
    const s = new Scripted();
    expect(s.store.isLoaded).toBe(false);
    s.fail();
    expect(s.store.isLoaded).toBe(false);
    s.clock.advance(60_000);
    s.done({ counters: [["flaps", 3]] });
    expect([s.store.isLoaded, s.store.counter("flaps")]).toEqual([true, 3]);
    s.store.count("flaps");
    s.clock.advance(DELAY_MS);
    s.fail();
    expect([s.store.isLoaded, s.store.counter("flaps")]).toEqual([true, 4]);
  });

  test("takes no more names of counters when the file has enough, and counts on those that it has", () => {
    const s = new Scripted();
    s.done({ counters: Array.from({ length: MOST_COUNTERS }, (_, i) => [`flaps/${i}`, 1] as const) });
    s.store.count("flaps/new");
    s.store.count("flaps/7");
    expect([s.store.counter("flaps/new"), s.store.counter("flaps/7")]).toEqual([0, 2]);
    s.clock.advance(DELAY_MS);
    expect(s.requests.at(-1)).toMatchObject({ batch: { counters: [["flaps/7", 1]] } });
  });

  test("counts on from what was saved, and saves again what an older file does not have", () => {
    const s = new Scripted();
    s.store.count("flaps", 2);
    expect(s.store.counter("flaps")).toBe(2);
    s.done({ counters: [["flaps", 40]] });
    expect(s.store.counter("flaps")).toBe(42);
    s.clock.advance(DELAY_MS);
    s.done();
    expect(s.store.counter("flaps")).toBe(42);
    s.store.count("flaps");
    s.clock.advance(DELAY_MS);
    s.done({ counters: [["flaps", 30]] }); // restored from a backup, and then the one was added
    expect(s.store.counter("flaps")).toBe(43);
    s.clock.advance(DELAY_MS);
    expect(s.requests.at(-1)).toMatchObject({ batch: { counters: [["flaps", 12]] } });
    s.done();
    expect(s.store.counter("flaps")).toBe(43);
  });

  test("saves all that is left when it is closed, and ends the start", async () => {
    const s = new Scripted();
    s.done({ counters: [] });
    s.store.recordStart(START);
    for (const transition of transitionsFrom(0, 5100)) s.store.record(transition);
    const closed = s.store.close(5000);
    s.store.record(transitionAt(5100));
    s.done();
    s.done();
    expect(s.kinds).toBe("open save save close");
    expect(s.requests.at(-1)).toMatchObject({ start: START, backup: true });
    s.done();
    expect(await closed).toBe(true);
    expect({ timers: s.clock.timers, terminated: s.terminated }).toEqual({ timers: 0, terminated: 1 });
    expect(s.store.close(1)).resolves.toBe(true);
  });

  test("makes no backup when it is closed before a start: a daemon that gives up again and again would lose all older ones", async () => {
    const s = new Scripted();
    s.done({ counters: [] });
    s.store.keep("alerts_at", "", "{}");
    const closed = s.store.close(5000);
    s.done();
    expect(s.requests.at(-1)).toMatchObject({ kind: "close", backup: false });
    s.done();
    expect(await closed).toBe(true);
  });

  test("says once that what earlier processes left is known", () => {
    const s = new Scripted();
    expect(s.loaded).toEqual([]);
    s.done({ counters: [["flaps", 7]] });
    expect(s.loaded).toEqual([7]);
    s.crash();
    s.clock.advance(600_000);
    s.done({ counters: [["flaps", 7]] });
    expect(s.loaded).toEqual([7]);
  });

  for (const [how, act] of [
    ["nothing answers", (s: Scripted) => s.clock.advance(5000)],
    ["it fails", (s: Scripted) => s.fail()],
    ["its thread ends", (s: Scripted) => s.crash()],
  ] as const)
    test(`ends a close when ${how}`, async () => {
      const s = new Scripted().settled();
      s.store.record(transitionAt(1));
      const closed = s.store.close(5000);
      act(s);
      expect(await closed).toBe(false);
      expect(s.clock.timers).toBe(0);
    });

  test("tries once more when it is closed while it is degraded", async () => {
    const s = new Scripted();
    s.fail();
    s.store.record(transitionAt(0));
    const closed = s.store.close(5000);
    for (let i = 0; i < 3; i++) s.done({ counters: [] });
    expect(await closed).toBe(true);
    expect(s.kinds).toBe("open open save close");
  });

  test("takes everything and does nothing when it is disabled", async () => {
    const s = new Scripted({ enabled: false });
    s.store.record(transitionAt(0));
    s.store.count("flaps");
    s.store.recordStart(START);
    expect(s.store.status).toMatchObject({ state: "disabled", queued: 0 });
    expect(await s.store.close(1)).toBe(true);
    expect({ threads: s.threads, timers: s.clock.timers }).toEqual({ threads: 0, timers: 0 });
  });

  test("keeps what it is told under a key, once, as it is in the end", () => {
    const s = new Scripted();
    s.done({ counters: [] });
    s.store.keep("silence", "a", "1");
    s.store.keep("silence", "a", "2");
    s.store.keep("alert", "a", "3");
    s.clock.advance(DELAY_MS);
    const keepsakes = () => (s.requests.at(-1) as { batch: { keepsakes: unknown } }).batch.keepsakes;
    expect(keepsakes()).toEqual([
      { kind: "silence", key: "a", value: "2" },
      { kind: "alert", key: "a", value: "3" },
    ]);
    s.done();
    s.store.keep("silence", "a", "2");
    expect(s.clock.timers).toBe(1); // that of the backup
    s.store.keep("silence", "a", null);
    s.clock.advance(DELAY_MS);
    expect(keepsakes()).toEqual([{ kind: "silence", key: "a", value: null }]);
    expect([...s.store.keepsakes("silence")!]).toEqual([]);
  });

  test("says what earlier processes kept once the database is open, and keeps again what an older file lacks", () => {
    const s = new Scripted();
    expect(s.store.keepsakes("silence")).toBeUndefined();
    const old = { kind: "silence", key: "old", value: "1" } as const;
    const ended = { kind: "silence", key: "ended", value: "1" } as const;
    s.done({ counters: [], kept: { ...NOTHING_KEPT, keepsakes: [old, ended], lastHistoryId: 7 } });
    expect([...s.store.keepsakes("silence")!]).toEqual([
      ["old", "1"],
      ["ended", "1"],
    ]);
    expect(s.store.kept?.lastHistoryId).toBe(7);
    s.store.keep("silence", "new", "2");
    s.store.keep("silence", "ended", null);
    s.clock.advance(DELAY_MS);
    s.done({ counters: [], kept: { ...NOTHING_KEPT, keepsakes: [old, ended] } }); // restored from a backup
    s.clock.advance(DELAY_MS);
    expect(s.requests.at(-1)).toMatchObject({
      batch: {
        keepsakes: [
          { kind: "silence", key: "ended", value: null },
          { kind: "silence", key: "new", value: "2" },
        ],
      },
    });
    expect(s.store.kept?.lastHistoryId).toBe(7);
  });

  test("says when what was recorded is saved, that it is not in time, and that it cannot be", async () => {
    const s = new Scripted().settled();
    expect(await s.store.whenSaved(1000)).toBe(true); // there is nothing to wait for
    s.store.keep("silence", "a", "1");
    const [saved, late] = [s.store.whenSaved(1000), s.store.whenSaved(DELAY_MS)];
    s.clock.advance(DELAY_MS);
    expect(await late).toBe(false);
    s.done();
    expect(await saved).toBe(true);
    s.store.keep("silence", "a", "2");
    const refused = s.store.whenSaved(1000);
    s.clock.advance(DELAY_MS);
    s.fail("refused", "CHECK");
    expect(await refused).toBe(false);
    s.store.keep("silence", "a", "3");
    s.clock.advance(DELAY_MS);
    s.fail();
    expect(await s.store.whenSaved(1000)).toBe(false);
  });

  const numbered = (id: number) => ({ id, ...transitionAt(id) });
  test("reads the history in pages, with what is to be saved between them, and each who asks in turn", async () => {
    const s = new Scripted().settled();
    const first = s.store.history(ALL);
    expect(s.requests.at(-1)).toMatchObject({ kind: "read", query: ALL });
    const second = s.store.history({ ...ALL, limit: 1 });
    s.store.record(transitionAt(1));
    s.clock.advance(DELAY_MS);
    s.done({}, page([30, 29], 20));
    expect(s.requests.at(-1)).toMatchObject({ kind: "save" });
    s.done();
    expect(s.requests.at(-1)).toMatchObject({ kind: "read", query: { limit: 1 } });
    s.done({}, page([30]));
    expect(await second).toEqual([numbered(30)]);
    expect(s.requests.at(-1)).toMatchObject({ kind: "read", query: { ...ALL, beforeId: 20, limit: 8 } });
    s.done({}, page([5]));
    expect(await first).toEqual([30, 29, 5].map((id) => numbered(id)));
    expect(s.states).toEqual([]);
  });

  const cannotTell = async (asked: Promise<unknown>, why: string): Promise<void> => {
    const error: unknown = await asked.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UnavailableError);
    expect((error as Error).message).toBe(why);
  };

  test("rejects what is asked of the history when it cannot be read, in time, and goes on saving", async () => {
    const s = new Scripted().settled();
    const failed = s.store.history(ALL);
    s.fail("unavailable", "it is locked");
    await cannotTell(failed, "it is locked");
    const late = s.store.history(ALL);
    s.clock.advance(5000);
    await cannotTell(late, "the history was not read within 5000 ms");
    const other = s.store.history(ALL);
    s.done({}, page([1], 1)); // for the one who has given up, and wants no other page
    s.done({}, page([2]));
    expect((await other).map(({ id }) => id)).toEqual([2]);
    expect(s.kinds).toEndWith("save read read read");
    const lost = s.store.history(ALL);
    s.crash();
    await cannotTell(lost, "crash");
    const many = Array.from({ length: 17 }, () => s.store.history(ALL));
    await cannotTell(many.pop()!, "16 are reading the history already");
    const closed = s.store.close(5000);
    for (const one of many) await cannotTell(one, "the daemon stops");
    s.done({ counters: [] });
    s.done();
    expect(await closed).toBe(true);
    await cannotTell(s.store.history(ALL), "the daemon stops");
    await cannotTell(new Scripted({ enabled: false }).store.history(ALL), "the history is not kept");
  });

  test("leaves the disk alone until it is opened, then saves what was recorded before", async () => {
    const requests: Request[] = [];
    const options = { ...limitsIn("/nowhere"), enabled: true, backupIntervalMs: 1000 };
    const threadless = new Store(options, new FakeClock(), DEAF, () => {
      throw new Error("a thread before open()");
    });
    expect(await threadless.close(1)).toBe(true); // nothing was recorded: there is nothing to wait for
    const clock = new FakeClock();
    let tell: ThreadObserver | undefined;
    const store = new Store(options, clock, DEAF, (threadObserver) => {
      tell = threadObserver;
      return { post: (request) => void requests.push(request), terminate: () => {} };
    });
    store.record(transitionAt(0));
    clock.advance(60_000);
    expect(requests).toEqual([]);
    store.open();
    expect(requests.map(({ kind }) => kind)).toEqual(["open"]);
    tell!.onReply({ outcome: "done", reason: "", facts: undefined, page: undefined, ...NOTHING_FOUND });
    expect(requests.at(-1)).toMatchObject({ kind: "save", batch: { columns: packTransitions([transitionAt(0)]) } });
  });

  test("is degraded, and tries again, when no thread can be started", () => {
    const clock = new FakeClock();
    const states: string[] = [];
    const options = { ...limitsIn("/nowhere"), enabled: true, backupIntervalMs: 1 };
    const observer = { ...DEAF, onState: (_: string, reason: string) => void states.push(reason) };
    const store = new Store(options, clock, observer, () => {
      throw new Error("no memory");
    });
    store.open();
    expect(states).toEqual(["its thread ended: no memory"]);
    expect({ state: store.status.state, timers: clock.timers }).toEqual({ state: "degraded", timers: 1 });
  });
});

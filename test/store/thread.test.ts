import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { Request } from "../../src/store/message.ts";
import { Store } from "../../src/store/store.ts";
import { startThread, type StoreThread } from "../../src/store/thread.ts";
import { systemClock } from "../../src/util/clock.ts";
import { runChild } from "../support/child.ts";
import { waitUntil } from "../support/deadline.ts";
import { needsCommands } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { DEAF, limitsIn, transitionAt, transitionsFrom, WALL_MS } from "./requests.ts";
import { savedIn } from "./saved.ts";
import { StoreProcess } from "./storeprocess.ts";

/** A store with its real thread, which can be made to crash. */
class Threaded implements AsyncDisposable {
  readonly states: string[] = [];
  readonly threads: StoreThread[] = [];
  readonly store: Store;

  constructor(directory: string) {
    const options = { ...limitsIn(directory), enabled: true, backupIntervalMs: 3_600_000 };
    const observer = {
      ...DEAF,
      onState: (state: string, reason: string) => void this.states.push(reason || state),
    };
    this.store = new Store(options, systemClock, observer, (threadObserver) => {
      const thread = startThread(threadObserver);
      this.threads.push(thread);
      return thread;
    });
    this.store.open();
  }

  /** Resolves when nothing is queued. */
  async saved(): Promise<void> {
    await waitUntil("end of the queue", () => this.store.status.queued === 0, { seen: () => this.store.status });
  }

  /** Makes the thread throw what nothing in it catches. */
  crash(): void {
    this.threads.at(-1)!.post(null as unknown as Request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close(5000);
  }
}

test("Store saves to the disk, and ends cleanly", async () => {
  await using dir = new TempDir();
  const directory = dir.file("store");
  const start = { wallMs: WALL_MS, kind: "warm", restoreCount: 3, version: "1.2.3" } as const;
  for (const lastStart of [undefined, { ...start, endedWallMs: expect.any(Number) as unknown as number }]) {
    const { store } = new Threaded(directory);
    store.recordStart(start);
    store.count("flaps", 2);
    for (const transition of transitionsFrom(0, 1000)) store.record(transition);
    expect(await store.close(10_000)).toBe(true);
    expect(store.status).toMatchObject({ state: "ok", queued: 0, backupsCreated: lastStart ? 2 : 1 });
    expect(store.status.lastStart).toEqual(lastStart);
    expect(store.counter("flaps")).toBe(lastStart ? 4 : 2);
  }
  expect(savedIn(directory)).toEqual([...transitionsFrom(0, 1000), ...transitionsFrom(0, 1000)]);
}, 30_000);

test("Store knows that the start before it did not end cleanly", async () => {
  await using dir = new TempDir();
  const first = new Threaded(dir.file("store"));
  first.store.recordStart({ wallMs: WALL_MS, kind: "cold", restoreCount: 0, version: "1" });
  first.store.record(transitionAt(0));
  await first.saved();
  first.threads[0]!.terminate();
  await using second = new Threaded(dir.file("store"));
  second.store.record(transitionAt(1));
  await second.saved(); // once the first thread is over
  expect(second.store.status.lastStart).toMatchObject({ kind: "cold", endedWallMs: null });
}, 30_000);

test("Store starts its thread again when that crashes, and every transition is there once", async () => {
  await using dir = new TempDir();
  const directory = dir.file("store");
  await using s = new Threaded(directory);
  let recorded = 0;
  for (let crashes = 1; crashes <= 3; crashes++) {
    for (let i = 0; i < 700; i++) s.store.record(transitionAt(recorded++));
    s.store.count("flaps", 5);
    s.crash();
    await waitUntil("another thread", () => s.threads.length > crashes);
    await s.saved();
  }
  expect(savedIn(directory)).toEqual(transitionsFrom(0, recorded));
  expect(s.store.counter("flaps")).toBe(15);
  expect(s.states.length).toBe(6);
  expect(s.states[0]).toStartWith("its thread ended: TypeError");
}, 30_000);

test("Store degrades while another connection has the file locked, and goes on after", async () => {
  await using dir = new TempDir();
  const directory = dir.file("store");
  await using s = new Threaded(directory);
  s.store.record(transitionAt(0));
  await s.saved();
  const other = new Database(join(directory, "portsyncd.db"));
  other.run("BEGIN IMMEDIATE");
  s.store.record(transitionAt(1));
  await waitUntil("degraded state", () => s.store.status.state === "degraded");
  expect(s.store.status).toMatchObject({
    reason: `${directory}: it is locked by another process (SQLITE_BUSY)`,
    queued: 1,
  });
  other.run("ROLLBACK");
  await s.saved();
  expect(s.states.at(-1)).toBe("ok");
  other.close();
  expect(savedIn(directory)).toEqual(transitionsFrom(0, 2));
}, 30_000);

/** How nice each thread of a process is, by the name of the thread. */
function niceOf(pid: number): [name: string, nice: number][] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const [, name, rest] = /\((.*)\) (.*)/s.exec(readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8"))!;
    return [name!, Number(rest!.split(" ")[16])];
  });
}

testWith(
  process.platform === "linux" ? { ok: true } : { ok: false, reason: "needs Linux" },
  "Store lets its thread give way to all others of its process, also to those that help the collectors",
  async () => {
    await using dir = new TempDir();
    await using store = new StoreProcess(dir.file("store"));
    store.tell("record 1");
    await store.hear("first transition", ({ saved }) => saved === 1);
    const [[, own]] = niceOf(process.pid) as [[string, number]];
    const threads = niceOf(store.pid);
    expect(threads.filter(([name]) => name === "Worker")).toEqual([["Worker", Math.min(19, own + 10)]]);
    expect(threads.map(([name]) => name)).toContain("HeapHelper");
    // The thread of the store may have a collector of its own, which may be as nice.
    const others = threads.filter(([name]) => name !== "Worker" && !/ollector/.test(name));
    expect(others.filter(([, nice]) => nice !== own)).toEqual([]);
  },
  30,
);

testWith(
  needsCommands("prlimit"),
  "Store degrades while the process can open no files, and has its thread when it can",
  async () => {
    await using dir = new TempDir();
    await using store = new StoreProcess(dir.file("store"), [], {}, ["closed"]);
    const limitFiles = (files: number) => runChild(["prlimit", "--pid", `${store.pid}`, `--nofile=${files}:`]);
    await store.status(); // it runs
    await limitFiles(3);
    store.tell("record 5");
    store.tell("open");
    expect(await store.hear("degraded state", ({ state }) => state === "degraded")).toMatchObject({
      reason: expect.stringMatching(/EMFILE/) as string,
    });
    await limitFiles(1024);
    await store.hear("all transitions", ({ saved }) => saved === 5);
    expect(savedIn(dir.file("store"))).toEqual(transitionsFrom(0, 5));
  },
  30,
);

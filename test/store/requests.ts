import { packTransitions } from "../../src/store/columns.ts";
import type { HistoryQuery } from "../../src/store/historyquery.ts";
import { Keeper } from "../../src/store/keeper.ts";
import type { Kept } from "../../src/store/kept.ts";
import type { Batch, Reply, StoreLimits } from "../../src/store/message.ts";
import type { StoreObserver } from "../../src/store/options.ts";
import { CAUSES, type Transition } from "../../src/store/transition.ts";
import type { Moment } from "../../src/util/moment.ts";

/** A time in the middle of nowhere. */
export const WALL_MS = Date.UTC(2026, 0, 31, 12);
/** One day. */
export const DAY_MS = 86_400_000;

/** Who does not want to know how a store is. */
export const DEAF: StoreObserver = { onState() {}, onLoaded() {}, onRecovery() {}, onLoss() {}, onBadBackup() {} };
/** Of a reply: nothing is wrong with any file. */
export const NOTHING_FOUND: Pick<Reply, "recoveries" | "losses" | "badBackups"> = {
  recoveries: [],
  losses: [],
  badBackups: [],
};

/** Limits that nothing reaches, for a store in a directory. */
export function limitsIn(directory: string, other: Partial<StoreLimits> = {}): StoreLimits {
  return { directory, backups: 3, retentionMs: 30 * DAY_MS, maxFileBytes: 100 * 1024 * 1024, ...other };
}

/** The i-th of a series of transitions, each different, over as many ports as asked for. */
export function transitionAt(i: number, ports = 32): Transition {
  const state = { admin: true, oper: i % 2 === 0, mtu: 1500 + (i % 7000) };
  return {
    wallMs: WALL_MS + i,
    port: `Ethernet${(i % ports) * 4}`,
    cause: CAUSES[i % CAUSES.length]!,
    old: i % 5 === 0 ? null : { ...state, oper: !state.oper },
    new: i % 7 === 0 ? null : state,
  };
}

/** `count` transitions from the `first` on. */
export function transitionsFrom(first: number, count: number, ports?: number): Transition[] {
  return Array.from({ length: count }, (_, i) => transitionAt(first + i, ports));
}

/** Enough alerts and points that they take pages of their own; different with each `seed`. */
export function keptThings(seed: number): Pick<Batch, "keepsakes" | "points"> {
  const numbers = Array.from({ length: 60 }, (_, i) => i);
  return {
    keepsakes: numbers.map((i) => ({
      kind: "alert",
      key: `rule/${i}`,
      value: JSON.stringify([seed, "x".repeat(200)]),
    })),
    points: numbers.flatMap((i) =>
      ["health_score", "restarts"].map((series) => ({ series, tier: "day", ms: WALL_MS + i, value: seed, most: 100 })),
    ),
  };
}

/** The seeds of what was kept: one, when all is as it was saved in one batch. Throws for what was never saved. */
export function seedsOf({ keepsakes, points }: Kept): number[] {
  const seeds = new Set(keepsakes.map(({ value }) => (JSON.parse(value!) as [number])[0]));
  for (const { values } of points) for (let i = 1; i < values.length; i += 2) seeds.add(values[i]!);
  const counts = [keepsakes.length, ...points.map(({ values }) => values.length / 2)];
  if (counts.some((count) => count !== 60) || points.length !== 2) throw new Error(`${counts.join(" ")} are kept`);
  return [...seeds];
}

/** A keeper that is asked by its methods, with a clock that stands unless it is told the time. */
export class Asked implements Disposable {
  readonly keeper: Keeper;
  now: Moment = { wallMs: WALL_MS, monotonicMs: 0 };
  #lastId = 0;

  constructor(limits: StoreLimits, instance = 1, migrations?: ConstructorParameters<typeof Keeper>[2]) {
    this.keeper = new Keeper(limits, instance, migrations);
  }

  /** Opens the database. */
  open(): Reply {
    return this.save([]);
  }

  /** Saves transitions, with what else is in their batch. */
  save(transitions: readonly Transition[], other: Partial<Batch> = {}): Reply {
    const batch = {
      id: ++this.#lastId,
      columns: packTransitions(transitions),
      counters: [],
      start: undefined,
      keepsakes: [],
      points: [],
      ...other,
    };
    return this.keeper.answer({ kind: "save", batch, now: this.now });
  }

  /** Makes a backup. */
  backup(): Reply {
    return this.keeper.answer({ kind: "backup", now: this.now });
  }

  /** Reads the history: one page. */
  read(query: Partial<HistoryQuery> = {}): Reply {
    const all = { port: undefined, sinceWallMs: undefined, beforeId: undefined, limit: 1_000_000 };
    return this.keeper.answer({ kind: "read", query: { ...all, ...query }, now: this.now });
  }

  /** Ends without a start to end. */
  close(backup: boolean): Reply {
    return this.keeper.answer({ kind: "close", start: undefined, backup, now: this.now });
  }

  /** Lets time pass on both clocks. */
  pass(ms: number): void {
    this.now = { wallMs: this.now.wallMs + ms, monotonicMs: this.now.monotonicMs + ms };
  }

  [Symbol.dispose](): void {
    this.keeper[Symbol.dispose]();
  }
}

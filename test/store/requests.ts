import type { HistoryQuery } from "../../src/store/historyquery.ts";
import { Keeper } from "../../src/store/keeper.ts";
import type { Batch, Reply, StoreLimits } from "../../src/store/message.ts";
import { CAUSES, type Transition } from "../../src/store/transition.ts";
import type { Moment } from "../../src/util/moment.ts";

/** A time in the middle of nowhere. */
export const WALL_MS = Date.UTC(2026, 0, 31, 12);
/** One day. */
export const DAY_MS = 86_400_000;

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
      transitions,
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

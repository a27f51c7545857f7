import type { Database } from "bun:sqlite";

import { EMPTY_TALLY, type Tally } from "./status.ts";

/** The names of the tally's counts among the counters, which no other counter has, and of its times in `meta`. */
const COUNTERS = {
  corruptions: "store.corruptions",
  recoveries: "store.recoveries",
  backupsCreated: "store.backups_created",
  backupsCleaned: "store.backups_cleaned",
  lostTransitions: "store.lost_transitions",
} as const satisfies Partial<Record<keyof Tally, string>>;
const TIMES = {
  lastCorruptionWallMs: "last_corruption_ms",
  lastRecoveryWallMs: "last_recovery_ms",
} as const satisfies Partial<Record<keyof Tally, string>>;

const READ = "SELECT value FROM counters WHERE name = ? UNION ALL SELECT value FROM meta WHERE key = ?";
const WRITE_COUNTER =
  "INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)";
const WRITE_TIME = "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)";

/** Counts what happens to the files, also while there is no file to count it in: an older file does not set it back. */
export class Ledger {
  #known: Tally = EMPTY_TALLY;
  #added: Tally = EMPTY_TALLY;

  /** What was counted in all. */
  get tally(): Tally {
    return sum(this.#known, this.#added);
  }

  /** A file could not be used. */
  corruption(wallMs: number): void {
    this.#add({ corruptions: 1, lastCorruptionWallMs: wallMs });
  }

  /** A backup took the place of a file that could not be used. */
  recovery(wallMs: number): void {
    this.#add({ recoveries: 1, lastRecoveryWallMs: wallMs });
  }

  /** A backup was made, and some were removed for it. */
  backup(cleaned: number): void {
    this.#add({ backupsCreated: 1, backupsCleaned: cleaned });
  }

  /** Transitions that had been saved are lost. */
  loss(transitions: number): void {
    this.#add({ lostTransitions: transitions });
  }

  /** Takes in what a database says, and tells it what happened meanwhile. */
  reconcile(db: Database): void {
    const value = (name: string): number => db.query<{ value: number }, string[]>(READ).get(name, name)?.value ?? 0;
    const found: Record<string, number> = {};
    for (const [key, name] of [...Object.entries(COUNTERS), ...Object.entries(TIMES)])
      found[key] = Math.max(value(name), this.#known[key as keyof Tally]);
    const tally = sum({ ...EMPTY_TALLY, ...found }, this.#added);
    for (const [key, name] of Object.entries(COUNTERS)) db.run(WRITE_COUNTER, [name, tally[key as keyof Tally]]);
    for (const [key, name] of Object.entries(TIMES)) db.run(WRITE_TIME, [name, tally[key as keyof Tally]]);
    this.#known = tally;
    this.#added = EMPTY_TALLY;
  }

  #add(what: Partial<Tally>): void {
    this.#added = sum(this.#added, { ...EMPTY_TALLY, ...what });
  }
}

/** Counts are added up; the later time of each is the one that was said last. */
function sum(before: Tally, after: Tally): Tally {
  return {
    corruptions: before.corruptions + after.corruptions,
    recoveries: before.recoveries + after.recoveries,
    backupsCreated: before.backupsCreated + after.backupsCreated,
    backupsCleaned: before.backupsCleaned + after.backupsCleaned,
    lostTransitions: before.lostTransitions + after.lostTransitions,
    lastCorruptionWallMs: after.lastCorruptionWallMs || before.lastCorruptionWallMs,
    lastRecoveryWallMs: after.lastRecoveryWallMs || before.lastRecoveryWallMs,
  };
}

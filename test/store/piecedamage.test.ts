import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";

import { packTransitions } from "../../src/store/columns.ts";
import { History, HistoryError } from "../../src/store/history.ts";
import { PieceWriter } from "../../src/store/piecewriter.ts";
import type { HistoryLoss } from "../../src/store/status.ts";
import type { Transition } from "../../src/store/transition.ts";
import { TempDir } from "../support/tempdir.ts";
import { Asked, limitsIn, transitionAt, transitionsFrom, WALL_MS } from "./requests.ts";
import { savedIn } from "./saved.ts";

const SAVED = 4000;
const NEW = transitionAt(SAVED);

interface Range {
  /** The number of its first transition, and of the first behind it. */
  readonly first: number;
  readonly end: number;
}

/** A closed store without backups; returns the ranges of its pieces, of which there are several. */
function makeStore(directory: string): Range[] {
  {
    using asked = new Asked(limitsIn(directory));
    asked.save(transitionsFrom(0, SAVED));
  }
  using db = open(directory);
  const rows = db.query<Range, []>("SELECT id AS first, id + count AS end FROM history ORDER BY id").all();
  expect(rows.length).toBeGreaterThan(4);
  return rows;
}

function open(directory: string): Database {
  return new Database(join(directory, "portsyncd.db"));
}

/** All that was saved but for those with the numbers of these ranges; transition 1 is transitionAt(0). */
function without(lost: readonly Range[]): Transition[] {
  return transitionsFrom(0, SAVED).filter((_, i) => !lost.some(({ first, end }) => i + 1 >= first && i + 1 < end));
}

const FLIP =
  "UPDATE history SET packed = CAST(substr(packed, 1, 40) || x'00' || substr(packed, 42) AS BLOB) WHERE id = ?";

/** How a piece can be wrong, though SQLite finds nothing wrong with its row. */
const CHANGES: readonly (readonly [what: string, sql: string])[] = [
  ["a bit of a transition", FLIP],
  ["the latest time", "UPDATE history SET latest_ms = latest_ms + 1 WHERE id = ?"],
  ["the first time", "UPDATE history SET first_ms = 0 WHERE id = ?"],
  ["the count", "UPDATE history SET count = count + 100000 WHERE id = ?"],
  ["the layout", "UPDATE history SET packed = CAST(x'02' || substr(packed, 2) AS BLOB) WHERE id = ?"],
  ["the length", "UPDATE history SET packed = x'01' WHERE id = ?"],
];

/** Opens it and saves one more; what was told of the history. */
function reopen(directory: string): readonly HistoryLoss[] {
  using asked = new Asked(limitsIn(directory), 2);
  const { outcome, recoveries, losses, facts } = asked.save([NEW]);
  expect({ outcome, recoveries }).toEqual({ outcome: "done", recoveries: [] });
  const lost = losses.reduce((sum, { transitions }) => sum + transitions, 0);
  expect(facts!.tally).toMatchObject({ lostTransitions: lost, corruptions: 0 });
  expect(asked.backup().outcome).toBe("done");
  return losses;
}

/** Flips a bit of the piece that begins with that transition. */
function flip(directory: string, first: number): void {
  using db = open(directory);
  db.run(FLIP, [first]);
}

describe("removeDamagedPieces", () => {
  for (const [what, sql] of CHANGES)
    for (const where of ["first", "middle", "last"] as const)
      test(`loses the ${where} piece alone when ${what} in it is another, and says what`, async () => {
        await using dir = new TempDir();
        const directory = dir.file("store");
        const pieces = makeStore(directory);
        const at = { first: 0, middle: 2, last: pieces.length - 1 }[where];
        const lost = pieces[at]!;
        {
          using db = open(directory);
          db.run(sql, [lost.first]);
        }
        expect(reopen(directory)).toEqual([
          {
            reason: expect.any(String) as string,
            pieces: 1,
            transitions: lost.end - lost.first,
            afterMs: where === "first" ? undefined : WALL_MS + lost.first - 2,
            beforeMs: where === "last" ? undefined : WALL_MS + lost.end - 1,
          },
        ]);
        expect(savedIn(directory)).toEqual([...without([lost]), NEW]);
        using again = new Asked(limitsIn(directory), 3);
        expect(again.open()).toMatchObject({
          losses: [],
          facts: { tally: { lostTransitions: lost.end - lost.first } },
        });
      });

  test("tells once of several pieces, next to each other or not", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    const pieces = makeStore(directory);
    const lost = [pieces[1]!, pieces[2]!, pieces[4]!];
    {
      using db = open(directory);
      for (const { first } of lost) db.run(FLIP, [first]);
    }
    expect(reopen(directory)).toMatchObject([
      {
        pieces: 3,
        transitions: lost.reduce((sum, { first, end }) => sum + end - first, 0),
        afterMs: WALL_MS + lost[0]!.first - 2,
        beforeMs: pieces[5] ? WALL_MS + pieces[5].first - 1 : undefined,
      },
    ]);
    expect(savedIn(directory)).toEqual([...without(lost), NEW]);
  });

  test("removes a piece that has numbers of another, of which nothing is lost", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    makeStore(directory);
    {
      using db = open(directory);
      const writer = new PieceWriter(5);
      writer.fill(packTransitions([transitionAt(5)]).values, 0, [1]);
      const { id, count, first_ms, latest_ms, packed } = writer.seal();
      db.run("INSERT INTO history VALUES (?, ?, ?, ?, ?)", [id, count, first_ms, latest_ms, packed]);
    }
    expect(reopen(directory)).toMatchObject([{ pieces: 1, transitions: 0, reason: "its history is not in order" }]);
    expect(savedIn(directory)).toEqual([...transitionsFrom(0, SAVED), NEW]);
  });

  test("finds no number for what comes next that another had, though the last piece is lost", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    const last = makeStore(directory).at(-1)!;
    flip(directory, last.first);
    using asked = new Asked(limitsIn(directory), 2);
    asked.save([NEW]);
    expect(asked.read({ limit: 2 }).page!.ids).toEqual([SAVED + 1, last.first - 1]);
  });
});

test("Keeper loses a piece alone that is damaged while it has the file open, and answers who reads it", async () => {
  await using dir = new TempDir();
  const directory = dir.file("store");
  const lost = makeStore(directory)[2]!;
  using asked = new Asked(limitsIn(directory), 2);
  asked.open();
  flip(directory, lost.first);
  expect(asked.read()).toMatchObject({
    outcome: "done",
    page: { ids: { length: SAVED - (lost.end - lost.first) } },
    recoveries: [],
    losses: [{ pieces: 1, transitions: lost.end - lost.first }],
  });
});

test("Keeper makes no backup of a damaged piece: it loses that before", async () => {
  await using dir = new TempDir();
  const directory = dir.file("store");
  const lost = makeStore(directory)[2]!;
  using asked = new Asked(limitsIn(directory), 2);
  asked.open();
  flip(directory, lost.first);
  expect(asked.backup()).toMatchObject({ outcome: "done", recoveries: [], losses: [{ pieces: 1 }] });
  const backup = readdirSync(directory).find((name) => name.includes(".backup-"));
  using db = new Database(join(directory, backup!), { readonly: true });
  expect(db.query("SELECT id FROM history WHERE id = ?").all(lost.first)).toEqual([]);
});

test("History.read gives all but a damaged piece, and then says that it is damaged", async () => {
  await using dir = new TempDir();
  const directory = dir.file("store");
  const lost = makeStore(directory)[2]!;
  flip(directory, lost.first);
  using history = History.open(directory);
  const found: Transition[] = [];
  const readAll = () => {
    for (const transitions of history.read()) found.push(...transitions);
  };
  expect(readAll).toThrow(HistoryError);
  expect(found).toEqual(without([lost]));
});

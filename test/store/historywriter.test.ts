import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";

import { History } from "../../src/store/history.ts";
import { TempDir } from "../support/tempdir.ts";
import { Asked, DAY_MS, limitsIn, transitionAt, transitionsFrom } from "./requests.ts";
import { savedIn } from "./saved.ts";

interface PieceRow {
  readonly id: number;
  readonly count: number;
  readonly bytes: number;
}

function piecesIn(directory: string): PieceRow[] {
  using db = new Database(`${directory}/portsyncd.db`, { readonly: true });
  return db.query<PieceRow, []>("SELECT id, count, length(packed) AS bytes FROM history ORDER BY id").all();
}

function endsOf(directory: string): number[] {
  return piecesIn(directory).map(({ id, count }) => id + count - 1);
}

describe("HistoryWriter", () => {
  test("fills a piece before it begins another, whether one comes at a time or many", async () => {
    await using dir = new TempDir();
    const [one, many] = [dir.file("one"), dir.file("many")];
    {
      using asked = new Asked(limitsIn(one));
      for (let i = 0; i < 3000; i++) asked.save([transitionAt(i)]);
    }
    {
      using asked = new Asked(limitsIn(many));
      asked.save(transitionsFrom(0, 3000));
    }
    expect(savedIn(one)).toEqual(transitionsFrom(0, 3000));
    expect(piecesIn(one)).toEqual(piecesIn(many));
    for (const { bytes } of piecesIn(one).slice(0, -1)) expect(bytes).toBeGreaterThan(3900);
  });

  test("begins a piece where age cuts the history, so that what is older goes as a whole", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    using asked = new Asked(limitsIn(directory, { retentionMs: 2 * DAY_MS + 1 }));
    for (const day of [0, 1, 2]) {
      asked.save(transitionsFrom(10 * day, 10));
      asked.pass(DAY_MS);
    }
    expect(endsOf(directory)).toEqual([10, 20, 30]);
    asked.save([]);
    expect(savedIn(directory)).toEqual(transitionsFrom(10, 20));
  });

  test("leaves the pieces of earlier processes as they are, and goes on with their numbers", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    for (const [instance, first] of [0, 3].entries()) {
      using asked = new Asked(limitsIn(directory), instance + 1);
      asked.save(transitionsFrom(first, 3));
    }
    expect(endsOf(directory)).toEqual([3, 6]);
    expect(savedIn(directory)).toEqual(transitionsFrom(0, 6));
  });

  test("gives no number twice, though all history was deleted and the process is another", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    const limits = limitsIn(directory, { retentionMs: DAY_MS });
    {
      using asked = new Asked(limits);
      asked.save(transitionsFrom(0, 7));
      asked.pass(2 * DAY_MS);
      asked.save(transitionsFrom(7, 3));
      asked.pass(2 * DAY_MS);
      asked.save([]);
      asked.save([]);
      asked.save([transitionAt(10)]);
      asked.pass(2 * DAY_MS);
      asked.save([]);
    }
    using db = new Database(`${directory}/portsyncd.db`);
    db.run("DELETE FROM history");
    using asked = new Asked(limits, 2);
    asked.save([transitionAt(11)]);
    expect(asked.read().page!.ids).toEqual([12]);
  });
});

test("History.read ends with what was there when it began, though the daemon adds to the piece that is read", async () => {
  await using dir = new TempDir();
  const directory = dir.file("store");
  using asked = new Asked(limitsIn(directory));
  asked.save(transitionsFrom(0, 2000));
  using history = History.open(directory);
  const pieces = history.read();
  const found = [...(pieces.next().value ?? [])];
  asked.save(transitionsFrom(2000, 900));
  for (const piece of pieces) found.push(...piece);
  expect(found).toEqual(transitionsFrom(0, 2000));
});

test("HistoryWriter gives a port that was forgotten another number when it comes again", async () => {
  await using dir = new TempDir();
  const directory = dir.file("store");
  using asked = new Asked(limitsIn(directory, { retentionMs: DAY_MS }));
  const first = { ...transitionAt(0), port: "once 0" };
  asked.save(Array.from({ length: 600 }, (_, i) => ({ ...transitionAt(i), port: `once ${i}` })));
  asked.pass(2 * DAY_MS);
  asked.save([]);
  asked.save([transitionAt(600)]);
  asked.pass(2 * DAY_MS);
  asked.save([]);
  asked.save([first]);
  expect(savedIn(directory)).toEqual([transitionAt(600), first]);
});

test("Keeper takes a backup in the place of a file that lacks a port of its history, when that is read", async () => {
  await using dir = new TempDir();
  const directory = dir.file("store");
  {
    using asked = new Asked(limitsIn(directory));
    asked.save(transitionsFrom(0, 10));
    asked.backup();
  }
  {
    using db = new Database(`${directory}/portsyncd.db`);
    db.run("DELETE FROM ports WHERE id = 1");
  }
  using asked = new Asked(limitsIn(directory), 2);
  expect(asked.open().recoveries).toEqual([]);
  expect(asked.read()).toMatchObject({ outcome: "done", page: { ids: { length: 10 } }, recoveries: { length: 1 } });
});

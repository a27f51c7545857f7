import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";

import { unpackTransitions } from "../../src/store/columns.ts";
import { TRANSITIONS_OF_A_PAGE } from "../../src/store/historypage.ts";
import type { HistoryQuery } from "../../src/store/historyquery.ts";
import type { PortSnapshot, Transition } from "../../src/store/transition.ts";
import { TempDir } from "../support/tempdir.ts";
import { Asked, limitsIn, transitionAt, transitionsFrom, WALL_MS } from "./requests.ts";

/** All that is wanted, over as many pages as it takes; the numbers of the rows that are kept are 1, 2, ... */
function read(asked: Asked, query: Partial<HistoryQuery>): { found: Transition[]; ids: number[]; pages: number } {
  const found: Transition[] = [];
  const ids: number[] = [];
  let pages = 0;
  for (let beforeId = query.beforeId; ;) {
    const { page } = asked.read({ ...query, beforeId });
    pages++;
    ids.push(...page!.ids);
    found.push(...unpackTransitions(page!.columns));
    if (page!.nextBeforeId === undefined) return { found, ids, pages };
    beforeId = page!.nextBeforeId;
  }
}

const PORT = "Ether\xff\xe9net0";
const up = { admin: true, oper: true, mtu: 9100 };
const change = (old: PortSnapshot | null, now: PortSnapshot | null, wallMs = WALL_MS): Transition => {
  return { wallMs, port: PORT, cause: "event", old, new: now };
};
const flap = (wallMs: number): Transition => change(up, { ...up, oper: false }, wallMs);

describe("readPage", () => {
  test("gives the newest first, as they were recorded, no more than wanted, of one port, and since a time", async () => {
    await using dir = new TempDir();
    using asked = new Asked(limitsIn(dir.file("store")));
    const all = transitionsFrom(0, 100);
    asked.save(all);
    expect(read(asked, {})).toEqual({
      found: all.toReversed(),
      ids: Array.from({ length: 100 }, (_, i) => 100 - i),
      pages: 1,
    });
    expect(read(asked, { limit: 3, beforeId: 50 })).toMatchObject({ ids: [49, 48, 47], pages: 1 });
    const { port } = transitionAt(7);
    expect(read(asked, { port }).found).toEqual(all.filter((one) => one.port === port).toReversed());
    expect(read(asked, { sinceWallMs: WALL_MS + 97.5 }).ids).toEqual([100, 99]);
    expect(read(asked, { port: "Ethernet" }).ids).toEqual([]);
    expect(read(asked, { beforeId: 1 }).ids).toEqual([]);
  });

  test("gives nothing of a history that is empty", async () => {
    await using dir = new TempDir();
    using asked = new Asked(limitsIn(dir.file("store")));
    expect(asked.read()).toMatchObject({ outcome: "done", page: { ids: [], nextBeforeId: undefined } });
  });

  test("finds of flaps no other changes: not what came up, came, went away or only changed its MTU", async () => {
    await using dir = new TempDir();
    using asked = new Asked(limitsIn(dir.file("store")));
    const down = { ...up, oper: false };
    const others = [
      change(down, up),
      change(null, down),
      change(up, null),
      change(up, { ...up, mtu: 1500 }),
      change(down, { ...down, mtu: 1500 }),
    ];
    asked.save([flap(WALL_MS), ...others, flap(WALL_MS + 1)]);
    expect(read(asked, { onlyFlaps: true }).found).toEqual([flap(WALL_MS + 1), flap(WALL_MS)]);
  });

  test("looks at no more transitions for a page than it may, however rare that is what is looked for", async () => {
    await using dir = new TempDir();
    using asked = new Asked(limitsIn(dir.file("store")));
    asked.save([flap(WALL_MS)]);
    asked.save(transitionsFrom(0, 2 * TRANSITIONS_OF_A_PAGE));
    const first = asked.read({ port: PORT }).page!;
    expect([first.ids, first.nextBeforeId]).toEqual([[], TRANSITIONS_OF_A_PAGE + 2]);
    expect(read(asked, { port: PORT })).toEqual({ found: [flap(WALL_MS)], ids: [1], pages: 3 });
    expect(asked.read({ limit: 5 }).page!.nextBeforeId).toBeUndefined();
    asked.close(false);
    using db = new Database(dir.file("store/portsyncd.db"), { readonly: true });
    const plan = db.query<{ detail: string }, []>(
      "EXPLAIN QUERY PLAN SELECT 1 FROM history WHERE id < 9 ORDER BY id DESC LIMIT 1",
    );
    for (const { detail } of plan.all()) expect(detail).toStartWith("SEARCH");
  }, 20_000);

  test("begins behind what was deleted because it was too old", async () => {
    await using dir = new TempDir();
    using asked = new Asked(limitsIn(dir.file("store"), { retentionMs: 3_600_000 }));
    asked.save(transitionsFrom(0, 10));
    asked.pass(2 * 3_600_000);
    asked.save([flap(WALL_MS)]);
    expect(read(asked, {})).toEqual({ found: [flap(WALL_MS)], ids: [11], pages: 1 });
  });

  test("recovers when a page of the file that it reads is damaged, and tells what the backup has", async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    const program = `
      const { Asked, limitsIn, transitionsFrom } = await import(${JSON.stringify(`${import.meta.dir}/requests.ts`)});
      const asked = new Asked(limitsIn(process.argv[1]));
      asked.save(transitionsFrom(0, 400_000)); // more than SQLite keeps in memory
      asked.backup();
      asked.close(false);
      asked.open();
      const overwrite = 'dd if=/dev/zero of="$1/portsyncd.db" bs=4096 seek=1 count=200 conv=notrunc 2>&1';
      Bun.spawnSync(["sh", "-c", overwrite, "sh", process.argv[1]]);
      const { outcome, page, recoveries } = asked.read({ limit: 2 });
      console.log(JSON.stringify([outcome, page.ids, recoveries.length]));`;
    const { stdout } = Bun.spawnSync([process.execPath, "-e", program, directory]);
    expect(JSON.parse(stdout.toString())).toEqual(["done", [400_000, 399_999], 1]);
  }, 20_000);
});

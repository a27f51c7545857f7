import { expect, test } from "bun:test";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Reply } from "../../src/store/message.ts";
import { TempDir } from "../support/tempdir.ts";
import {
  Asked,
  keptThings,
  limitsIn,
  NOTHING_FOUND,
  seedsOf,
  transitionAt,
  transitionsFrom,
  WALL_MS,
} from "./requests.ts";
import { savedIn } from "./saved.ts";

const PAGE = 4096;
const SEED = 20_260_131;
const FLIPS = 150;
const BEFORE_BACKUP = 900;
const AFTER_BACKUP = 600;
const NEW = transitionAt(1_000_000);

/** A store as a killed daemon leaves it: two backups, and what came after them partly in the log. */
function makeVictim(directory: string): { newest: string } {
  const asked = new Asked(limitsIn(directory));
  asked.save(transitionsFrom(0, BEFORE_BACKUP), keptThings(1));
  asked.backup();
  asked.pass(1000);
  asked.backup();
  asked.save(transitionsFrom(BEFORE_BACKUP, AFTER_BACKUP - 100), keptThings(2));
  asked.close(false);
  asked.save(transitionsFrom(BEFORE_BACKUP + AFTER_BACKUP - 100, 100));
  const copy = `${directory}.copy`;
  cpSync(directory, copy, { recursive: true });
  asked[Symbol.dispose]();
  rmSync(directory, { recursive: true });
  cpSync(copy, directory, { recursive: true });
  return { newest: backupsIn(directory).at(-1)! };
}

function backupsIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.startsWith("portsyncd.db.backup-"))
    .sort();
}

function contentOf(directory: string, names: readonly string[]): string[] {
  return names.map((name) => Bun.hash(readFileSync(join(directory, name))).toString());
}

/** mulberry32: the same numbers on every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Opens a damaged copy and checks what always holds: it works again, the backups are what they were, and it stays well. */
function expectRecovered(victim: string, damage: (database: string) => void): Reply {
  const directory = `${victim}.damaged`;
  rmSync(directory, { recursive: true, force: true });
  cpSync(victim, directory, { recursive: true });
  damage(join(directory, "portsyncd.db"));
  const backups = backupsIn(directory);
  const before = contentOf(directory, backups);
  let reply: Reply;
  {
    using asked = new Asked(limitsIn(directory), 2);
    reply = asked.save([NEW]);
    expect(reply).toMatchObject({ outcome: "done", reason: "" });
    // What is in a text or a number may have changed, but in the history; never that it is one.
    for (const { value } of reply.facts!.kept!.keepsakes) expect(() => JSON.parse(value!) as unknown).not.toThrow();
  }
  expect(contentOf(directory, backups)).toEqual(before);
  const saved = savedIn(directory);
  expect(saved.pop()).toEqual(NEW);
  expect(saved).toEqual(saved.map(({ wallMs }) => transitionAt(wallMs - WALL_MS)));
  const missing = (saved.length === 0 ? 0 : saved.at(-1)!.wallMs - WALL_MS + 1) - saved.length;
  const lost = reply.losses.reduce((sum, { transitions }) => sum + transitions, 0);
  // What is lost at the end is not missing before it.
  if (reply.losses.some(({ beforeMs }) => beforeMs === undefined)) expect(lost).toBeGreaterThan(missing);
  else expect(lost).toBe(missing);
  using again = new Asked(limitsIn(directory), 3);
  expect(again.open()).toMatchObject({ outcome: "done", ...NOTHING_FOUND });
  return reply;
}

test("Keeper recovers from a file that is cut off at or beside any page", async () => {
  await using dir = new TempDir();
  const victim = dir.file("victim");
  const { newest } = makeVictim(victim);
  // Without its log: SQLite would rightly take from it the pages that are cut off.
  for (const suffix of ["-wal", "-shm"]) rmSync(join(victim, `portsyncd.db${suffix}`));
  const { size } = Bun.file(join(victim, "portsyncd.db"));
  expect(size / PAGE).toBeGreaterThan(10);
  for (let page = 0; page < size / PAGE; page++) {
    for (const length of [page * PAGE, page * PAGE + 1, (page + 1) * PAGE - 1]) {
      const { recoveries, facts } = expectRecovered(victim, (database) => truncateSync(database, length));
      expect(recoveries).toEqual([
        { reason: expect.any(String), setAside: expect.any(String), restoredFrom: newest, corruption: true },
      ]);
      expect(facts!.tally).toMatchObject({ corruptions: 1, recoveries: 1 });
      expect(seedsOf(facts!.kept!)).toEqual([1]);
    }
  }
}, 120_000);

for (const where of ["the database", "the log"] as const)
  test(`Keeper lives through flipped bits in ${where} (seed ${SEED})`, async () => {
    await using dir = new TempDir();
    const victim = dir.file("victim");
    const { newest } = makeVictim(victim);
    // What is in the log is not read from the database.
    if (where === "the database") for (const suffix of ["-wal", "-shm"]) rmSync(join(victim, `portsyncd.db${suffix}`));
    const next = random(SEED);
    let recovered = 0;
    for (let i = 0; i < FLIPS; i++) {
      const { recoveries, facts } = expectRecovered(victim, (database) => {
        const path = where === "the database" ? database : `${database}-wal`;
        const bytes = readFileSync(path);
        // Often in the header and the first page, where it matters most.
        const end = [100, PAGE, bytes.length, bytes.length][i % 4]!;
        for (let flips = 1 + Math.floor(next() * 8); flips > 0; flips--)
          bytes[Math.floor(next() * end)]! ^= 1 << Math.floor(next() * 8);
        writeFileSync(path, bytes);
      });
      recovered += recoveries.length;
      for (const { restoredFrom, setAside } of recoveries)
        expect({ restoredFrom, isSetAside: !!setAside }).toEqual({ restoredFrom: newest, isSetAside: true });
      expect(facts!.tally.corruptions).toBe(recoveries.filter(({ corruption }) => corruption).length);
    }
    // SQLite itself knows frames of the log that are damaged, and leaves them out.
    if (where === "the database") expect(recovered).toBeGreaterThan(FLIPS / 4);
  }, 120_000);

test("Keeper recovers from a file of garbage, of zeros, and from one that is too long", async () => {
  await using dir = new TempDir();
  const victim = dir.file("victim");
  const { newest } = makeVictim(victim);
  const next = random(SEED);
  const garbage = Buffer.from(Array.from({ length: 5 * PAGE }, () => Math.floor(next() * 256)));
  for (const content of [garbage, Buffer.alloc(5 * PAGE), Buffer.from("SQLite format 3\0")]) {
    const { recoveries, facts } = expectRecovered(victim, (database) => writeFileSync(database, content));
    expect(seedsOf(facts!.kept!)).toEqual([1]);
    expect(recoveries.map(({ restoredFrom }) => restoredFrom)).toEqual([newest]);
  }
}, 400_000);

test("Keeper recovers when a page changes while it has the database open", async () => {
  await using dir = new TempDir();
  const directory = dir.file("store");
  mkdirSync(directory, { mode: 0o750 });
  const program = `
    const { Asked, limitsIn, transitionsFrom } = await import(${JSON.stringify(join(import.meta.dir, "requests.ts"))});
    const asked = new Asked(limitsIn(process.argv[1]));
    asked.save(transitionsFrom(0, 400_000)); // more than SQLite keeps in memory
    asked.backup();
    asked.close(false);
    asked.open();
    // By another process: this one would lose SQLite's locks by closing the file.
    const overwrite = 'dd if=/dev/zero of="$1/portsyncd.db" bs=4096 seek=1 count=200 conv=notrunc 2>&1';
    Bun.spawnSync(["sh", "-c", overwrite, "sh", process.argv[1]]);
    const reply = asked.save(transitionsFrom(400_000, 10));
    console.log(JSON.stringify({ ...reply, last: asked.save(transitionsFrom(400_010, 1)).outcome }));`;
  const { stdout } = Bun.spawnSync([process.execPath, "-e", program, directory]);
  const { outcome, recoveries, last } = JSON.parse(stdout.toString()) as Reply & { last: string };
  expect({ outcome, last, recoveries: recoveries.length }).toEqual({ outcome: "done", last: "done", recoveries: 1 });
  expect(savedIn(directory)).toEqual(transitionsFrom(0, 400_011));
}, 20_000);

for (const encoding of [0, 4, 5, 0x01000001])
  test(`Keeper sets a file aside whose text encoding is ${encoding}, of which no backup could be made`, async () => {
    await using dir = new TempDir();
    const directory = dir.file("store");
    {
      using asked = new Asked(limitsIn(directory));
      asked.save(transitionsFrom(0, 10));
      asked.backup();
      asked.close(false);
    }
    const file = join(directory, "portsyncd.db");
    const bytes = readFileSync(file);
    bytes.writeUInt32BE(encoding, 56);
    writeFileSync(file, bytes);
    using asked = new Asked(limitsIn(directory), 2);
    expect(asked.save([NEW]).recoveries).toMatchObject([{ reason: expect.stringMatching(/text encoding/) as string }]);
    expect(asked.backup().outcome).toBe("done");
    expect(savedIn(directory)).toEqual([...transitionsFrom(0, 10), NEW]);
  });

import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import * as fc from "fast-check";

import { Asked, keptThings, limitsIn, transitionsFrom } from "../store/requests.ts";

/** How many transitions the backups hold, the database without its log, and all together. */
export const SAVED = { backup: 400, database: 600, all: 700 } as const;

const PAGE = 4096;
const DATABASE = "portsyncd.db";

/** The files of a store, as damage speaks of them. */
export type StorePart = "database" | "wal" | "shm" | "newest backup" | "oldest backup";

/** All of them. */
export const PARTS: readonly StorePart[] = ["database", "wal", "shm", "newest backup", "oldest backup"];
/** Numbers of the header of SQLite's file format: where each is and how many bytes it has. */
const HEADER: readonly (readonly [at: number, bytes: number])[] = [
  ...[0, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 64, 68, 92, 96].map((at) => [at, 4] as const),
  ...[18, 19, 20, 21, 22, 23, 100].map((at) => [at, 1] as const),
  ...[16, 103].map((at) => [at, 2] as const),
];
const NUMBERS = [0, 1, 2, 3, 4, 5, 255, 512, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** One thing that happened to a file; `at` and `to` mean what the kind makes of them. */
export interface Damage {
  readonly part: StorePart;
  readonly kind: keyof typeof KINDS;
  readonly at: number;
  readonly to: number;
}

function pageAt(bytes: Buffer, which: number): Buffer {
  const page = which % Math.max(1, Math.floor(bytes.length / PAGE));
  return bytes.subarray(page * PAGE, (page + 1) * PAGE);
}

const KINDS = {
  "flipped bits": (bytes: Buffer, { at, to }: Damage) => {
    for (let i = 0; i <= to % 8 && bytes.length > 0; i++) bytes[(at + i * 7919) % bytes.length]! ^= 1 << ((to + i) % 8);
    return bytes;
  },
  "cut off": (bytes: Buffer, { at }: Damage) => bytes.subarray(0, at % (bytes.length + 1)),
  "cut off at a page": (bytes: Buffer, { at }: Damage) => bytes.subarray(0, (at % (bytes.length / PAGE + 1)) * PAGE),
  "too long": (bytes: Buffer, { at }: Damage) => Buffer.concat([bytes, Buffer.alloc(at % (2 * PAGE), at)]),
  "page of zeros": (bytes: Buffer, { at }: Damage) => {
    pageAt(bytes, at).fill(0);
    return bytes;
  },
  "page of garbage": (bytes: Buffer, { at, to }: Damage) => {
    for (const [i] of pageAt(bytes, at).entries()) pageAt(bytes, at)[i] = Math.imul(i + to, 0x9e37_79b1) >>> 24;
    return bytes;
  },
  "swapped pages": (bytes: Buffer, { at, to }: Damage) => {
    const page = Buffer.from(pageAt(bytes, at));
    pageAt(bytes, to).copy(pageAt(bytes, at));
    page.copy(pageAt(bytes, to));
    return bytes;
  },
  "wrong number in the header": (bytes: Buffer, { at, to }: Damage) => {
    const [offset, size] = HEADER[at % HEADER.length]!;
    const value = Buffer.alloc(4);
    value.writeUInt32BE(NUMBERS[to % NUMBERS.length]!);
    value.copy(bytes, offset, 4 - size);
    return bytes;
  },
  emptied: () => Buffer.alloc(0),
  "all zeros": (bytes: Buffer) => bytes.fill(0),
  /** Another file of the same store is in its place. */
  "taken from another": undefined,
  /** Each of the two is in the other's place. */
  exchanged: undefined,
  gone: undefined,
} as const satisfies Record<string, ((bytes: Buffer, damage: Damage) => Buffer) | undefined>;

/** Every kind of damage. */
export const DAMAGES = Object.keys(KINDS) as (keyof typeof KINDS)[];

/** Anything that can happen to the files of a store. */
export const damages: fc.Arbitrary<Damage[]> = fc.array(
  fc.record({
    part: fc.constantFrom<StorePart>("database", "database", "wal", "wal", "shm", "newest backup", "oldest backup"),
    kind: fc.constantFrom(...DAMAGES),
    at: fc.nat(1_000_000),
    to: fc.nat(1_000_000),
  }),
  { minLength: 1, maxLength: 3 },
);

/** The names of the backups in a directory, oldest first. */
export function backupsIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.startsWith(`${DATABASE}.backup-`))
    .sort();
}

/** Where the log of an earlier time is kept, which fits the database but not what has happened since. */
function olderLog(store: string): string {
  return `${store}.older-wal`;
}

/** Makes a store as a killed daemon leaves it: two backups, and what came after them partly in the log. */
export function makeStore(directory: string): void {
  const living = `${directory}.living`;
  using asked = new Asked(limitsIn(living));
  asked.save(transitionsFrom(0, SAVED.backup), keptThings(1));
  copyFileSync(join(living, `${DATABASE}-wal`), olderLog(directory));
  asked.backup();
  asked.pass(1000);
  asked.backup();
  asked.save(transitionsFrom(SAVED.backup, SAVED.database - SAVED.backup), keptThings(2));
  asked.close(false);
  asked.save(transitionsFrom(SAVED.database, SAVED.all - SAVED.database));
  cpSync(living, directory, { recursive: true });
}

/** A copy of a store to which something happened. */
export function damageStore(store: string, directory: string, all: readonly Damage[]): void {
  rmSync(directory, { recursive: true, force: true });
  cpSync(store, directory, { recursive: true });
  const [oldest, newest] = backupsIn(store);
  const paths: Readonly<Record<StorePart, string>> = {
    database: join(directory, DATABASE),
    wal: join(directory, `${DATABASE}-wal`),
    shm: join(directory, `${DATABASE}-shm`),
    "newest backup": join(directory, newest!),
    "oldest backup": join(directory, oldest!),
  };
  for (const damage of all) {
    const path = paths[damage.part];
    if (!existsSync(path)) continue;
    const edit = KINDS[damage.kind];
    const others = [...PARTS.map((part) => paths[part]), ...(damage.kind === "exchanged" ? [] : [olderLog(store)])];
    const other = others[damage.to % others.length]!;
    const before = readFileSync(path);
    if (edit) writeFileSync(path, edit(before, damage));
    else rmSync(path);
    if (edit || damage.kind === "gone") continue;
    if (existsSync(other)) copyFileSync(other, path);
    if (damage.kind === "exchanged") writeFileSync(other, before);
  }
}

/** The parts that something may have happened to. */
export function touchedBy(all: readonly Damage[]): Set<StorePart> {
  return new Set(
    all.flatMap(({ part, kind, to }) => (kind === "exchanged" ? [part, PARTS[to % PARTS.length]!] : [part])),
  );
}

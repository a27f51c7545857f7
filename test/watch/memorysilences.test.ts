import { expect, test } from "bun:test";

import type { Silence } from "../../src/alert/silence.ts";
import { MemorySilences } from "../../src/watch/memorysilences.ts";
import { FakeClock } from "../support/fakeclock.ts";

const WANTED = { rule: "redis_*", reason: "upgrade", expires_in_secs: 60 };

test("MemorySilences tells of each that is made and ended, and keeps none that has expired", async () => {
  const clock = new FakeClock(1000);
  const told: (readonly Silence[])[] = [];
  const book = new MemorySilences(clock, (silences) => void told.push(silences));
  const first = (await book.create(WANTED)) as Silence;
  expect(first).toMatchObject({ matcher: { rule: "redis_*" }, reason: "upgrade", expiresWallMs: 61_000 });
  clock.pass(30_000);
  const second = (await book.create({ ...WANTED, rule: "*" })) as Silence;
  expect(second.id).not.toBe(first.id);
  expect(book.silences).toEqual([first, second]);
  clock.pass(30_000);
  expect(book.silences).toEqual([second]);
  expect(await book.remove(first.id)).toBeUndefined();
  expect(await book.remove(second.id)).toEqual(second);
  expect(told).toEqual([[first], [first, second], []]);
});

test("MemorySilences.create says what is wrong with a request, and makes nothing of it", async () => {
  const book = new MemorySilences(new FakeClock(), () => expect.unreachable());
  expect(await book.create({ ...WANTED, reason: "" })).toMatchObject([{ key: "reason" }]);
  expect(book.silences).toEqual([]);
});

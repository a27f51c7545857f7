import { describe, expect, test } from "bun:test";

import { Keepsakes } from "../../src/store/keepsakes.ts";
import type { Keepsake } from "../../src/store/kept.ts";

const silence = (key: string, value: string | null): Keepsake => ({ kind: "silence", key, value });

/** Some that were loaded. */
function loaded(...found: readonly Keepsake[]): Keepsakes {
  const keepsakes = new Keepsakes();
  expect(keepsakes.compare(found)).toEqual([]);
  return keepsakes;
}

describe("Keepsakes", () => {
  test("know nothing of what is kept before it was loaded, and then what was wanted meanwhile wins", () => {
    const keepsakes = new Keepsakes();
    keepsakes.set(silence("mine", "1"));
    keepsakes.set(silence("ended", null));
    expect(keepsakes.of("silence")).toBeUndefined();
    keepsakes.compare([silence("mine", "0"), silence("ended", "0"), silence("old", "0")]);
    expect(Object.fromEntries(keepsakes.of("silence")!)).toEqual({ mine: "1", old: "0" });
    expect([...keepsakes.of("alert")!]).toEqual([]);
  });

  test("say whether something is new", () => {
    const keepsakes = loaded(silence("a", "1"));
    const isNew = (...of: Parameters<typeof silence>) => keepsakes.set(silence(...of));
    expect([isNew("a", "1"), isNew("a", "2"), isNew("b", null), isNew("a", null), isNew("a", null)]).toEqual([
      false,
      true,
      false,
      true,
      false,
    ]);
  });

  test("find what a file lacks, has too much, or has as it was", () => {
    const keepsakes = loaded(silence("same", "1"), silence("changed", "1"), silence("gone", "1"));
    keepsakes.set(silence("changed", "2"));
    keepsakes.set(silence("gone", null));
    keepsakes.set({ kind: "alert", key: "same", value: "3" });
    const found = [silence("same", "1"), silence("changed", "1"), silence("gone", "1")];
    expect(keepsakes.compare(found)).toEqual([
      silence("gone", null),
      { kind: "alert", key: "same", value: "3" },
      silence("changed", "2"),
    ]);
    const all = [silence("same", "1"), silence("changed", "2"), { kind: "alert", key: "same", value: "3" }] as const;
    expect(keepsakes.compare(all)).toEqual([]);
  });

  test("are no more than a file may hold", () => {
    const keepsakes = loaded();
    for (let i = 0; i < 9000; i++) keepsakes.set(silence(String(i), "1"));
    expect(keepsakes.of("silence")!.size).toBe(8192);
    expect(keepsakes.set(silence("0", "2"))).toBe(true);
  });
});

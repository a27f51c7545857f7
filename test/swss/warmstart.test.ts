import { describe, expect, test } from "bun:test";

import { ReplyError } from "../../src/swss/database.ts";
import { MemoryDatabase } from "../../src/swss/memorydatabase.ts";
import { decideWarmStart, parseUnsigned, writeRestoreCount } from "../../src/swss/warmstart.ts";

const COUNT = "WARM_RESTART_TABLE|portsyncd";

describe("parseUnsigned", () => {
  // What C's strtoul makes of them, as recorded in section 9 and rule 42; undefined where stoul throws.
  for (const [text, number] of [
    ["0", 0],
    ["7", 7],
    ["007", 7],
    [" 7", 7],
    ["\t\n\v\f\r 7", 7],
    ["+7", 7],
    ["12abc", 12],
    ["3 4", 3],
    ["1.9", 1],
    ["1e3", 1],
    ["0x10", 0],
    ["4294967295", 4_294_967_295],
    ["", undefined],
    [" ", undefined],
    ["abc", undefined],
    ["+", undefined],
    ["+ 7", undefined],
    ["++7", undefined],
    ["x7", undefined],
    ["\xa07", undefined],
    ["99999999999999999999999", undefined],
  ] as const) {
    test(`parseUnsigned takes ${JSON.stringify(text)} for ${number} (rule 42, section 9)`, () => {
      expect(parseUnsigned(text)).toBe(number);
    });
  }
});

describe("decideWarmStart", () => {
  interface Case {
    readonly system?: string;
    readonly swss?: string;
    readonly count?: string;
    readonly warm: boolean;
    readonly written: string;
    readonly warns?: boolean;
  }
  const cases: readonly Case[] = [
    { warm: false, written: "0" },
    { count: "5", warm: false, written: "0" },
    { system: "true", count: "0", warm: true, written: "1" },
    { swss: "true", count: "5", warm: true, written: "6" },
    { system: "true", swss: "true", count: "5", warm: true, written: "6" },
    { system: "true", swss: "false", count: "5", warm: true, written: "6" },
    { system: "false", swss: "true", count: "5", warm: true, written: "6" },
    { swss: "true@x", count: "5", warm: true, written: "6" },
    { swss: "TRUE", count: "5", warm: false, written: "0" },
    { swss: "true ", count: "5", warm: false, written: "0" },
    { swss: "", count: "5", warm: false, written: "0" },
    { swss: "true", count: "12abc", warm: true, written: "13" },
    { swss: "true", count: " 7", warm: true, written: "8" },
    { swss: "true", count: "3@x", warm: true, written: "4" },
    { swss: "true", warm: false, written: "0", warns: true },
    { swss: "true", count: "", warm: false, written: "0", warns: true },
    { swss: "true", count: "abc", warm: false, written: "0", warns: true },
    { swss: "true", count: "99999999999999999999999", warm: false, written: "0", warns: true },
  ];
  for (const { system, swss, count, warm, written, warns = false } of cases) {
    const given = JSON.stringify({ system, swss, restore_count: count });
    test(`decideWarmStart starts ${warm ? "warm" : "cold"} and writes ${written} for ${given} (rule 42, section 9)`, async () => {
      const state = new MemoryDatabase("STATE_DB", 6, "|");
      if (system !== undefined) await state.call("HSET", "WARM_RESTART_ENABLE_TABLE|system", "enable", system);
      if (swss !== undefined) await state.call("HSET", "WARM_RESTART_ENABLE_TABLE|swss", "enable", swss);
      if (count !== undefined) await state.call("HSET", COUNT, "restore_count", count);
      const outcome = await decideWarmStart(state);
      await writeRestoreCount(state, outcome.restoreCount);
      expect(outcome.warm).toBe(warm);
      expect(String(outcome.restoreCount)).toBe(written);
      expect(outcome.warnings.length).toBe(warns ? 1 : 0);
      expect(await state.call("HGETALL", COUNT)).toEqual(["restore_count", written]);
    });
  }

  test("writeRestoreCount leaves other fields alone, an old state too (rule 43, section 9)", async () => {
    const state = new MemoryDatabase("STATE_DB", 6, "|");
    await state.call("HSET", COUNT, "state", "reconciled", "restore_count", "4");
    await writeRestoreCount(state, (await decideWarmStart(state)).restoreCount);
    expect(await state.call("HGETALL", COUNT)).toEqual(["state", "reconciled", "restore_count", "0"]);
  });

  test("ReplyError.code is the first word of the reply", () => {
    expect(new ReplyError("NOSCRIPT No matching script.").code).toBe("NOSCRIPT");
    expect(new ReplyError("ERR").code).toBe("ERR");
  });
});

import { describe, expect, test } from "bun:test";

import { formatHelp } from "../../src/cli/help.ts";
import { type CommandName, COMMANDS, OPTIONS, WRITTEN_COMMANDS } from "../../src/cli/options.ts";

describe("formatHelp", () => {
  for (const name of Object.keys(COMMANDS) as CommandName[])
    test(`names the options of ${name}, and only those, in lines that fit`, () => {
      const text = formatHelp(name);
      const named = Object.keys(OPTIONS).filter((option) => new RegExp(`^  (-., )?--${option}( |$)`, "m").test(text));
      expect(named.sort()).toEqual([...COMMANDS[name].options].sort());
      for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(90);
      expect(text.endsWith("\n")).toBe(true);
    });

  test("loses no word of a meaning that wraps", () => {
    const text = formatHelp("daemon").replace(/\s+/g, " ");
    for (const option of COMMANDS.daemon.options) expect(text).toContain(OPTIONS[option].meaning);
  });

  test("lists the commands, with their operands", () => {
    for (const name of WRITTEN_COMMANDS) expect(formatHelp("daemon")).toMatch(new RegExp(`^  ${name}`, "m"));
    expect(formatHelp("daemon")).toContain("  record FILE ");
    expect(formatHelp("record")).toContain("Usage: portsyncd record [OPTION]... FILE\n");
  });
});

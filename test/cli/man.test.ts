import { describe, expect, test } from "bun:test";

import { builtinRules } from "../../src/alert/builtin.ts";
import { RULE_KEYS } from "../../src/alert/rulekeys.ts";
import { EXIT } from "../../src/cli/exit.ts";
import { formatMan } from "../../src/cli/man.ts";
import { COMMANDS, WRITTEN_COMMANDS } from "../../src/cli/options.ts";

const SECTIONS = [
  "NAME",
  "SYNOPSIS",
  "DESCRIPTION",
  "COMMANDS",
  "OPTIONS",
  "SIGNALS",
  "ALERTS",
  "EXIT STATUS",
  "FILES",
  "ENVIRONMENT",
];
const hasGroff = Bun.which("groff") !== null;
if (!hasGroff) console.log("skipped: formatMan is not rendered, because groff is not installed");

function groff(...args: string[]): { stdout: string; stderr: string } {
  const { stdout, stderr } = Bun.spawnSync(["groff", "-man", ...args], { stdin: Buffer.from(formatMan()) });
  return { stdout: stdout.toString(), stderr: stderr.toString() };
}

describe("formatMan", () => {
  test("has the sections of a man page, in their order", () => {
    expect([...formatMan().matchAll(/^\.SH (.*)$/gm)].map((match) => match[1])).toEqual(SECTIONS);
  });

  test("fills in what the texts of rules leave open", () => {
    const man = formatMan();
    const rules = man.slice(man.indexOf("The rules of the daemon"), man.indexOf(".SH EXIT STATUS"));
    expect(rules).toContain("config interface shutdown PORT.");
    expect(rules).not.toMatch(/[{}]/);
  });

  test("lets no text start a roff request", () => {
    for (const line of formatMan().split("\n"))
      if (/^[.']/.test(line)) expect(line).toMatch(/^\.(TH|SH|PP|TP|B|br|RS|RE)( |$)/);
  });

  test.skipIf(!hasGroff)("renders without a warning", () => {
    expect(groff("-ww", "-z").stderr).toBe("");
  });

  test.skipIf(!hasGroff)("shows every option, command and exit code when rendered", () => {
    // Neither hyphenation nor overstriking, as a pager has it.
    const text = groff("-Tascii", "-P-cbou", "-rHY=0", "-rLL=200n").stdout;
    for (const option of COMMANDS.daemon.options) expect(text).toMatch(new RegExp(`^ +(-., )?--${option}\\b`, "m"));
    for (const command of WRITTEN_COMMANDS) expect(text).toMatch(new RegExp(`^ +portsyncd ${command}\\b`, "m"));
    for (const code of Object.values(EXIT)) expect(text).toMatch(new RegExp(`^ +${code} `, "m"));
    expect(text).toContain("[shutdown] timeout_secs");
    for (const key of Object.keys(RULE_KEYS)) expect(text).toMatch(new RegExp(`^ +${key}\\b`, "m"));
    for (const { id } of builtinRules({ maxLatencyUs: 1 })) expect(text).toMatch(new RegExp(`^ +${id}\\b`, "m"));
  });
});

describe("EXIT", () => {
  test("has the codes of sysexits.h", () => {
    expect(EXIT).toEqual({
      ok: 0,
      usage: 64,
      dataErr: 65,
      noInput: 66,
      unavailable: 69,
      software: 70,
      osErr: 71,
      ioErr: 74,
      noPerm: 77,
      config: 78,
    });
  });
});

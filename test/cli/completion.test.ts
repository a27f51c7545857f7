import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { formatCompletion } from "../../src/cli/completion.ts";
import { COMMANDS, OPTIONS, SHELLS, WRITTEN_COMMANDS } from "../../src/cli/options.ts";
import { LOG_LEVELS } from "../../src/log/level.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "portsyncd-completion-"));
  for (const name of ["links.bin", "links two.bin", "other"]) writeFileSync(join(folder, name), "");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const hasBash = Bun.which("bash") !== null;
if (!hasBash) console.log("skipped: the bash completion is not run, because bash is not installed");

/** What bash offers for the words of a line, of which the last is being typed. */
function complete(...words: string[]): string[] {
  const script = `
    source "$1"; shift
    COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=()
    set -u
    _portsyncd || true
    (( \${#COMPREPLY[@]} == 0 )) || printf '%s\\n' "\${COMPREPLY[@]}"`;
  const file = join(folder, "completion.bash");
  writeFileSync(file, formatCompletion("bash"));
  const { stdout, stderr } = Bun.spawnSync(["bash", "--norc", "-c", script, "bash", file, "portsyncd", ...words], {
    cwd: folder,
  });
  expect(stderr.toString()).toBe("");
  return stdout.toString().split("\n").filter(Boolean).sort();
}

const CASES: readonly (readonly [readonly string[], readonly string[]])[] = [
  [["mon"], ["monitor"]],
  [["--log-l"], ["--log-level"]],
  [
    ["--mode", ""],
    ["sonic", "standalone"],
  ],
  [["--mode", "so"], ["sonic"]],
  // Readline splits --mode=st into three words.
  [["--mode", "=", "st"], ["standalone"]],
  [
    ["--mode", "="],
    ["sonic", "standalone"],
  ],
  [["--once", "--log-level", ""], [...LOG_LEVELS].sort()],
  [
    ["--source", ""],
    ["kernel", "replay:", "simulate"],
  ],
  [["--source", "=", "k"], ["kernel"]],
  [
    ["--source", "replay", ":"],
    ["completion.bash", "links two.bin", "links.bin", "other"],
  ],
  [["--source", "replay", ":", "ot"], ["other"]],
  [
    ["--source", "=", "replay", ":", "links"],
    ["links two.bin", "links.bin"],
  ],
  [["--source", "replay:ot"], ["replay:other"]],
  [["--config", "ot"], ["other"]],
  [["--namespace", ""], []],
  [
    ["record", "links"],
    ["links two.bin", "links.bin"],
  ],
  [["record", "--n"], ["--namespace"]],
  [["completion", "b"], ["bash"]],
  [["completion", "--h"], ["--help"]],
  [
    ["monitor", "--"],
    ["--help", "--json", "--namespace", "--source"],
  ],
  [["man", "--m"], []],
];

describe("the bash completion", () => {
  for (const [words, expected] of CASES)
    test.skipIf(!hasBash)(`offers for portsyncd ${words.join(" ")}| ${expected.join(" ").slice(0, 40)}`, () => {
      expect(complete(...words)).toEqual([...expected]);
    });

  test.skipIf(!hasBash)("offers the commands and the daemon's options for the first word", () => {
    const shorts = ["-V", "-h"];
    const options = COMMANDS.daemon.options.map((name) => `--${name}`);
    expect(complete("")).toEqual([...WRITTEN_COMMANDS, ...options, ...shorts].sort());
  });

  test.skipIf(!hasBash)("is registered for the program", () => {
    const file = join(folder, "registered.bash");
    writeFileSync(file, formatCompletion("bash"));
    const { stdout } = Bun.spawnSync(["bash", "--norc", "-c", 'source "$1"; complete -p portsyncd', "bash", file]);
    expect(stdout.toString()).toBe("complete -F _portsyncd portsyncd\n");
  });
});

describe("formatCompletion", () => {
  for (const shell of SHELLS) {
    test(`names every option and command for ${shell}`, () => {
      const text = formatCompletion(shell);
      for (const name of Object.keys(OPTIONS)) expect(text).toMatch(new RegExp(`(--|-l )${name}\\b`));
      for (const name of WRITTEN_COMMANDS) expect(text).toMatch(new RegExp(`\\b${name}\\b`));
    });

    const path = Bun.which(shell);
    if (path === null)
      console.log(`skipped: the ${shell} completion is not checked, because ${shell} is not installed`);
    test.skipIf(path === null)(`is accepted by ${shell}`, () => {
      const { exitCode, stderr } = Bun.spawnSync([path!, "-n"], { stdin: Buffer.from(formatCompletion(shell)) });
      expect([exitCode, stderr.toString()]).toEqual([0, ""]);
    });
  }
});

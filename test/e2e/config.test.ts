import { expect } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { DEFAULT_CONFIG_FILE } from "../../src/cli/options.ts";
import type { Requirement } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { runBinary } from "./run.ts";

const REFERENCE = join(import.meta.dir, "../../src/config/reference.toml");
const linux: Requirement = process.platform === "linux" ? { ok: true } : { ok: false, reason: "needs Linux" };
const noDefaultFile: Requirement = existsSync(DEFAULT_CONFIG_FILE)
  ? { ok: false, reason: `${DEFAULT_CONFIG_FILE} exists` }
  : linux;

testWith(linux, "portsyncd --check-config says ok of a right file, and of the reference", async () => {
  await using dir = new TempDir();
  await Bun.write(dir.file("conf"), 'mode = "standalone"\n');
  for (const file of [dir.file("conf"), REFERENCE]) {
    const outcome = await runBinary(["--check-config", "--config", file]);
    expect(outcome).toEqual({ code: 0, stdout: `${file}: ok\n`, stderr: "" });
  }
});

testWith(noDefaultFile, "portsyncd --check-config says ok of the default file when that does not exist", async () => {
  const outcome = await runBinary(["--check-config"]);
  expect(outcome).toEqual({ code: 0, stdout: `${DEFAULT_CONFIG_FILE}: ok\n`, stderr: "" });
});

testWith(linux, "portsyncd --check-config tells every issue at once, with its place", async () => {
  await using dir = new TempDir();
  const file = dir.file("conf");
  const text = 'modee = "sonic"\n[log]\n  level = "loud"\n[database]\nredis_port = 0\n[nothing]\n';
  await Bun.write(file, text);
  const outcome = await runBinary(["--check-config", "--config", file], { env: { PORTSYNCD_LOG_LEVEL: "loud" } });
  expect(outcome.stderr.split("\n")).toEqual([
    `${file}:1:1: modee: unknown key, did you mean mode?`,
    `${file}:3:3: log.level: the string "loud" is not allowed, ` +
      'allowed: "emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"',
    `${file}:5:1: database.redis_port: 0 is not allowed, allowed: an integer from 1 to 65535`,
    `${file}:6:2: nothing: unknown key, did you mean netlink?`,
    'environment: PORTSYNCD_LOG_LEVEL: "loud" is not allowed, ' +
      "allowed: emerg, alert, crit, error, warn, notice, info, debug",
    "",
  ]);
  expect([outcome.code, outcome.stdout]).toEqual([78, ""]);
});

testWith(linux, "portsyncd --check-config tells where TOML is broken", async () => {
  await using dir = new TempDir();
  await Bun.write(dir.file("conf"), 'mode = "sonic"\nnamespace = \n');
  const { code, stderr } = await runBinary(["--check-config", "--config", dir.file("conf")]);
  expect(stderr).toMatch(/^.*conf:2:\d+: not valid TOML: .+\n$/);
  expect(code).toBe(78);
});

testWith(linux, "portsyncd --print-config prints what --config takes again, and then prints the same", async () => {
  await using dir = new TempDir();
  const patterns = '[standalone]\nport_patterns = ["sw*", "\\"?"]\n';
  for (const text of ["", `mode = "standalone"\n[log]\nlevel = "debug"\n${patterns}[shutdown]\ntimeout_secs = 0.5\n`]) {
    await Bun.write(dir.file("conf"), text);
    const first = await runBinary(["--print-config", "--config", dir.file("conf")]);
    expect([first.code, first.stderr]).toEqual([0, ""]);
    await Bun.write(dir.file("printed"), first.stdout);
    expect(await runBinary(["--print-config", "--config", dir.file("printed")])).toEqual(first);
    const check = await runBinary(["--check-config", "--config", dir.file("printed")]);
    expect(check).toEqual({ code: 0, stdout: `${dir.file("printed")}: ok\n`, stderr: "" });
  }
});

testWith(
  linux,
  "portsyncd --print-config shows the file, over it the environment, and over both the options",
  async () => {
    await using dir = new TempDir();
    await Bun.write(dir.file("conf"), '[log]\nlevel = "error"\nformat = "syslog"\n');
    const print = async (args: readonly string[], level?: string) => {
      const env = { PORTSYNCD_LOG_LEVEL: level };
      const { stdout } = await runBinary(["--print-config", "--config", dir.file("conf"), ...args], { env });
      return Bun.TOML.parse(stdout) as { mode: string; namespace: string; log: object };
    };
    expect((await print([])).log).toEqual({ level: "error", format: "syslog" });
    expect((await print([], "warn")).log).toEqual({ level: "warn", format: "syslog" });
    const options = ["--log-level", "debug", "--log-format", "json", "--mode", "standalone", "--namespace", "asic3"];
    const all = await print(options, "warn");
    expect(all).toMatchObject({ mode: "standalone", namespace: "asic3", log: { level: "debug", format: "json" } });
  },
);

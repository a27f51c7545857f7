import { expect } from "bun:test";
import { copyFileSync, cpSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { runChild } from "../support/child.ts";
import type { Requirement } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { builtBinary } from "./binary.ts";
import { runBinary, runCommand } from "./run.ts";

const ROOT = join(import.meta.dir, "../..");
const INTRUDER_CODE = 42;
const linux: Requirement = process.platform === "linux" ? { ok: true } : { ok: false, reason: "needs Linux" };
const buildAll: Requirement =
  process.env["PORTSYNCD_BUILD_ALL"] === "1"
    ? { ok: true }
    : { ok: false, reason: "may fetch Bun for another machine; PORTSYNCD_BUILD_ALL=1 is not set" };

/** The files of a working directory that Bun reads: preloads, and variables that would be wrong or load code. */
const TRAPS = {
  "bunfig.toml": { "bunfig.toml": 'preload = ["./intruder.ts"]\n' },
  ".env": { ".env": "PORTSYNCD_LOG_LEVEL=nonsense\n" },
  ".env with BUN_OPTIONS": { ".env": "BUN_OPTIONS=--preload=./intruder.ts\nPORTSYNCD_LOG_LEVEL=nonsense\n" },
  ".env.local and .env.production": {
    ".env.local": "PORTSYNCD_LOG_LEVEL=nonsense\n",
    ".env.production": "PORTSYNCD_LOG_LEVEL=nonsense\n",
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

async function setTrap(dir: TempDir, files: Readonly<Record<string, string>>): Promise<void> {
  await Bun.write(dir.file("intruder.ts"), `process.exit(${INTRUDER_CODE});\n`);
  for (const [name, text] of Object.entries(files)) await Bun.write(dir.file(name), text);
}

/** A program that was compiled as Bun does it by default; it prints a variable. */
async function compileDefault(dir: TempDir): Promise<string> {
  const source = dir.file("default.ts");
  await Bun.write(source, 'console.log(process.env.PORTSYNCD_LOG_LEVEL ?? "untouched");\n');
  const binary = dir.file("default");
  await runChild([process.execPath, "build", source, "--compile", "--outfile", binary], { seconds: 60 });
  return binary;
}

for (const [name, files] of Object.entries(TRAPS)) {
  testWith(linux, `dist/portsyncd takes nothing from ${name} in its working directory`, async () => {
    await using dir = new TempDir();
    await setTrap(dir, files);
    const args = ["--once", "--mode", "standalone", "--store", "memory", "--source", "simulate:1"];
    for (const words of [["--check-config", "--config", "/dev/null"], ["--version"], args]) {
      const { code, stderr } = await runBinary(words, { cwd: dir.path });
      expect(stderr).not.toContain("nonsense");
      expect(code).toBe(0);
    }
  });

  testWith(
    linux,
    `bun build --compile without our options does take something from ${name}, so that the test above can fail`,
    async () => {
      await using dir = new TempDir();
      await using cwd = new TempDir();
      const binary = await compileDefault(dir);
      await setTrap(cwd, files);
      const { code, stdout } = await runCommand([binary], { cwd: cwd.path });
      expect([code, stdout]).not.toEqual([0, "untouched\n"]);
    },
    60,
  );
}

testWith(linux, "dist/portsyncd refuses code that BUN_OPTIONS names, and does not start", async () => {
  await using dir = new TempDir();
  await setTrap(dir, {});
  for (const option of ["--preload=./intruder.ts", "--require ./intruder.ts", "--import=./intruder.ts"]) {
    const { code, stdout, stderr } = await runBinary(["--version"], { cwd: dir.path, env: { BUN_OPTIONS: option } });
    expect(stderr).toMatch(/Code generation from strings disallowed/);
    expect([code, stdout]).toEqual([1, ""]);
  }
});

testWith(linux, "dist/portsyncd runs as ever with BUN_OPTIONS that load nothing, and with NODE_OPTIONS", async () => {
  await using dir = new TempDir();
  await setTrap(dir, {});
  const variables = [{ BUN_OPTIONS: "--smol" }, { BUN_OPTIONS: "" }, { NODE_OPTIONS: "--require ./intruder.ts" }];
  for (const env of variables) {
    const { code, stdout } = await runBinary(["--version"], { cwd: dir.path, env });
    expect(stdout).toMatch(/^portsyncd /);
    expect(code).toBe(0);
  }
});

// Nothing at build time switches this off, so the units take the variables away: if this fails, that can go.
testWith(linux, "dist/portsyncd is Bun itself with BUN_BE_BUN=1, which only its starter can prevent", async () => {
  await using dir = new TempDir();
  await setTrap(dir, TRAPS["bunfig.toml"]);
  const bun = await runBinary(["--version"], { cwd: dir.path, env: { BUN_BE_BUN: "1" } });
  expect(bun.stdout.trim()).toBe(Bun.version);
  const intruder = await runBinary(["-e", "0"], { cwd: dir.path, env: { BUN_BE_BUN: "1" } });
  expect(intruder.code).toBe(INTRUDER_CODE);
  for (const harmless of ["", "0"]) {
    const { stdout } = await runBinary(["--version"], { cwd: dir.path, env: { BUN_BE_BUN: harmless } });
    expect(stdout).toMatch(/^portsyncd /);
  }
});

testWith(linux, "dist/portsyncd refuses the inspector that BUN_INSPECT asks for", async () => {
  const { code, stderr } = await runBinary(["--version"], { env: { BUN_INSPECT: "ws://127.0.0.1:0/" } });
  expect(stderr).toContain("BUN_INSPECT cannot be used");
  expect(code).toBe(1);
});

testWith(linux, "dist/portsyncd runs alone in an empty directory, without PATH, HOME or node_modules", async () => {
  await using dir = new TempDir();
  copyFileSync(await builtBinary(), dir.file("portsyncd"));
  const args = ["--once", "--mode", "standalone", "--store", "memory", "--source", "simulate:3"];
  const env = Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]));
  const options = { cwd: dir.path, env: { ...env, PATH: "" } };
  const { code, stderr } = await runCommand([dir.file("portsyncd"), ...args], options);
  expect(stderr).toContain("3 of them ports");
  expect(code).toBe(0);
  expect(readdirSync(dir.path)).toEqual(["portsyncd"]);
});

testWith(linux, "dist/portsyncd has the process name portsyncd", async () => {
  await using dir = new TempDir();
  const http = 'listen = []\nadmin_socket = ""';
  await Bun.write(dir.file("redis.toml"), `[database]\nredis_socket = "${dir.path}/none"\n[http]\n${http}\n`);
  const binary = await builtBinary();
  const child = Bun.spawn([binary, "--config", dir.file("redis.toml")], { stderr: "pipe", stdout: "ignore" });
  for await (const _chunk of child.stderr) break;
  expect((await Bun.file(`/proc/${child.pid}/comm`).text()).trim()).toBe("portsyncd");
  child.kill();
  await child.exited;
});

testWith(
  buildAll,
  "bun run build:all makes one binary for x86-64 and one for AArch64",
  async () => {
    await using dir = new TempDir();
    for (const name of ["src", "ffi", "package.json", "tsconfig.json"]) {
      cpSync(join(ROOT, name), dir.file(name), { recursive: true });
    }
    symlinkSync(join(ROOT, "node_modules"), dir.file("node_modules"));
    await runChild([process.execPath, "run", "build:all"], { cwd: dir.path, seconds: 300 });
    // e_machine of elf.h: EM_X86_64 and EM_AARCH64.
    for (const [name, machine] of [
      ["portsyncd-linux-x64", 62],
      ["portsyncd-linux-arm64", 183],
    ] as const) {
      const header = Buffer.from(
        await Bun.file(join(dir.path, "dist", name))
          .slice(0, 20)
          .arrayBuffer(),
      );
      expect(header.toString("latin1", 0, 4)).toBe("\x7fELF");
      expect(header.readUInt16LE(18)).toBe(machine);
    }
  },
  320,
);

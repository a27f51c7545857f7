import { expect } from "bun:test";
import { chmodSync } from "node:fs";

import { Daemon } from "./daemon.ts";
import { failureOf } from "./failure.ts";
import { TempDir } from "./tempdir.ts";
import { testWith } from "./testwith.ts";

const linux = process.platform === "linux" ? ({ ok: true } as const) : ({ ok: false, reason: "needs /proc" } as const);

/** A daemon whose whole program is a shell script. */
async function startScript(dir: TempDir, script: string): Promise<Daemon> {
  const binary = dir.file("daemon");
  await Bun.write(binary, `#!/bin/sh\n${script}\n`);
  chmodSync(binary, 0o755);
  const config = { logging: { level: "debug" } };
  return Daemon.start({ directory: dir.path, binary, databaseConfig: "/db.json", config, args: ["--once"] });
}

testWith(linux, "Daemon writes the configuration and passes the arguments", async () => {
  await using dir = new TempDir();
  const daemon = await startScript(dir, 'echo "$@"; cat "$2"; exit 3');
  expect(await daemon.exited()).toBe(3);
  expect(daemon.stdout[0]).toBe(`--config ${dir.path}/portsyncd.conf --once`);
  expect(Bun.TOML.parse(daemon.stdout.slice(1).join("\n"))).toEqual({
    logging: { level: "debug" },
    database: { sonic_db_config: "/db.json" },
    store: { directory: `${dir.path}/store` }, // none of the machine's
    http: { listen: [], admin_socket: "" },
  });
});

testWith(linux, "Daemon.waitForLog finds past and future lines, and fails at once when the daemon ends", async () => {
  await using dir = new TempDir();
  const daemon = await startScript(dir, "echo one; echo two >&2; sleep 0.05; echo three; exit 1");
  expect(await daemon.waitForLog(/o$/)).toBe("two");
  expect(await daemon.waitForLog(/three/)).toBe("three");
  expect(await daemon.waitForLog(/one/)).toBe("one");
  expect(await failureOf(daemon.waitForLog(/four/))).toMatch(
    /exit 1\) without \/four\/; its last lines:\n[\s\S]*three/,
  );
});

testWith(linux, "Daemon.stop sends SIGTERM and returns the exit code; kill gives 137", async () => {
  await using dir = new TempDir();
  const polite = await startScript(dir, 'trap "exit 5" TERM; echo ready; while :; do sleep 0.01; done');
  await polite.waitForLog(/ready/);
  expect(polite.usage().rssKib).toBeGreaterThan(100);
  expect(polite.usage().openFiles).toBeGreaterThan(0);
  expect(await polite.stop()).toBe(5);
  const stubborn = await startScript(dir, 'trap "" TERM; echo ready; while :; do sleep 0.01; done');
  await stubborn.waitForLog(/ready/);
  expect(await failureOf(stubborn.stop(0.1))).toMatch(/no end of the daemon/);
  await stubborn.kill();
  expect(stubborn.exitCode).toBe(137);
});

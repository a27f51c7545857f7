import { expect, test } from "bun:test";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import packageJson from "../../package.json" with { type: "json" };
import { runChild } from "../support/child.ts";
import { TempDir } from "../support/tempdir.ts";
import { limitsIn, transitionAt } from "./requests.ts";
import { savedIn } from "./saved.ts";

const ROOT = join(import.meta.dir, "../..");
const WORKER = "src/store/worker.ts";

const PROGRAM = `
  import { readdirSync, readFileSync } from "node:fs";
  import { Store } from "./store/store.ts";
  import { systemClock } from "./util/clock.ts";
  const [options, transition] = JSON.parse(process.argv[2]);
  const ignore = () => {};
  const observer = { onState: (state, reason) => console.log(state, reason), onLoaded: ignore, onRecovery: ignore, onLoss: ignore, onBadBackup: ignore };
  const store = new Store(options, systemClock, observer);
  store.open();
  store.record(transition);
  while (store.status.queued > 0) await new Promise((resolve) => setImmediate(resolve));
  const nices = readdirSync("/proc/self/task").map((task) => {
    return Number(readFileSync("/proc/self/task/" + task + "/stat", "utf8").split(") ")[1].split(" ")[16]);
  });
  console.log(await store.close(10_000), Math.max(...nices) > Math.min(...nices));
  process.exit();`;

test("startThread finds the thread's program in a compiled binary, wherever that is run, and it gives way", async () => {
  await using dir = new TempDir();
  mkdirSync(dir.file("src"));
  cpSync(join(ROOT, "ffi"), dir.file("ffi"), { recursive: true });
  for (const part of ["store", "util"]) cpSync(join(ROOT, "src", part), dir.file(`src/${part}`), { recursive: true });
  writeFileSync(dir.file("src/main.ts"), PROGRAM);
  const [, ...build] = packageJson.scripts.build.split(" ");
  const command = [process.execPath, ...build.filter((word) => word !== WORKER)];
  command.splice(command.indexOf("src/main.ts") + 1, 0, WORKER);
  command[command.indexOf("--outfile") + 1] = dir.file("program");
  await runChild(command, { cwd: dir.path, seconds: 60 });
  const directory = dir.file("store");
  const options = { ...limitsIn(directory), enabled: true, backupIntervalMs: 3_600_000 };
  const argument = JSON.stringify([options, transitionAt(0)]);
  expect(await runChild([dir.file("program"), argument], { cwd: "/" })).toBe("true true\n");
  expect(savedIn(directory)).toEqual([transitionAt(0)]);
}, 60_000);

for (const name of ["build", "build:all"] as const)
  test(`package.json: ${name} has the program of the thread in every binary`, () => {
    const builds = packageJson.scripts[name].split(" && ");
    for (const build of builds) expect(build).toStartWith(`bun build src/main.ts ${WORKER} --compile `);
  });

import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";

import { runChild } from "../support/child.ts";
import { freshBinary } from "../support/daemon.ts";
import { TempDir } from "../support/tempdir.ts";

const ROOT = join(import.meta.dir, "../..");
const BINARY = join(ROOT, "dist/portsyncd");

let building: Promise<string> | undefined;

async function build(): Promise<string> {
  const fresh = freshBinary();
  if (fresh !== undefined) return fresh;
  // Built beside its place and renamed: somebody else may be running or building it.
  await using dir = new TempDir();
  const built = dir.file("portsyncd");
  await runChild([process.execPath, "run", "build", "--outfile", built], { cwd: ROOT, seconds: 120 });
  const beside = `${BINARY}.${process.pid}`;
  mkdirSync(join(ROOT, "dist"), { recursive: true });
  await runChild(["cp", built, beside]);
  renameSync(beside, BINARY);
  return BINARY;
}

/** The path of dist/portsyncd, which is built when it is missing or older than the sources. */
export function builtBinary(): Promise<string> {
  building ??= build();
  return building;
}

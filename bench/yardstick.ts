import { join } from "node:path";

import { runChild } from "../test/support/child.ts";
import { needsCommands } from "../test/support/requirement.ts";
import type { TempDir } from "../test/support/tempdir.ts";

const SOURCE = join(import.meta.dir, "yardstick.c");

/** Compiles yardstick.c into the directory and returns its path; without a C compiler says so and returns undefined. */
export async function compileYardstick(directory: TempDir): Promise<string | undefined> {
  const able = needsCommands("cc");
  if (!able.ok) {
    console.log(`without the baselines of yardstick.c: ${able.reason}`);
    return undefined;
  }
  const binary = directory.file("yardstick");
  await runChild(["cc", "-O2", "-o", binary, SOURCE]);
  return binary;
}

import { existsSync } from "node:fs";

import { runChild } from "../support/child.ts";
import { all, needsCommands, type Requirement } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";

function needsFiles(...paths: readonly string[]): Requirement {
  const missing = paths.filter((path) => !existsSync(path));
  return missing.length === 0 ? { ok: true } : { ok: false, reason: `no ${missing.join(", ")}` };
}

/** That C programs can be compiled against the headers of libc and of the kernel. */
export const ableToCompile = all(
  needsCommands("cc"),
  needsFiles("/usr/include/stdio.h", "/usr/include/linux/rtnetlink.h"),
);

/** What a C program prints when it prints `name value` for each integer expression. */
export async function evaluateC(
  includes: readonly string[],
  expressions: ReadonlyMap<string, string>,
  declarations = "",
): Promise<Map<string, bigint>> {
  const source = [
    "#define _GNU_SOURCE",
    "#include <stddef.h>",
    "#include <stdint.h>",
    "#include <stdio.h>",
    ...includes.map((header) => `#include <${header}>`),
    declarations,
    "int main(void) {",
    ...Array.from(expressions, ([name, c]) => `  printf("%s %lld\\n", "${name}", (long long)(${c}));`),
    "}",
  ].join("\n");
  await using dir = new TempDir();
  await Bun.write(dir.file("main.c"), source);
  await runChild(["cc", "-o", dir.file("main"), dir.file("main.c")]);
  const lines = (await runChild([dir.file("main")])).trim().split("\n");
  return new Map(lines.map((line) => [line.split(" ")[0]!, BigInt(line.split(" ")[1]!)]));
}

import { expect } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";

import { portsyncd } from "../cli/portsyncd.ts";
import { runChild } from "../support/child.ts";
import { all, needsCommands } from "../support/requirement.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { builtBinary } from "./binary.ts";

testWith(
  all(needsCommands("cp")),
  "portsyncd export needs nothing but the binary, and writes what the sources write",
  async () => {
    await using dir = new TempDir();
    const binary = dir.file("portsyncd");
    await runChild(["cp", await builtBinary(), binary]);
    for (const kind of ["prometheus-rules", "promql", "alertmanager", "grafana"]) {
      await runChild([binary, "export", kind, "--out", dir.file("binary")], { cwd: "/" });
      await runChild([...portsyncd("export", kind), "--out", dir.file("sources")]);
    }
    const names = readdirSync(dir.file("sources"));
    expect(names.length).toBe(8);
    expect(readdirSync(dir.file("binary")).toSorted()).toEqual(names.toSorted());
    for (const name of names)
      expect(readFileSync(dir.file(`binary/${name}`), "utf8")).toBe(readFileSync(dir.file(`sources/${name}`), "utf8"));
  },
  120,
);

import { expect } from "bun:test";

import { canUseNamespaces } from "../support/namespace.ts";
import { canUseRedis } from "../support/redis.ts";
import { all } from "../support/requirement.ts";
import { Switch } from "../support/switch.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { builtBinary } from "./binary.ts";
import { runBinary } from "./run.ts";

const able = all(canUseNamespaces(), canUseRedis());
const PORTS = ["Ethernet0", "Ethernet4", "Ethernet8"] as const;

async function openBox(): Promise<Switch> {
  const box = await Switch.open();
  await box.links.add(PORTS);
  await box.links.up("Ethernet0", "Ethernet4");
  await box.links.carrier(true, "Ethernet0");
  await box.links.mtu(4000, "Ethernet8");
  return box;
}

testWith(able, "portsyncd --once publishes every port of a plain Linux machine and ends", async () => {
  await using box = await openBox();
  const args = ["--once", "--mode", "standalone"];
  const daemon = await box.start({ binary: await builtBinary(), args });
  expect(await daemon.exited()).toBe(0);
  expect(await box.differences(PORTS)).toEqual([]);
  expect(daemon.stdout).toEqual([]);
});

testWith(
  able,
  "portsyncd --once publishes the admitted ports of a switch, and changes neither APPL_DB nor links",
  async () => {
    await using box = await openBox();
    await box.configure(PORTS);
    await box.db.appl.hset("PORT_TABLE:Ethernet0", { admin_status: "up" });
    await box.db.appl.hset("PORT_TABLE:Ethernet8", { admin_status: "up" });
    const before = await box.links.table();
    const daemon = await box.start({ binary: await builtBinary(), args: ["--once"] });
    expect(await daemon.exited()).toBe(0);
    expect(await box.db.state.keys("PORT_TABLE|*")).toEqual(["PORT_TABLE|Ethernet0", "PORT_TABLE|Ethernet8"]);
    expect(await box.differences(["Ethernet0", "Ethernet8"])).toEqual([]);
    expect(await box.db.appl.keys("*")).toEqual(["PORT_TABLE:Ethernet0", "PORT_TABLE:Ethernet8"]);
    expect(await box.db.state.keys("WARM*")).toEqual([]);
    expect(await box.links.table()).toEqual(before);
  },
);

testWith(able, "portsyncd --once publishes what portsyncd record has recorded", async () => {
  await using box = await openBox();
  const binary = await builtBinary();
  const recording = `${box.directory}/recording`;
  const recorder = box.namespace.spawn([binary, "record", recording]);
  // The dump is written before events are, so that the event of this change comes after it.
  await box.links.waitFor("recording", () => Bun.file(recording).size > 0);
  await box.links.up("Ethernet8");
  recorder.kill("SIGTERM");
  expect(await recorder.exited).toBe(0);
  const args = ["--once", "--mode", "standalone", "--source", `replay:${recording}`];
  const daemon = await box.start({ binary, args });
  expect(await daemon.exited()).toBe(0);
  expect(await box.differences(PORTS)).toEqual([]);
});

for (const source of ["simulate", "simulate:3"]) {
  testWith(
    canUseRedis(),
    `portsyncd --once works without a kernel from --source ${source} and into --store memory`,
    async () => {
      await using dir = new TempDir();
      const config = ["--config", "/dev/null", "--mode", "standalone"];
      const args = [...config, "--once", "--store", "memory", "--source", source, "--log-format", "json"];
      const { code, stdout, stderr } = await runBinary(args, { cwd: dir.path });
      const count = Number(source.split(":")[1] ?? 32);
      expect(stderr).toContain(`${count} links, ${count} of them ports`);
      expect([code, stdout]).toEqual([0, ""]);
    },
  );
}

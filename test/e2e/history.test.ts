import { expect } from "bun:test";

import packageJson from "../../package.json";
import { waitUntil } from "../support/deadline.ts";
import { canUseNamespaces, Namespace } from "../support/namespace.ts";
import { canUseRedis } from "../support/redis.ts";
import { all } from "../support/requirement.ts";
import { Switch } from "../support/switch.ts";
import { testWith } from "../support/testwith.ts";
import { runBinary } from "./run.ts";

const able = all(canUseNamespaces(), canUseRedis());

interface Start {
  readonly time: string;
  readonly ended: string | null;
}

interface Line {
  readonly port: string;
  readonly cause: string;
  readonly old: { readonly mtu: number } | null;
  readonly new: { readonly mtu: number } | null;
}

testWith(able, "portsyncd history prints what the daemon published", async () => {
  await using box = await Switch.open({ namespace: Namespace.current });
  const store = { directory: `${box.directory}/store` };
  const config = `${box.directory}/history.toml`;
  await Bun.write(config, `[store]\ndirectory = "${store.directory}"\n`);
  await box.configure(["Ethernet0", "Ethernet4"]);
  const daemon = await box.startCold({ config: { store } });
  await box.pop();
  await box.links.add(["Ethernet0", "Ethernet4"], { mtu: 1400 });
  await box.expectStateEqualsKernel(["Ethernet0", "Ethernet4"]);
  await box.links.mtu(9000, "Ethernet0");
  await box.expectStateEqualsKernel(["Ethernet0"]);
  expect(await daemon.stop()).toBe(0);

  const { stdout, stderr, code } = await runBinary(["history", "Ethernet0", "--json", "--config", config]);
  expect([stderr, code]).toEqual(["", 0]);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
  expect(new Set(lines.map(({ port, cause }) => `${port} ${cause}`))).toEqual(new Set(["Ethernet0 event"]));
  expect(lines[0]!.old).toBeNull();
  expect(lines.at(-1)!.new?.mtu).toBe(9000);
  for (const [i, line] of lines.entries()) if (i > 0) expect(line.old).toEqual(lines[i - 1]!.new);
});

testWith(able, "portsyncd starts prints each start, and which of them ended cleanly", async () => {
  await using box = await Switch.open({ namespace: Namespace.current });
  const store = { directory: `${box.directory}/store` };
  const config = `${box.directory}/starts.toml`;
  await Bun.write(config, `[store]\ndirectory = "${store.directory}"\n`);
  const starts = async () => {
    const { stdout, stderr, code } = await runBinary(["starts", "--json", "--config", config]);
    return { code, stderr, starts: stdout.split("\n").flatMap((line) => (line ? [JSON.parse(line) as Start] : [])) };
  };
  expect(await starts()).toMatchObject({ code: 66, starts: [] });
  await box.configure(["Ethernet0"]);
  const killed = await box.startCold({ config: { store } });
  await waitUntil("the first start on the disk", async () => (await starts()).starts.length === 1, { everyMs: 20 });
  await killed.kill();
  const stopped = await box.start({ config: { store } });
  await stopped.waitForLog(/PortConfigDone/);
  expect(await stopped.stop()).toBe(0);
  const { stderr, starts: all } = await starts();
  expect(stderr).toBe("");
  const common = { kind: "cold", restore_count: 0, version: packageJson.version };
  expect(all).toEqual([
    { ...common, time: expect.any(String) as string, ended: null },
    { ...common, time: expect.any(String) as string, ended: expect.any(String) as string },
  ]);
  expect(Date.parse(all[1]!.ended!)).toBeGreaterThan(Date.parse(all[1]!.time));
  const { stdout: text } = await runBinary(["starts", "--config", config]);
  expect(text.split("\n").map((line) => line.replace(/\d{4}-\S+Z/g, "TIME"))).toEqual([
    `TIME cold       restore count 0, version ${packageJson.version}, no clean end`,
    `TIME cold       restore count 0, version ${packageJson.version}, ended TIME`,
    "",
  ]);
});

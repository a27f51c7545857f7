import { expect } from "bun:test";

import { canUseNamespaces, Namespace } from "../support/namespace.ts";
import { canUseRedis } from "../support/redis.ts";
import { all } from "../support/requirement.ts";
import { Switch } from "../support/switch.ts";
import { testWith } from "../support/testwith.ts";
import { runBinary } from "./run.ts";

const able = all(canUseNamespaces(), canUseRedis());

interface Line {
  readonly port: string;
  readonly cause: string;
  readonly old: { readonly mtu: number } | null;
  readonly new: { readonly mtu: number } | null;
}

testWith(able, "portsyncd history prints what the daemon published", async () => {
  await using box = await Switch.open({ namespace: Namespace.current });
  const store = { enabled: true, directory: `${box.directory}/store` };
  const config = `${box.directory}/history.toml`;
  await Bun.write(config, `[store]\nenabled = true\ndirectory = "${store.directory}"\n`);
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

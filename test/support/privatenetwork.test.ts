import { expect } from "bun:test";
import { readlinkSync } from "node:fs";
import { join } from "node:path";

import { spawnChild } from "./child.ts";
import { within } from "./deadline.ts";
import { canUseNamespaces } from "./namespace.ts";
import { TempDir } from "./tempdir.ts";
import { testWith } from "./testwith.ts";

const PROGRAM = `
import { readlinkSync } from "node:fs";
import { enterPrivateNetwork } from ${JSON.stringify(join(import.meta.dir, "privatenetwork.ts"))};
const { ok } = enterPrivateNetwork();
const [, , ...args] = process.argv;
console.log(JSON.stringify({ ok, pid: process.pid, args, network: readlinkSync("/proc/self/ns/net") }));`;

testWith(canUseNamespaces(), "enterPrivateNetwork starts the program anew in place, with its arguments", async () => {
  await using dir = new TempDir();
  await Bun.write(dir.file("main.ts"), PROGRAM);
  const env = { PORTSYNCD_OUTER_NETWORK: undefined };
  const child = spawnChild([process.execPath, dir.file("main.ts"), "--name", "a b"], { env });
  const said = JSON.parse(await within("output of the program", child.stdout.text(), 10)) as Record<string, unknown>;
  const { network, ...rest } = said;
  expect(rest).toEqual({ ok: true, pid: child.pid, args: ["--name", "a b"] });
  expect(network).toMatch(/^net:/);
  expect(network).not.toBe(readlinkSync("/proc/self/ns/net"));
});

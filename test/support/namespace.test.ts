import { expect } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { DIES_WITH_US, eachLine, spawnChild } from "./child.ts";
import { waitUntil, within } from "./deadline.ts";
import { failureOf } from "./failure.ts";
import { canUseNamespaces, Namespace } from "./namespace.ts";
import { testWith } from "./testwith.ts";

const able = canUseNamespaces();

testWith(able, "Namespace has a network of its own, with lo up and nothing else", async () => {
  await using namespace = await Namespace.open();
  const links = JSON.parse(await namespace.run(["ip", "-j", "link"])) as { ifname: string; flags: string[] }[];
  expect(links.map(({ ifname }) => ifname)).toEqual(["lo"]);
  expect(links[0]!.flags).toContain("UP");
});

testWith(able, "Namespace.spawn gives the process id of the command itself, and dispose kills it", async () => {
  const namespace = await Namespace.open();
  const child = namespace.spawn(["sleep", "100"]);
  await waitUntil("sleep", async () => (await Bun.file(`/proc/${child.pid}/comm`).text()) === "sleep\n");
  const { path } = namespace;
  await namespace[Symbol.asyncDispose]();
  expect(child.signalCode).toBe("SIGKILL");
  expect(existsSync(path)).toBe(false);
});

testWith(able, "Namespace.run throws what the command said", async () => {
  await using namespace = await Namespace.open();
  expect(await failureOf(namespace.run(["ip", "link", "del", "nosuch"]))).toMatch(/Cannot find device/);
});

testWith(able, "Namespace and what runs in it end when their owner is killed", async () => {
  const program = `
    const { Namespace } = await import(${JSON.stringify(join(import.meta.dir, "namespace.ts"))});
    const { TempDir } = await import(${JSON.stringify(join(import.meta.dir, "tempdir.ts"))});
    const dir = new TempDir();
    const namespace = await Namespace.open();
    const child = namespace.spawn(["sleep", "100"]);
    console.log(JSON.stringify({ child: child.pid, holder: Number(namespace.path.split("/")[2]), dir: dir.path }));
    await child.exited;`;
  const owner = spawnChild([...DIES_WITH_US, process.execPath, "-e", program]);
  const { promise, resolve } = Promise.withResolvers<string>();
  void eachLine(owner.stdout, resolve);
  const left = JSON.parse(await within("owner's report", promise, 10)) as {
    child: number;
    holder: number;
    dir: string;
  };
  expect(existsSync(`/proc/${left.child}`)).toBe(true);
  owner.kill("SIGKILL");
  const gone = () => ![`/proc/${left.child}`, `/proc/${left.holder}`, left.dir].some((path) => existsSync(path));
  await waitUntil("end of all that the owner had", gone, { seconds: 5, seen: () => left });
});

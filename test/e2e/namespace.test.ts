import { expect } from "bun:test";
import { chmodSync } from "node:fs";

import { Daemon } from "../support/daemon.ts";
import { waitUntil } from "../support/deadline.ts";
import { canUseNamespaces } from "../support/namespace.ts";
import { canUseRedis } from "../support/redis.ts";
import { all, needsCommands, needsRoot } from "../support/requirement.ts";
import { Switch } from "../support/switch.ts";
import { TempDir } from "../support/tempdir.ts";
import { testWith } from "../support/testwith.ts";
import { NotifySocket } from "../systemd/notifysocket.ts";
import { builtBinary } from "./binary.ts";

const able = all(needsRoot(), needsCommands("mount", "unshare"), canUseNamespaces(), canUseRedis());

/** A switch with two ASICs: each has a network namespace and databases of its own. */
class TwoAsics implements AsyncDisposable {
  private constructor(
    readonly owned: AsyncDisposableStack,
    readonly directory: string,
    readonly asics: Readonly<Record<"asic0" | "asic1", Switch>>,
  ) {}

  static async open(): Promise<TwoAsics> {
    const owned = new AsyncDisposableStack();
    const dir = owned.use(new TempDir());
    const asics = { asic0: owned.use(await Switch.open()), asic1: owned.use(await Switch.open()) };
    const includes = Object.entries(asics).map(([namespace, { db }]) => ({ namespace, include: db.configPath }));
    // The first entry is the host's, without a namespace.
    const all = { INCLUDES: [{ include: "../database_config.json" }, ...includes], VERSION: "1.0" };
    await Bun.write(dir.file("database_global.json"), JSON.stringify(all));
    // The names are mounted for the daemon only, so that nothing is left behind.
    const mounts = Object.entries(asics).map(
      ([name, { namespace }]) => `touch /run/netns/${name} && mount --bind ${namespace.path} /run/netns/${name}`,
    );
    const script = ["mount -t tmpfs none /run", "mkdir /run/netns", ...mounts].join(" && ");
    const run = `exec unshare --mount sh -c '${script} && exec "$@"' sh '${await builtBinary()}' "$@"`;
    await Bun.write(dir.file("portsyncd"), `#!/bin/sh\n${run}\n`);
    chmodSync(dir.file("portsyncd"), 0o755);
    return new TwoAsics(owned, dir.path, asics);
  }

  /** Starts the daemon of one ASIC, in the machine's namespace. */
  async start(namespace: string, env: Readonly<Record<string, string>> = {}, args: readonly string[] = []) {
    const directory = `${this.directory}/${namespace}`;
    const config = { database: { sonic_db_global_config: `${this.directory}/database_global.json` } };
    const binary = `${this.directory}/portsyncd`;
    const words = ["--namespace", namespace, ...args];
    await Bun.write(`${directory}/.keep`, "");
    return this.owned.use(await Daemon.start({ directory, config, binary, env, args: words }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.owned.disposeAsync();
  }
}

testWith(able, "portsyncd --namespace serves two ASICs at once, each with its links and its databases", async () => {
  await using machine = await TwoAsics.open();
  for (const [name, box] of Object.entries(machine.asics)) {
    await box.configure(["Ethernet0"]);
    await box.orchagent();
    await machine.start(name);
    await waitUntil("PortConfigDone", () => box.db.appl.exists("PORT_TABLE:PortConfigDone"));
  }
  await machine.asics.asic0.links.add(["Ethernet0"], { up: true, carrier: true, mtu: 4000 });
  await machine.asics.asic0.expectStateEqualsKernel(["Ethernet0"]);
  expect(await machine.asics.asic1.db.state.keys("PORT_TABLE|*")).toEqual([]);
  await machine.asics.asic1.links.add(["Ethernet0"], { mtu: 1400 });
  await machine.asics.asic1.expectStateEqualsKernel(["Ethernet0"]);
  expect(await machine.asics.asic0.db.state.hget("PORT_TABLE|Ethernet0", "mtu")).toBe("4000");
  for (const box of Object.values(machine.asics)) {
    await waitUntil("PortInitDone", () => box.db.appl.exists("PORT_TABLE:PortInitDone"));
  }
});

testWith(
  able,
  "portsyncd --namespace reads events and asks the kernel in the namespace also after an overrun",
  async () => {
    await using machine = await TwoAsics.open();
    const box = machine.asics.asic1;
    const daemon = await machine.start("asic1", {}, ["--mode", "standalone"]);
    await daemon.waitForLog(/of them ports/);
    await daemon.freeze();
    await box.links.add(["Ethernet0", "Ethernet4"], { up: true });
    daemon.thaw();
    await box.expectStateEqualsKernel(["Ethernet0", "Ethernet4"]);
    expect(await daemon.stop()).toBe(0);
  },
);

testWith(
  able,
  "portsyncd --namespace exits with 78 and names the namespaces when database_global.json has none such",
  async () => {
    await using machine = await TwoAsics.open();
    const config = JSON.parse(await Bun.file(`${machine.directory}/database_global.json`).text()) as {
      INCLUDES: object[];
    };
    config.INCLUDES.pop();
    await Bun.write(`${machine.directory}/database_global.json`, JSON.stringify(config));
    const daemon = await machine.start("asic1");
    expect(await daemon.exited()).toBe(78);
    expect(daemon.lines.join("\n")).toMatch(/database_global\.json: no namespace "asic1"; there are asic0$/m);
  },
);

testWith(
  able,
  "portsyncd --namespace reaches a service manager whose socket is in the abstract namespace",
  async () => {
    await using machine = await TwoAsics.open();
    // The name is known in the network namespace in which the daemon is started, not in that of the ASIC.
    using notify = await NotifySocket.open(`@portsyncd-${crypto.randomUUID()}`);
    const daemon = await machine.start("asic0", { NOTIFY_SOCKET: notify.path }, ["--mode", "standalone"]);
    await daemon.waitForLog(/of them ports/);
    await notify.waitFor(/^READY=1$/, { seconds: 3 });
  },
);

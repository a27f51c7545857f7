import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { DaemonOptions } from "../test/support/daemon.ts";
import { waitUntil } from "../test/support/deadline.ts";
import { encodeSetMtu } from "../test/support/linkmessage.ts";
import { LinkSocket } from "../test/support/linksocket.ts";
import { rowDifferences } from "../test/support/portrow.ts";
import { enterPrivateNetwork } from "../test/support/privatenetwork.ts";
import { canUseRedis } from "../test/support/redis.ts";
import { all } from "../test/support/requirement.ts";
import { Switch } from "../test/support/switch.ts";
import { processCpuMs } from "./libc.ts";
import { ended, Program, type Running } from "./program.ts";
import { measuredDaemon, UNWATCHED } from "./subject.ts";

/** Links that one ip(8) makes; it has 20 s. */
const LINKS_AT_ONCE = 1024;
/** Rows that are written before an answer is awaited. */
const ROWS_AT_ONCE = 500;
const SECONDS = 60;
/** Above 1500, which new links have. */
const FIRST_MTU = 1600;
const MTUS = 7000;

/** What the daemon logs, and the yardstick prints, when the kernel says that messages were lost. */
const OVERRUN = /^overrun$|netlink messages were lost \(overrun\)/;

/** Goes into a private network, where alone a bench may make links; throws where that or Redis cannot be had. */
export function enterBench(): void {
  const able = all(canUseRedis(), enterPrivateNetwork());
  if (!able.ok) throw new Error(able.reason);
}

/** Makes ports that are up and have carrier. */
export async function addPorts(box: Switch, ports: readonly string[]): Promise<void> {
  for (let at = 0; at < ports.length; at += LINKS_AT_ONCE) {
    await box.links.add(ports.slice(at, at + LINKS_AT_ONCE), { up: true, carrier: true });
  }
}

/** Writes the rows of CONFIG_DB and APPL_DB that a switch has when orchagent has taken over the ports. */
export async function addRows(box: Switch, ports: readonly string[]): Promise<void> {
  for (let at = 0; at < ports.length; at += ROWS_AT_ONCE) {
    const some = ports.slice(at, at + ROWS_AT_ONCE);
    await box.configure(some);
    await Promise.all(some.map((port) => box.db.appl.hset(`PORT_TABLE:${port}`, { admin_status: "up", mtu: "9100" })));
  }
}

/** Leaves all databases as a daemon finds them that is to start warm. */
export async function prepareWarmStart(box: Switch, ports: readonly string[]): Promise<void> {
  await addRows(box, ports);
  await box.db.appl.hset("PORT_TABLE:PortConfigDone", { count: `${ports.length}` });
  await box.db.state.hset("WARM_RESTART_ENABLE_TABLE|swss", { enable: "true" });
  await box.db.state.hset("WARM_RESTART_TABLE|portsyncd", { restore_count: "0" });
}

/**
 * A program that mirrors links into STATE_DB, with a network namespace and a Redis of its own: several can be there at the
 * same time and take turns, so that a machine whose speed drifts is the same for all of them.
 */
export class Contender implements AsyncDisposable {
  readonly #owned: AsyncDisposableStack;
  #mtu = FIRST_MTU;

  private constructor(
    owned: AsyncDisposableStack,
    readonly name: string,
    readonly box: Switch,
    readonly ports: readonly string[],
    readonly requests: LinkSocket,
    readonly running: Running,
  ) {
    this.#owned = owned;
  }

  /** The daemon, when it has sent PortInitDone. */
  static portsyncd(
    ports: readonly string[],
    options: Partial<DaemonOptions> = {},
    name = "portsyncd",
  ): Promise<Contender> {
    const { binary } = measuredDaemon();
    return Contender.#open(name, ports, (box) => coldStart(box, ports, () => box.start({ binary, ...options })));
  }

  /** The daemon that is UNWATCHED. */
  static unwatched(ports: readonly string[]): Promise<Contender> {
    return Contender.portsyncd(ports, { config: UNWATCHED }, "unwatched");
  }

  /** The daemon's parts from the sources with the times at their seams (stamped.ts), when they have sent PortInitDone. */
  static stamped(ports: readonly string[]): Promise<Contender> {
    return Contender.#open("stamped", ports, (box, owned) => {
      const words = [process.execPath, "--no-env-file", join(import.meta.dir, "stamped.ts"), box.db.configPath];
      return coldStart(box, ports, () => owned.use(new Program(box.namespace, words)));
    });
  }

  /** A mode of yardstick.c that writes STATE_DB: `serial`. */
  static serial(ports: readonly string[], yardstick: string): Promise<Contender> {
    return Contender.#mirror("serial", ports, ({ db }) => [yardstick, "serial", db.server("STATE_DB").socketPath]);
  }

  /** The least that a program on Bun can do: bare.ts. */
  static bare(ports: readonly string[]): Promise<Contender> {
    const words = [process.execPath, "--no-env-file", join(import.meta.dir, "bare.ts")];
    return Contender.#mirror("bare", ports, ({ db }) => [
      ...words,
      db.server("STATE_DB").socketPath,
      `${db.databases.STATE_DB.id}`,
    ]);
  }

  /** A program that writes each message to STATE_DB, without regard to what else there is. */
  static #mirror(name: string, ports: readonly string[], words: (box: Switch) => string[]): Promise<Contender> {
    return Contender.#open(name, ports, async (box, owned) => {
      await addRows(box, ports);
      const program = owned.use(new Program(box.namespace, words(box)));
      await program.hear("ready");
      await addPorts(box, ports);
      await box.expectStateEqualsKernel(ports, { seconds: SECONDS });
      return program;
    });
  }

  /** A mode of yardstick.c that only receives: `recv`. */
  static recv(ports: readonly string[], yardstick: string): Promise<Contender> {
    return Contender.#open("recv", ports, async (box, owned) => {
      const program = owned.use(new Program(box.namespace, [yardstick, "recv"]));
      await program.hear("ready");
      await addPorts(box, ports);
      return program;
    });
  }

  /** Ports of which nobody is told. */
  static nobody(ports: readonly string[]): Promise<Contender> {
    return Contender.#open("nobody", ports, async (box) => {
      await addPorts(box, ports);
      return { pid: process.pid, lines: [], exitCode: undefined };
    });
  }

  static async #open(
    name: string,
    ports: readonly string[],
    start: (box: Switch, owned: AsyncDisposableStack) => Promise<Running>,
  ): Promise<Contender> {
    const owned = new AsyncDisposableStack();
    try {
      const box = owned.use(await Switch.open());
      const running = await start(box, owned);
      const requests = owned.use(new LinkSocket(box.namespace));
      return new Contender(owned, name, box, ports, requests, running);
    } catch (error) {
      await owned.disposeAsync();
      throw error;
    }
  }

  /** CPU time so far, in milliseconds. */
  get cpuMs(): number {
    return processCpuMs(this.running.pid);
  }

  /** RSS now, in KiB. */
  get rssKib(): number {
    const status = readFileSync(`/proc/${this.running.pid}/status`, "latin1");
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]);
  }

  /** How often the kernel said that messages were lost. */
  get overruns(): number {
    return this.running.lines.filter((line) => OVERRUN.test(line)).length;
  }

  /** An MTU that no port has. */
  nextMtu(): number {
    this.#mtu = FIRST_MTU + ((this.#mtu - FIRST_MTU + 1) % MTUS);
    return this.#mtu;
  }

  /** The ifindexes of the ports, in their order. */
  ifindexes(): number[] {
    const links = this.requests.dump();
    return this.ports.map((port) => links.get(port)!.ifindex);
  }

  /** The requests that give ports an MTU. */
  setMtu(ifindexes: readonly number[], mtu: number): Buffer {
    return Buffer.concat(ifindexes.map((ifindex) => encodeSetMtu(ifindex, mtu)));
  }

  /** What STATE_DB has wrong now, one line a port. */
  async wrong(): Promise<string[]> {
    return rowDifferences(this.ports, await this.box.db.state.hashes("PORT_TABLE|*"), this.requests.dump());
  }

  /** Throws when the kernel refused a change. */
  expectNoRefusal(): void {
    const [errno] = this.requests.refusals();
    if (errno !== undefined) throw new Error(`the kernel refused a change (errno ${errno})`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}

/** A cold start as on a switch: netdevs are made when orchagent has the ports. */
export async function coldStart<Started extends Running>(
  box: Switch,
  ports: readonly string[],
  start: () => Started | Promise<Started>,
  makeLinks: () => Promise<void> = () => addPorts(box, ports),
): Promise<Started> {
  await box.configure(ports);
  const orchagent = await box.orchagent();
  const started = await start();
  const popped = (name: string) =>
    waitUntil(name, () => orchagent.popped.includes(name), { seconds: SECONDS, hopeless: () => ended(started) });
  await popped("PortConfigDone");
  await makeLinks();
  await popped("PortInitDone");
  await box.expectStateEqualsKernel(ports, { seconds: SECONDS });
  return started;
}

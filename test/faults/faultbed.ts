import { expect } from "bun:test";

import type { Daemon, DaemonConfig } from "../support/daemon.ts";
import type { Fields } from "../support/database.ts";
import { type WaitOptions, waitUntil } from "../support/deadline.ts";
import { encodeSetMtu, encodeSetUp } from "../support/linkmessage.ts";
import { farEnd, portNames } from "../support/links.ts";
import { LinkSocket } from "../support/linksocket.ts";
import { canUseNamespaces } from "../support/namespace.ts";
import { rowDifferences } from "../support/portrow.ts";
import { canUseRedis } from "../support/redis.ts";
import { all, needsRoot } from "../support/requirement.ts";
import { RespError } from "../support/resp.ts";
import type { DatabaseChanges } from "../support/sonicdb.ts";
import { Switch } from "../support/switch.ts";
import { daemonBinary } from "./daemonbinary.ts";
import { netlinkQueues } from "./netlinkqueue.ts";
import { RedisProxy } from "./redisproxy.ts";

/** What every test on a bed needs. */
export const canUseFaultBed = all(canUseNamespaces(), canUseRedis(), needsRoot());

/** What a bed is made of. */
export interface FaultBedOptions {
  /** Number of ports; default 16. */
  readonly ports?: number;
  readonly databases?: DatabaseChanges;
  readonly config?: DaemonConfig;
  /** Puts a proxy on TCP between the daemon and Redis. */
  readonly proxied?: boolean;
  /** Number of the last ports that have no netdev yet, so that PortInitDone is not there either; default 0. */
  readonly held?: number;
  /** Added to the daemon's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Memory that a daemon of some hundred ports never needs. */
const MOST_RSS_KIB = 256 * 1024;
const LEAST_MTU = 1280;

/** A switch that runs: ports published, PortInitDone consumed, and a daemon that a fault may come over. */
export class FaultBed implements AsyncDisposable {
  readonly #owned: AsyncDisposableStack;
  #round = 0;

  private constructor(
    owned: AsyncDisposableStack,
    readonly box: Switch,
    readonly ports: readonly string[],
    /** The ports that have no netdev yet. */
    readonly held: readonly string[],
    readonly requests: LinkSocket,
    readonly config: DaemonConfig,
    readonly proxy: RedisProxy | undefined,
    public daemon: Daemon,
  ) {
    this.#owned = owned;
  }

  /** Opens one, with a daemon that audits so seldom that audits cannot be what repairs, unless `config` says otherwise. */
  static async open(options: FaultBedOptions = {}): Promise<FaultBed> {
    const owned = new AsyncDisposableStack();
    try {
      const box = owned.use(await Switch.open(options.databases ? { databases: options.databases } : {}));
      const proxy = options.proxied
        ? owned.use(new RedisProxy(box.namespace, box.db.server("STATE_DB").socketPath))
        : undefined;
      const config = configFor(options.config ?? {}, proxy);
      const ports = portNames(options.ports ?? 16);
      const held = ports.slice(ports.length - (options.held ?? 0));
      await box.configure(ports);
      const requests = owned.use(new LinkSocket(box.namespace));
      const env = options.env ?? {};
      const daemon = await box.startCold({ config, env, binary: await daemonBinary() });
      const bed = new FaultBed(owned, box, ports, held, requests, config, proxy, daemon);
      await bed.#bringUp();
      return bed;
    } catch (error) {
      await owned.disposeAsync();
      throw error;
    }
  }

  async #bringUp(): Promise<void> {
    while ((await this.box.pop()).length > 0); // in batches, as orchagent does
    const here = this.ports.filter((port) => !this.held.includes(port));
    await this.box.links.add(here, { up: true, carrier: true });
    await this.equal();
    if (this.held.length > 0) return;
    const done = async () => (await this.box.pop()).includes("PortInitDone");
    await waitUntil("PortInitDone", done, { seconds: 30, hopeless: () => this.#ended() });
  }

  /** Starts another daemon in the place of one that has ended, with more configuration. */
  async restart(config: DaemonConfig = {}, env: Readonly<Record<string, string>> = {}): Promise<Daemon> {
    const binary = await daemonBinary();
    this.daemon = await this.box.start({ config: { ...this.config, ...config }, env, binary });
    return this.daemon;
  }

  /** Changes ports `rounds` times, and leaves each with another MTU and every third with another IFF_UP. */
  scramble(rounds = 1, ports: readonly string[] = this.ports): void {
    const links = this.requests.dump();
    const found = ports.flatMap((port) => links.get(port) ?? []);
    for (let i = 0; i < rounds; i++) {
      const mtu = LEAST_MTU + (++this.#round % 4000);
      this.requests.send(Buffer.concat(found.map(({ ifindex }) => encodeSetMtu(ifindex, mtu))));
    }
    const flipped = found.filter((_, i) => (i + this.#round) % 3 === 0);
    for (const { ifindex, admin } of flipped) this.requests.send(encodeSetUp(ifindex, admin === "down"));
    expect(this.requests.refusals()).toEqual([]);
  }

  /** Takes a port away, or brings it back the next time, and replaces another: what a fault must not hide. */
  async replug(): Promise<void> {
    const [sometimes, other] = [this.ports[1]!, this.ports[2]!];
    const was = this.requests.dump().has(sometimes);
    await this.box.links.delete(other, ...(was ? [sometimes] : []));
    await this.box.links.add([other, ...(was ? [] : [sometimes])], { up: true, carrier: true, mtu: 3000 });
  }

  /** Waits until the daemon has read all that the kernel has for it, and returns the messages it lost. */
  async readAll(seconds = 10): Promise<number> {
    const read = () => netlinkQueues(this.daemon.pid).every(({ queuedBytes }) => queuedBytes === 0);
    await waitUntil("empty netlink queue", read, { seconds, hopeless: () => this.#ended() });
    return this.drops();
  }

  /** Messages that the sockets of the daemon lost so far. */
  drops(): number {
    return Math.max(...netlinkQueues(this.daemon.pid).map(({ drops }) => drops));
  }

  /** What of the ports differs now. */
  async differences(ports: readonly string[] = this.ports): Promise<string[]> {
    const { state } = this.box.db;
    const row = async (key: string) => [key, await state.hgetall(key).catch(noRow)] as const;
    const rows = new Map(await Promise.all(ports.map((port) => row(`PORT_TABLE|${port}`))));
    return rowDifferences(ports, rows, this.requests.dump());
  }

  /** Waits until STATE_DB equals the kernel. */
  async equal(options: WaitOptions = {}): Promise<void> {
    let last: string[] = [];
    const probe = async () => {
      last = await this.differences();
      return last.length === 0;
    };
    const seen = () => `${last.length} ports differ\n${last.slice(0, 5).join("\n")}\n${this.tail()}`;
    await waitUntil("STATE_DB equal to the kernel", probe, {
      everyMs: 2,
      seconds: 15,
      seen,
      hopeless: () => this.#ended(),
      ...options,
    });
  }

  /** Waits until STATE_DB equals the kernel again, and returns how many milliseconds that took from `usableMs` on. */
  async recovered(usableMs: number, seconds = 15): Promise<number> {
    await this.equal({ seconds });
    const tookMs = performance.now() - usableMs;
    expect(this.daemon.exitCode).toBeUndefined();
    expect(this.daemon.usage().rssKib).toBeLessThan(MOST_RSS_KIB);
    return tookMs;
  }

  /** Changes all ports many times, and sees that the daemon reads it all and loses nothing, whatever Redis does. */
  async expectIntake(): Promise<void> {
    const before = this.drops();
    this.scramble(20);
    await this.box.links.batch([`link set ${farEnd(this.ports[3]!)} down`, `link set ${farEnd(this.ports[3]!)} up`]);
    expect(await this.readAll()).toBe(before);
  }

  /** The daemon's last lines. */
  tail(): string {
    return this.daemon.lines.slice(-12).join("\n");
  }

  #ended(): string | undefined {
    const { exitCode } = this.daemon;
    return exitCode === undefined ? undefined : `the daemon ended with ${exitCode}: ${this.tail()}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}

/** What has the wrong type is no row. */
function noRow(error: unknown): Fields {
  if (error instanceof RespError) return {};
  throw error;
}

function configFor(config: DaemonConfig, proxy: RedisProxy | undefined): DaemonConfig {
  const database = proxy
    ? { sonic_db_config: "/nonexistent/database_config.json", redis_host: "127.0.0.1", redis_port: proxy.port }
    : {};
  return { audit: { interval_secs: 3600 }, ...config, database: { ...database, ...(config["database"] as object) } };
}

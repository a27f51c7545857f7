import { ableToEnter, kernelSourceIn } from "../netlink/innamespace.ts";
import { waitUntil } from "../support/deadline.ts";
import { portNames } from "../support/links.ts";
import { LinkSocket, LinkWatch } from "../support/linksocket.ts";
import type { Orchagent } from "../support/orchagent.ts";
import { canUseRedis } from "../support/redis.ts";
import { all } from "../support/requirement.ts";
import { Switch } from "../support/switch.ts";
import { TamperedKernel } from "./tamperedkernel.ts";
import { happened, type Series, WatchedDaemon, type WatchedOptions } from "./watcheddaemon.ts";

/** What every test on a watched switch needs. */
export const canWatchSwitch = all(ableToEnter, canUseRedis());

/** What the kernel said, as somebody else heard it. */
export interface Heard {
  new: number;
  del: number;
}

/** What a watched switch is opened with. */
export interface WatchedSwitchOptions extends WatchedOptions {
  /** Default 3. */
  readonly ports?: number;
}

/** A switch that runs, with a daemon that is looked at: all ports published and up, PortInitDone consumed. */
export class WatchedSwitch implements AsyncDisposable {
  /** What the daemon takes for the kernel: it is, unless a test tampers with it. */
  readonly kernel: TamperedKernel;
  readonly #owned: AsyncDisposableStack;
  readonly #heard: Heard = { new: 0, del: 0 };
  readonly #options: WatchedSwitchOptions;
  #daemon: WatchedDaemon | undefined;

  private constructor(
    owned: AsyncDisposableStack,
    readonly box: Switch,
    readonly ports: readonly string[],
    readonly orchagent: Orchagent,
    readonly requests: LinkSocket,
    options: WatchedSwitchOptions,
  ) {
    this.#owned = owned;
    this.#options = options;
    this.kernel = new TamperedKernel(kernelSourceIn(box.namespace));
  }

  /** Opens one without a daemon. */
  static async open(options: WatchedSwitchOptions = {}): Promise<WatchedSwitch> {
    const owned = new AsyncDisposableStack();
    try {
      const box = owned.use(await Switch.open());
      const ports = portNames(options.ports ?? 3);
      await box.configure(ports);
      const requests = owned.use(new LinkSocket(box.namespace));
      const bed = new WatchedSwitch(owned, box, ports, await box.orchagent(), requests, options);
      owned.use(new LinkWatch(({ type }) => void bed.#heard[type]++, box.namespace));
      return bed;
    } catch (error) {
      await owned.disposeAsync();
      throw error;
    }
  }

  /** Opens one and starts its daemon cold, until all is well. */
  static async running(options: WatchedSwitchOptions = {}): Promise<WatchedSwitch> {
    const bed = await WatchedSwitch.open(options);
    try {
      await bed.start();
      await bed.box.links.add(bed.ports, { up: true, carrier: true });
      await bed.orchagent.waitFor("PortInitDone");
      for (const port of bed.ports) await bed.untilOper(port, "up");
      await bed.daemon.until("portsyncd_port_init_done", 1);
      await bed.daemon.untilKnown();
      return bed;
    } catch (error) {
      await bed[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The daemon that runs, or ran last. */
  get daemon(): WatchedDaemon {
    return this.#daemon!;
  }

  /** Starts a daemon, in the place of one that has ended. */
  async start(options: WatchedOptions = {}): Promise<WatchedDaemon> {
    const config = { ...this.#options.config, ...options.config };
    this.#daemon = await WatchedDaemon.start(this.box, this.kernel, { ...this.#options, ...options, config });
    return this.#owned.use(this.#daemon);
  }

  /** Takes carrier from a port and gives it back, so often; each change is seen in STATE_DB before the next. */
  async flap(port: string, times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      await this.box.links.carrier(false, port);
      await this.untilOper(port, "down");
      await this.box.links.carrier(true, port);
      await this.untilOper(port, "up");
    }
  }

  /** Waits until STATE_DB says of a port that it is up or down. */
  async untilOper(port: string, oper: "up" | "down"): Promise<void> {
    await this.untilField(port, "netdev_oper_status", oper);
  }

  /** Waits until STATE_DB has a value in a port's row; null for none. */
  async untilField(port: string, field: string, value: string | null): Promise<void> {
    const { state } = this.box.db;
    await waitUntil(
      `${field} ${value} of ${port}`,
      async () => (await state.hget(`PORT_TABLE|${port}`, field)) === value,
      {
        everyMs: 1,
      },
    );
  }

  /** The ifindex of a link. */
  ifindex(name: string): number {
    return this.requests.dump().get(name)!.ifindex;
  }

  /** What the daemon counts of an act, when it has read all that the kernel said of it, and what another heard of it. */
  async count(
    act: () => Promise<void> | void,
  ): Promise<{ counted: Record<string, number>; heard: Heard; after: Series }> {
    const before = await this.#quiet();
    const heardBefore = { ...this.#heard };
    await act();
    const after = await this.#quiet();
    const heard = { new: this.#heard.new - heardBefore.new, del: this.#heard.del - heardBefore.del };
    return { counted: happened(before, after), heard, after };
  }

  /** A link comes and goes; when both have heard of that, both have heard all that was before. */
  async #quiet(): Promise<Series> {
    const before = await this.daemon.series();
    const deleted = 'portsyncd_netlink_messages_total{type="dellink"}';
    const { del } = this.#heard;
    await this.box.links.addBridge("marker");
    await this.box.links.delete("marker");
    await waitUntil("the end of a marker", () => this.#heard.del > del);
    return this.daemon.until(deleted, before.get(deleted)! + this.#heard.del - del);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}

/** What a link event at a time costs: as many datagrams and messages as another heard. */
export function messages(heard: Heard): Record<string, number> {
  const counts = {
    portsyncd_netlink_datagrams_total: heard.new + heard.del,
    portsyncd_events_processed_total: heard.new + heard.del,
    'portsyncd_netlink_messages_total{type="newlink"}': heard.new,
    'portsyncd_netlink_messages_total{type="dellink"}': heard.del,
  };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

/** What so many rows written, each in a flush of its own, cost. */
export function writes(sets: number, deletes = 0): Record<string, number> {
  const counts = {
    'portsyncd_publishes_total{result="set"}': sets,
    'portsyncd_publishes_total{result="deleted"}': deletes,
    'portsyncd_redis_commands_total{database="STATE_DB"}': sets + deletes,
    portsyncd_redis_latency_seconds_count: sets + deletes,
  };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

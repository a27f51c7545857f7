import * as fc from "fast-check";

import { daemonBinary } from "../faults/daemonbinary.ts";
import type { Daemon } from "../support/daemon.ts";
import { waitUntil } from "../support/deadline.ts";
import { encodeSetMtu, encodeSetUp } from "../support/linkmessage.ts";
import { portNames } from "../support/links.ts";
import { LinkSocket } from "../support/linksocket.ts";
import { Switch } from "../support/switch.ts";
import { agree, holds } from "./agreement.ts";
import { hostileBytes } from "./hostilereplies.ts";
import type { Property } from "./property.ts";
import { type Corruption, ReplyCorruptor } from "./replycorruptor.ts";

const PORTS = portNames(8);
/** Memory that a daemon of eight ports never needs. */
const MOST_RSS_KIB = 256 * 1024;
/** EX_UNAVAILABLE: Redis did not come in time. */
const EX_UNAVAILABLE = 69;
const LEAST_MTU = 1280;
const PATIENCE_SECONDS = 30;

/** Anything that can become of the replies of a real server. */
const corruptions: fc.Arbitrary<Corruption> = fc.record({
  after: fc.nat(30),
  times: fc.integer({ min: 1, max: 20 }),
  place: fc.constantFrom("instead", "instead", "before", "after"),
  bytes: hostileBytes,
  resets: fc.boolean(),
});

/** A switch whose daemon reaches its Redis through somebody who corrupts replies. */
export class CorruptedSwitch implements AsyncDisposable {
  readonly #owned: AsyncDisposableStack;
  readonly #box: Switch;
  readonly #corruptor: ReplyCorruptor;
  readonly #requests: LinkSocket;
  #round = 0;

  private constructor(owned: AsyncDisposableStack, box: Switch) {
    this.#owned = owned;
    this.#box = box;
    const { socketPath } = box.db.server("STATE_DB");
    this.#corruptor = owned.use(new ReplyCorruptor(`${box.directory}/corruptor.sock`, socketPath));
    this.#requests = owned.use(new LinkSocket(box.namespace));
  }

  /** Opens one with eight ports and no daemon. */
  static async open(): Promise<CorruptedSwitch> {
    const owned = new AsyncDisposableStack();
    try {
      return new CorruptedSwitch(owned, owned.use(await Switch.open()));
    } catch (error) {
      await owned.disposeAsync();
      throw error;
    }
  }

  /** Starts a daemon on a Redis that holds nothing but the ports of CONFIG_DB. */
  async start(): Promise<Daemon> {
    await this.#box.db.state.call("FLUSHALL");
    await this.#box.configure(PORTS);
    const database = {
      sonic_db_config: "/nonexistent/database_config.json",
      redis_socket: this.#corruptor.path,
      connection_timeout_secs: 1,
      retry_interval_secs: 0.1,
    };
    return this.#box.start({ config: { audit: { interval_secs: 1 }, database }, binary: await daemonBinary() });
  }

  /** Makes the netdevs when the daemon has told of its ports, and waits until it has published them. */
  async bringUp(daemon: Daemon): Promise<void> {
    await this.#wait(daemon, "PortConfigDone", () => this.#isConfigDone());
    while ((await this.#box.pop()).length > 0); // in batches, as orchagent does
    await this.#box.links.add(PORTS, { up: true, carrier: true });
    await this.#equal(daemon);
  }

  /** Takes the netdevs away again. */
  async tearDown(): Promise<void> {
    await this.#box.links.delete(...PORTS);
  }

  /** Corrupts replies to a daemon that runs; afterwards STATE_DB has to be right again. */
  async corrupt(daemon: Daemon, corruption: Corruption): Promise<void> {
    this.#corruptor.begin(corruption);
    await this.#wait(daemon, "the corruption", () => {
      this.#scramble(); // the changes cause replies
      return this.#corruptor.isOver;
    });
    this.#corruptor.end();
    this.#scramble();
    await this.#equal(daemon);
    const { rssKib } = daemon.usage();
    holds(`${rssKib} KiB are not too much`, rssKib < MOST_RSS_KIB);
  }

  /** Corrupts replies to a daemon that starts. It may say that there is no Redis; else it has to come up as ever. */
  async corruptStart(corruption: Corruption): Promise<void> {
    this.#corruptor.begin(corruption);
    await using daemon = await this.start();
    const hasEnded = () => daemon.exitCode !== undefined;
    const options = { seconds: PATIENCE_SECONDS, seen: () => daemon.lines.join("\n") };
    const isOver = async () => this.#corruptor.isOver || hasEnded() || (await this.#isConfigDone());
    await waitUntil("the corruption", isOver, options);
    this.#corruptor.end();
    await waitUntil("PortConfigDone", async () => hasEnded() || (await this.#isConfigDone()), options);
    if (!hasEnded()) {
      await this.bringUp(daemon);
      await this.tearDown();
      return;
    }
    agree("the exit code", await daemon.exited(), EX_UNAVAILABLE);
    holds("it is said that Redis did not come", /Redis did not come/.test(daemon.lines.at(-1) ?? ""));
  }

  #isConfigDone(): Promise<boolean> {
    return this.#box.db.appl.exists("_PORT_TABLE:PortConfigDone");
  }

  #scramble(): void {
    const links = this.#requests.dump();
    const round = ++this.#round;
    const requests = PORTS.flatMap((port, i) => {
      const { ifindex, admin } = links.get(port)!;
      const mtu = encodeSetMtu(ifindex, LEAST_MTU + (round % 4000));
      return (i + round) % 5 === 0 ? [mtu, encodeSetUp(ifindex, admin === "down")] : [mtu];
    });
    this.#requests.send(Buffer.concat(requests));
  }

  async #equal(daemon: Daemon): Promise<void> {
    await this.#box.expectStateEqualsKernel(PORTS, { seconds: PATIENCE_SECONDS, hopeless: () => ended(daemon) });
  }

  async #wait(daemon: Daemon, what: string, probe: () => boolean | Promise<boolean>): Promise<void> {
    const seen = () => daemon.lines.slice(-12).join("\n");
    await waitUntil(what, probe, { seconds: PATIENCE_SECONDS, everyMs: 10, seen, hopeless: () => ended(daemon) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}

/** The daemon while it runs. */
export function runningProperty(box: CorruptedSwitch, daemon: Daemon): Property<Corruption> {
  const check = (corruption: Corruption) => box.corrupt(daemon, corruption);
  return { inputs: corruptions, check, show: (corruption) => JSON.stringify(corruption), failsOnce: true };
}

/** The daemon while it starts. */
export function startProperty(box: CorruptedSwitch): Property<Corruption> {
  const check = (corruption: Corruption) => box.corruptStart(corruption);
  return { inputs: corruptions, check, show: (corruption) => JSON.stringify(corruption), failsOnce: true };
}

function ended({ exitCode, lines }: Daemon): string | undefined {
  return exitCode === undefined ? undefined : `the daemon ended with ${exitCode}:\n${lines.slice(-12).join("\n")}`;
}

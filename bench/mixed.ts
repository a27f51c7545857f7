import { LinkFleet } from "../test/chaos/linkfleet.ts";
import { disturbLinks } from "../test/chaos/linkoperations.ts";
import { Random } from "../test/simulation/random.ts";
import type { Daemon, DaemonConfig } from "../test/support/daemon.ts";
import { portNames } from "../test/support/links.ts";
import { LinkWatch } from "../test/support/linksocket.ts";
import { Switch } from "../test/support/switch.ts";
import { coldStart } from "./contender.ts";
import { LOG_COLLECTIONS, parseCollections } from "./gclog.ts";
import type { Sample } from "./growth.ts";
import { measuredDaemon } from "./subject.ts";

const SECONDS = 60;
/** Between two operations: about 20 a second, most of them several changes. */
const PAUSE_MS = 40;

/** What the daemon holds at a moment. */
export interface Footprint {
  /** Since the first was possible. */
  readonly atSeconds: number;
  /** Link notifications so far, as this bench heard them. */
  readonly events: number;
  readonly "RSS MiB": number;
  readonly "anonymous MiB": number;
  /** All heaps, each after its last collection; undefined before the first, and where the program logs none. */
  readonly "heap MiB": number | undefined;
  readonly "open files": number;
  readonly "Redis connections": number;
}

/** What is measured of a daemon over time. */
export const MEASURES = ["RSS MiB", "anonymous MiB", "heap MiB", "open files", "Redis connections"] as const;

/** A daemon whose ports go up and down, change MTU and name, vanish, come back, join a bridge and leave the namespace. */
export class MixedRun implements AsyncDisposable {
  readonly footprints: Footprint[] = [];
  readonly #owned: AsyncDisposableStack;
  readonly #othersConnections: number;
  readonly #random: Random;
  readonly #startMs = performance.now();
  #events = 0;
  #lines = 0;
  /** By their addresses: the store's thread has its own. */
  readonly #heapsKib = new Map<string, number>();

  private constructor(
    owned: AsyncDisposableStack,
    readonly ports: readonly string[],
    readonly box: Switch,
    readonly daemon: Daemon,
    readonly fleet: LinkFleet,
    othersConnections: number,
    seed: number,
  ) {
    this.#owned = owned;
    this.#othersConnections = othersConnections;
    this.#random = new Random(seed, "mixed");
    owned.use(new LinkWatch(() => this.#events++, box.namespace));
  }

  /** Starts a daemon and makes its ports; returns when it has sent PortInitDone. */
  static async open(count: number, seed: number, config: DaemonConfig = {}): Promise<MixedRun> {
    const owned = new AsyncDisposableStack();
    try {
      const box = owned.use(await Switch.open());
      const ports = portNames(count);
      const fleet = owned.use(await LinkFleet.open(box.namespace, ports));
      let others = 0;
      const start = async () => {
        others = await connections(box);
        return box.start({ binary: measuredDaemon().binary, env: LOG_COLLECTIONS, config });
      };
      const daemon = await coldStart(box, ports, start, () => fleet.create(ports));
      return new MixedRun(owned, ports, box, daemon, fleet, others, seed);
    } catch (error) {
      await owned.disposeAsync();
      throw error;
    }
  }

  /** Changes links in all ways for so long, and measures every `everySeconds`; throws when STATE_DB is wrong afterwards. */
  async run(seconds: number, everySeconds: number): Promise<void> {
    const endMs = performance.now() + seconds * 1000;
    for (let dueMs = performance.now(); performance.now() < endMs; await Bun.sleep(PAUSE_MS)) {
      if (performance.now() >= dueMs) {
        await this.measure();
        dueMs += everySeconds * 1000;
      }
      await disturbLinks(this.fleet, this.#random);
    }
    await this.measure();
    await this.box.expectStateEqualsKernel(this.ports, { seconds: SECONDS });
  }

  /** Changes the MTU of all ports that are there again and again, until so many changes were made. */
  async flood(changes: number): Promise<void> {
    const links = [...this.fleet.here().values()];
    for (let made = 0, mtu = 2000; made < changes; made += links.length, mtu = mtu === 9000 ? 2000 : mtu + 1) {
      this.fleet.flood(links, 1, mtu);
      await Bun.sleep(1);
    }
    await this.box.expectStateEqualsKernel(this.ports, { seconds: SECONDS });
  }

  /** Measures now. */
  async measure(): Promise<Footprint> {
    const { rssKib, anonymousKib, openFiles } = this.daemon.usage();
    const footprint = {
      atSeconds: (performance.now() - this.#startMs) / 1000,
      events: this.#events,
      "RSS MiB": rssKib / 1024,
      "anonymous MiB": anonymousKib / 1024,
      "heap MiB": this.#heapMib(),
      "open files": openFiles,
      "Redis connections": (await connections(this.box)) - this.#othersConnections,
    };
    this.footprints.push(footprint);
    return footprint;
  }

  /** The values of a measure over the run, or over a part of it. */
  series(measure: (typeof MEASURES)[number], part: readonly Footprint[] = this.footprints): Sample[] {
    return part.flatMap(({ atSeconds, [measure]: value }) => (value === undefined ? [] : [{ atSeconds, value }]));
  }

  #heapMib(): number | undefined {
    const { lines } = this.daemon;
    for (const [heap, { heapsKib }] of parseCollections(lines.slice(this.#lines))) {
      const [lastKib] = heapsKib.slice(-1);
      if (lastKib !== undefined) this.#heapsKib.set(heap, lastKib);
    }
    this.#lines = lines.length;
    if (this.#heapsKib.size === 0) return undefined;
    return this.#heapsKib.values().reduce((sum, kib) => sum + kib, 0) / 1024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}

async function connections(box: Switch): Promise<number> {
  const info = String(await box.db.state.call("INFO", "clients"));
  return Number(/^connected_clients:(\d+)/m.exec(info)![1]);
}

import { encodeDelete, encodeSetMtu, encodeSetUp } from "../support/linkmessage.ts";
import { farEnd, type Links } from "../support/links.ts";
import type { LinkSocket } from "../support/linksocket.ts";

const MTUS = [1500, 4096, 9100, 9216];
/** What is done to a port, and how often in 100. */
const ACTIONS = [
  ["carrier", 45],
  ["admin", 20],
  ["mtu", 20],
  ["delete", 15],
] as const;

type Action = (typeof ACTIONS)[number][0];

/** A generator of numbers in [0, 1) that a seed determines (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Changes ports as a busy switch does: flaps, admin changes, new MTUs, ports that go away and come back. */
export class Driver {
  readonly #random: () => number;
  readonly #deleted = new Set<string>();

  /** `heard` is called after each change, when the kernel's notifications of it are queued. */
  constructor(
    readonly ports: readonly string[],
    readonly links: Links,
    readonly requests: LinkSocket,
    seed: number,
    readonly heard: () => void,
  ) {
    this.#random = seededRandom(seed);
  }

  /** Makes every port, as orchagent does after PortConfigDone: admin up, most with carrier. */
  async create(): Promise<void> {
    await this.links.add(this.ports, { mtu: 9100, up: true });
    await this.links.carrier(true, ...this.ports.filter(() => this.#random() < 0.9));
  }

  /** Does one thing to one port. */
  async step(): Promise<void> {
    const port = this.#pick(this.ports);
    if (this.#deleted.has(port)) return this.#restore(port);
    const action = this.#action();
    const links = this.requests.dump();
    const link = links.get(port)!;
    const far = links.get(farEnd(port))!;
    if (action === "carrier") this.requests.send(encodeSetUp(far.ifindex, far.admin === "down"));
    if (action === "admin") this.requests.send(encodeSetUp(link.ifindex, link.admin === "down"));
    if (action === "mtu")
      this.requests.send(encodeSetMtu(link.ifindex, this.#pick(MTUS.filter((mtu) => mtu !== link.mtu))));
    if (action === "delete") {
      this.requests.send(encodeDelete(link.ifindex));
      this.#deleted.add(port);
    }
    this.heard();
  }

  /** Makes the ports again that are deleted now. */
  async restoreAll(): Promise<void> {
    for (const port of this.#deleted) await this.#restore(port);
  }

  async #restore(port: string): Promise<void> {
    this.#deleted.delete(port);
    await this.links.add([port], { mtu: 9100, up: true, carrier: true });
  }

  #action(): Action {
    let left = this.#random() * 100;
    return ACTIONS.find(([, share]) => (left -= share) < 0)![0];
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random() * items.length)]!;
  }
}

import { IFF } from "../../ffi/linux/if.ts";
import { NLM_F_MULTI, NLMSG_ERROR, nlmsghdr } from "../../ffi/linux/netlink.ts";
import { RTM_DELLINK, RTM_GETLINK, RTM_NEWLINK } from "../../ffi/linux/rtnetlink.ts";
import { AF_UNSPEC } from "../../ffi/sys/socket.ts";
import { encodeMessage, LITTLE_ENDIAN } from "../netlink/message.ts";
import type { RequestChannel, Subscription } from "../netlink/socket.ts";
import type { Clock } from "../util/clock.ts";
import { DatagramQueue, encodeDone, requestSequence } from "./datagramqueue.ts";
import { CHANGE_REGISTERED, encodeLink, type Link } from "./link.ts";
import type { LinkSource } from "./source.ts";

type SimulatedLink = Omit<Link, "address">;

/** A kernel in memory that has links, announces their changes and answers dumps with real messages. */
export class SimulatedKernel implements LinkSource {
  readonly ended = undefined;
  readonly #links = new Map<number, SimulatedLink>();
  readonly #members = new Map<DatagramQueue, () => void>();
  #nextIfindex = 1;

  /** Makes a link that is down; returns its ifindex. */
  add(name: string): number {
    const ifindex = this.#nextIfindex++;
    const link = { ifindex, family: AF_UNSPEC, flags: IFF.BROADCAST, name, mtu: 1500, master: 0, kind: "veth" };
    this.#links.set(ifindex, link);
    this.#announce(RTM_NEWLINK, { ...link, change: CHANGE_REGISTERED });
    return ifindex;
  }

  /** Changes a link; throws RangeError where there is none. */
  change(ifindex: number, changes: Partial<SimulatedLink>): void {
    const link = { ...this.link(ifindex), ...changes };
    this.#links.set(ifindex, link);
    this.#announce(RTM_NEWLINK, link);
  }

  /** Deletes a link; throws RangeError where there is none. */
  delete(ifindex: number): void {
    const link = this.link(ifindex);
    this.#links.delete(ifindex);
    this.#announce(RTM_DELLINK, link);
  }

  /** What is true of a link now; throws RangeError where there is none. */
  link(ifindex: number): SimulatedLink {
    const link = this.#links.get(ifindex);
    if (!link) throw new RangeError(`no link ${ifindex}`);
    return link;
  }

  subscribe(_receiveBufferBytes: number, wake: () => void): Subscription {
    const queue = new DatagramQueue();
    this.#members.set(queue, wake);
    const dispose = queue[Symbol.dispose].bind(queue);
    queue[Symbol.dispose] = () => {
      this.#members.delete(queue);
      dispose();
    };
    return queue;
  }

  openRequest(): RequestChannel {
    const channel: DatagramQueue = new DatagramQueue((request) => this.#answer(channel, request));
    return channel;
  }

  #announce(type: number, link: Parameters<typeof encodeLink>[0]): void {
    const message = encodeMessage(type, 0, 0, encodeLink(link));
    for (const [queue, wake] of this.#members) {
      queue.push(message);
      wake();
    }
  }

  #answer(channel: DatagramQueue, request: Uint8Array): void {
    const sequence = requestSequence(request);
    const view = new DataView(request.buffer, request.byteOffset);
    if (view.getUint16(nlmsghdr.offset.nlmsg_type, LITTLE_ENDIAN) !== RTM_GETLINK) {
      channel.push(encodeMessage(NLMSG_ERROR, 0, sequence, new Uint8Array(4)));
      return;
    }
    for (const link of this.#links.values()) {
      channel.push(encodeMessage(RTM_NEWLINK, NLM_F_MULTI, sequence, encodeLink(link)));
    }
    channel.push(encodeDone(sequence));
  }
}

/** How often the simulated ports change. */
const STEP_MS = 250;
const MTUS = [1500, 9000, 9100];

/** A kernel with `ports` links named Ethernet0, Ethernet4, ... of which one changes four times a second. */
export function simulatedSource(ports: number, clock: Clock, random: () => number = Math.random): LinkSource {
  const kernel = new SimulatedKernel();
  const indexes = Array.from({ length: ports }, (_, i) => kernel.add(`Ethernet${i * 4}`));
  const step = () => {
    const ifindex = indexes[Math.floor(random() * indexes.length)]!;
    const { flags, mtu } = kernel.link(ifindex);
    if (random() < 0.3) kernel.change(ifindex, { mtu: MTUS[(MTUS.indexOf(mtu ?? 0) + 1) % MTUS.length]! });
    else kernel.change(ifindex, { flags: flags ^ (IFF.UP | IFF.RUNNING | IFF.LOWER_UP) });
    clock.after(STEP_MS, step);
  };
  clock.after(STEP_MS, step);
  return kernel;
}

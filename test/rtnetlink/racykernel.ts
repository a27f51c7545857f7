import { NLM_F_DUMP_INTR, NLM_F_MULTI } from "../../ffi/linux/netlink.ts";
import { RTM_DELLINK, RTM_NEWLINK } from "../../ffi/linux/rtnetlink.ts";
import { AF_BRIDGE } from "../../ffi/sys/socket.ts";
import { type DatagramBuffer, encodeMessage, wrapDatagram } from "../../src/netlink/message.ts";
import { RECEIVED, type RequestChannel, type Subscription } from "../../src/netlink/socket.ts";
import { encodeDone, requestSequence } from "../../src/rtnetlink/datagramqueue.ts";
import { encodeLink, type Link } from "../../src/rtnetlink/link.ts";
import { SimulatedKernel } from "../../src/rtnetlink/simulate.ts";
import type { LinkSource } from "../../src/rtnetlink/source.ts";

type Datagram = Uint8Array<ArrayBuffer>;

const EMPTY = wrapDatagram(new Uint8Array(0));

/**
 * A queue with room for few datagrams, with the kernel's manners: what finds it full is dropped and so is all that follows
 * until it was read empty; the loss is reported before what is still queued.
 */
class NarrowQueue implements Subscription {
  readonly receiveBufferBytes = 1;
  buffer: DatagramBuffer = EMPTY;
  readonly #queue: Datagram[] = [];
  #isCongested = false;
  #hasLost = false;

  constructor(
    readonly room: number,
    readonly ring: () => void,
  ) {}

  push(datagram: Datagram): void {
    if (this.#isCongested || this.#queue.length >= this.room) this.#isCongested = this.#hasLost = true;
    else this.#queue.push(datagram);
  }

  receive(): number {
    if (this.#hasLost) {
      this.#hasLost = false;
      return RECEIVED.OVERRUN;
    }
    const datagram = this.#queue.shift();
    if (this.#queue.length === 0) this.#isCongested = false;
    if (!datagram) return RECEIVED.EMPTY;
    this.buffer = wrapDatagram(datagram);
    return datagram.length;
  }

  [Symbol.dispose](): void {}
}

/**
 * A SimulatedKernel that loses messages, and whose dumps take time: an entry says what is true when it is read, and those
 * after a link came or went have NLM_F_DUMP_INTR.
 */
export class RacyKernel implements LinkSource {
  readonly ended = undefined;
  readonly #kernel = new SimulatedKernel();
  readonly #ifindexes = new Set<number>();
  #members: NarrowQueue[] = [];
  /** dev_base_seq: links that came or went so far. */
  #generation = 0;

  /** `room` is that of the group's queue in datagrams; `isReady` says at each look whether a dump has its next part. */
  constructor(
    readonly room: number,
    readonly isReady: () => boolean,
  ) {}

  /** The links that there are, the oldest first. */
  get links(): Omit<Link, "address">[] {
    return Array.from(this.#ifindexes, (ifindex) => this.#kernel.link(ifindex));
  }

  add(name: string): number {
    const ifindex = this.#kernel.add(name);
    this.#ifindexes.add(ifindex);
    this.#generation++;
    return ifindex;
  }

  change(ifindex: number, changes: Partial<Omit<Link, "address" | "ifindex">>): void {
    this.#kernel.change(ifindex, changes);
  }

  /** Deletes a link. As in the kernel it is released by its master before, and so are its own members by it. */
  delete(ifindex: number): void {
    for (const each of this.links) {
      if (each.master === ifindex || (each.ifindex === ifindex && each.master !== 0)) this.leave(each.ifindex);
    }
    this.#ifindexes.delete(ifindex);
    this.#generation++;
    this.#kernel.delete(ifindex);
  }

  /** What a bridge says of its member, all of which is true. */
  bridgeSpeaks(ifindex: number): void {
    this.#multicast(RTM_NEWLINK, { ...this.#kernel.link(ifindex), family: AF_BRIDGE, kind: "" });
  }

  /** A member leaves: its bridge says so, then the link itself. */
  leave(ifindex: number): void {
    this.#multicast(RTM_DELLINK, { ...this.#kernel.link(ifindex), family: AF_BRIDGE, kind: "" });
    this.change(ifindex, { master: 0 });
  }

  /** Rings the bell of each member. */
  ring(): void {
    for (const member of this.#members) member.ring();
  }

  subscribe(receiveBufferBytes: number, wake: () => void): Subscription {
    const member = new NarrowQueue(this.room, wake);
    this.#members.push(member);
    const inner = this.#kernel.subscribe(receiveBufferBytes, () => {
      for (let length = inner.receive(); length >= 0; length = inner.receive()) member.push(inner.buffer.bytes);
    });
    return member;
  }

  openRequest(): RequestChannel {
    let sequence = 0;
    let last = 0;
    let seen = this.#generation;
    let isOver = false;
    const channel = {
      buffer: EMPTY,
      request: (message: Uint8Array) => {
        sequence = requestSequence(message);
        seen = this.#generation;
      },
      receive: () => {
        if (isOver || !this.isReady()) return RECEIVED.EMPTY;
        const flags = NLM_F_MULTI | (seen === this.#generation ? 0 : NLM_F_DUMP_INTR);
        seen = this.#generation;
        const next = this.links.find(({ ifindex }) => ifindex > last);
        if (next) last = next.ifindex;
        else isOver = true;
        const message = next ? encodeMessage(RTM_NEWLINK, flags, sequence, encodeLink(next)) : encodeDone(sequence);
        if (!next) new DataView(message.buffer).setUint16(6, flags, true);
        channel.buffer = wrapDatagram(message);
        return message.length;
      },
      [Symbol.dispose]: () => {},
    };
    return channel;
  }

  #multicast(type: number, link: Omit<Link, "address">): void {
    for (const member of this.#members) member.push(encodeMessage(type, 0, 0, encodeLink(link)));
  }
}

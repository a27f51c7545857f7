import { NLM_F_MULTI } from "../../ffi/linux/netlink.ts";
import { RTM_DELLINK, RTM_NEWLINK } from "../../ffi/linux/rtnetlink.ts";
import { encodeMessage } from "../../src/netlink/message.ts";
import type { Subscription } from "../../src/netlink/socket.ts";
import { DatagramQueue, encodeDone, requestSequence } from "../../src/rtnetlink/datagramqueue.ts";
import { encodeLink, type Link } from "../../src/rtnetlink/link.ts";
import type { LinkSource } from "../../src/rtnetlink/source.ts";

/** A link that is up, with what a test wants to be different. */
export function link(ifindex: number, changes: Partial<Link> = {}): Link {
  const usual = { family: 0, flags: 1, name: `Ethernet${ifindex}`, mtu: 1500, master: 0, kind: "veth", address: "" };
  return { ifindex, ...usual, ...changes };
}

/** RTM_NEWLINK as the group hears it. */
export function newLink(of: Link): Uint8Array<ArrayBuffer> {
  return encodeMessage(RTM_NEWLINK, 0, 0, encodeLink(of));
}

/** RTM_DELLINK as the group hears it. */
export function delLink(of: Link): Uint8Array<ArrayBuffer> {
  return encodeMessage(RTM_DELLINK, 0, 0, encodeLink(of));
}

/** One datagram of several messages. */
export function datagram(...messages: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(messages));
}

/** A channel whose requests a test answers by hand. */
export class HeldChannel extends DatagramQueue {
  readonly requests: Uint8Array[] = [];
  isOpen = true;

  constructor() {
    super((request) => this.requests.push(request.slice()));
  }

  /** The sequence number that an answer needs. */
  get sequence(): number {
    return requestSequence(this.requests.at(-1)!);
  }

  /** Queues links as a dump gives them, each in a datagram of its own. */
  give(links: readonly Link[], flags = 0): void {
    for (const each of links) {
      this.push(encodeMessage(RTM_NEWLINK, NLM_F_MULTI | flags, this.sequence, encodeLink(each)));
    }
  }

  /** Queues a whole dump. */
  answer(links: readonly Link[], flags = 0): void {
    this.give(links, flags);
    this.push(encodeDone(this.sequence));
  }

  override [Symbol.dispose](): void {
    this.isOpen = false;
    super[Symbol.dispose]();
  }
}

/** A source that says only what a test makes it say. */
export class Feed implements LinkSource {
  readonly ended = undefined;
  readonly queue = new DatagramQueue();
  /** One for each request so far. */
  readonly channels: HeldChannel[] = [];
  isSubscribed = false;
  #wake = () => {};

  subscribe(_receiveBufferBytes: number, wake: () => void): Subscription {
    this.isSubscribed = true;
    this.#wake = wake;
    const dispose = this.queue[Symbol.dispose].bind(this.queue);
    this.queue[Symbol.dispose] = () => {
      this.isSubscribed = false;
      dispose();
    };
    return this.queue;
  }

  openRequest(): HeldChannel {
    const channel = new HeldChannel();
    this.channels.push(channel);
    return channel;
  }

  /** The request that was made last. */
  get channel(): HeldChannel {
    return this.channels.at(-1)!;
  }

  /** Queues datagrams or RECEIVED and rings once. */
  tell(...datagrams: readonly (Uint8Array<ArrayBuffer> | number)[]): void {
    for (const each of datagrams) this.queue.push(each);
    this.ring();
  }

  /** Rings without anything to receive. */
  ring(): void {
    this.#wake();
  }
}

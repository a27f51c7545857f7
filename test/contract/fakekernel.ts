import { RECEIVED, type RequestChannel, type Subscription } from "../../src/netlink/socket.ts";
import type { LinkSource } from "../../src/rtnetlink/source.ts";
import { encodeAcknowledgement, encodeDumpEnd, encodeLinkMessage, type LinkMessage } from "./linkmessage.ts";

/** RTM_GETLINK of <linux/rtnetlink.h>. */
const RTM_GETLINK = 18;

class Queue implements Subscription, RequestChannel {
  readonly receiveBufferBytes = 0;
  readonly datagrams: Uint8Array<ArrayBuffer>[] = [];
  readonly #answer: (request: DataView) => readonly Uint8Array<ArrayBuffer>[];
  buffer = { bytes: new Uint8Array(0), view: new DataView(new ArrayBuffer(0)) };

  constructor(answer: (request: DataView) => readonly Uint8Array<ArrayBuffer>[] = () => []) {
    this.#answer = answer;
  }

  request(message: Uint8Array): void {
    this.datagrams.push(...this.#answer(new DataView(message.buffer, message.byteOffset, message.byteLength)));
  }

  receive(): number {
    const bytes = this.datagrams.shift();
    if (!bytes) return RECEIVED.EMPTY;
    this.buffer = { bytes, view: new DataView(bytes.buffer) };
    return bytes.length;
  }

  [Symbol.dispose](): void {
    this.datagrams.length = 0;
  }
}

/** A kernel that says what a test makes it say: messages that no device of the machine at hand causes. */
export class FakeKernel implements LinkSource {
  readonly ended = undefined;
  readonly #dump: readonly LinkMessage[];
  readonly #events = new Queue();
  #wake: () => void = () => {};

  /** `dump` is what it answers when all links are asked for. */
  constructor(dump: readonly LinkMessage[] = []) {
    this.#dump = dump;
  }

  /** Says these in the same turn, each as a datagram of its own. */
  say(...messages: readonly LinkMessage[]): void {
    this.#events.datagrams.push(...messages.map((message) => encodeLinkMessage(message)));
    this.#wake();
  }

  subscribe(_receiveBufferBytes: number, wake: () => void): Subscription {
    this.#wake = wake;
    return this.#events;
  }

  openRequest(): RequestChannel {
    return new Queue((request) => {
      const sequence = request.getUint32(8, true);
      if (request.getUint16(4, true) !== RTM_GETLINK) return [encodeAcknowledgement(sequence)];
      return [...this.#dump.map((message) => encodeLinkMessage(message, sequence)), encodeDumpEnd(sequence)];
    });
  }
}

import { NLMSG_DONE, nlmsghdr } from "../../ffi/linux/netlink.ts";
import { ifinfomsg, RTM_DELLINK, RTM_NEWLINK } from "../../ffi/linux/rtnetlink.ts";
import { AF_BRIDGE } from "../../ffi/sys/socket.ts";
import { encodeMessage, HEADER_SIZE, LITTLE_ENDIAN, wrapDatagram } from "../netlink/message.ts";
import { RECEIVED, type RequestChannel, type Subscription } from "../netlink/socket.ts";
import type { RecordedMessage } from "./rtmon.ts";
import type { LinkSource } from "./source.ts";

/** An endless supply of no bytes, for a channel before its first answer. */
const NOTHING = wrapDatagram(new Uint8Array(0));

/** A subscription or channel that hands out datagrams from memory. */
export class DatagramQueue implements Subscription, RequestChannel {
  readonly receiveBufferBytes = 0;
  readonly #queue: (Uint8Array<ArrayBuffer> | number)[] = [];
  readonly #times: (number | undefined)[] = [];
  readonly #answer: (request: Uint8Array) => void;
  #next = 0;
  buffer = NOTHING;
  wallMs: number | undefined;

  /** `answer` is given each request; what it queues is what is received. */
  constructor(answer: (request: Uint8Array) => void = () => {}) {
    this.#answer = answer;
  }

  /** Queues a datagram with the time when it was recorded, or one of RECEIVED. */
  push(datagram: Uint8Array<ArrayBuffer> | number, wallMs?: number): void {
    this.#queue.push(datagram);
    this.#times.push(wallMs);
  }

  request(message: Uint8Array): void {
    this.#answer(message);
  }

  receive(): number {
    const datagram = this.#queue[this.#next];
    if (datagram === undefined) {
      this.#clear();
      return RECEIVED.EMPTY;
    }
    this.wallMs = this.#times[this.#next++];
    if (typeof datagram === "number") return datagram;
    this.buffer = wrapDatagram(datagram);
    return datagram.length;
  }

  [Symbol.dispose](): void {
    this.#clear();
  }

  #clear(): void {
    this.#queue.length = this.#times.length = this.#next = 0;
  }
}

/** The sequence number of a request, which its answer has to carry. */
export function requestSequence(request: Uint8Array): number {
  return new DataView(request.buffer, request.byteOffset).getUint32(nlmsghdr.offset.nlmsg_seq, LITTLE_ENDIAN);
}

/** The end of an answer. */
export function encodeDone(sequence: number): Uint8Array<ArrayBuffer> {
  return encodeMessage(NLMSG_DONE, 0, sequence, new Uint8Array(4));
}

/** A recording as a source: every message once, as fast as they are taken. A dump answers with what was told so far. */
export function replaySource(messages: readonly RecordedMessage[]): LinkSource {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const links = new Map<number, Uint8Array<ArrayBuffer>>();
  return {
    ended,
    subscribe(_receiveBufferBytes, wake) {
      const queue = new DatagramQueue();
      const receive = queue.receive.bind(queue);
      queue.receive = () => {
        const length = receive();
        if (length === RECEIVED.EMPTY) end();
        else remember(links, queue.buffer.bytes);
        return length;
      };
      for (const { bytes, wallMs } of messages) queue.push(bytes, wallMs);
      setImmediate(wake);
      return queue;
    },
    openRequest() {
      const channel: DatagramQueue = new DatagramQueue((request) => {
        const sequence = requestSequence(request);
        for (const message of links.values()) channel.push(withSequence(message, sequence));
        channel.push(encodeDone(sequence));
      });
      return channel;
    },
  };
}

/** Notes what a message says of its link; what cannot be understood says nothing. */
function remember(links: Map<number, Uint8Array<ArrayBuffer>>, message: Uint8Array<ArrayBuffer>): void {
  if (message.length < HEADER_SIZE + ifinfomsg.size) return;
  const view = new DataView(message.buffer, message.byteOffset);
  if (view.getUint8(HEADER_SIZE + ifinfomsg.offset.ifi_family) === AF_BRIDGE) return;
  const type = view.getUint16(nlmsghdr.offset.nlmsg_type, LITTLE_ENDIAN);
  const ifindex = view.getInt32(HEADER_SIZE + ifinfomsg.offset.ifi_index, LITTLE_ENDIAN);
  if (type === RTM_NEWLINK) links.set(ifindex, message);
  else if (type === RTM_DELLINK) links.delete(ifindex);
}

function withSequence(message: Uint8Array, sequence: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(message);
  new DataView(copy.buffer).setUint32(nlmsghdr.offset.nlmsg_seq, sequence, LITTLE_ENDIAN);
  return copy;
}

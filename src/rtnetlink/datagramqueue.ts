import { NLMSG_DONE, nlmsghdr } from "../../ffi/linux/netlink.ts";
import { encodeMessage, LITTLE_ENDIAN, wrapDatagram } from "../netlink/message.ts";
import { RECEIVED, type RequestChannel, type Subscription } from "../netlink/socket.ts";

/** An endless supply of no bytes, for a channel before its first answer. */
const NOTHING = wrapDatagram(new Uint8Array(0));

/** A subscription or channel that hands out datagrams from memory. */
export class DatagramQueue implements Subscription, RequestChannel {
  readonly receiveBufferBytes = 0;
  readonly #queue: (Uint8Array<ArrayBuffer> | number)[] = [];
  readonly #answer: (request: Uint8Array) => void;
  #next = 0;
  buffer = NOTHING;

  /** `answer` is given each request; what it queues is what is received. */
  constructor(answer: (request: Uint8Array) => void = () => {}) {
    this.#answer = answer;
  }

  /** Queues a datagram, or one of RECEIVED. */
  push(datagram: Uint8Array<ArrayBuffer> | number): void {
    this.#queue.push(datagram);
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
    this.#next++;
    if (typeof datagram === "number") return datagram;
    this.buffer = wrapDatagram(datagram);
    return datagram.length;
  }

  [Symbol.dispose](): void {
    this.#clear();
  }

  #clear(): void {
    this.#queue.length = this.#next = 0;
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

import { IFF } from "../ffi/linux/if.ts";
import { NLM_F_MULTI, nlmsghdr } from "../ffi/linux/netlink.ts";
import { RTM_NEWLINK } from "../ffi/linux/rtnetlink.ts";
import { AF_UNSPEC } from "../ffi/sys/socket.ts";
import { encodeMessage, LITTLE_ENDIAN } from "../src/netlink/message.ts";
import { DatagramQueue, encodeDone, requestSequence } from "../src/rtnetlink/datagramqueue.ts";
import { encodeLink } from "../src/rtnetlink/link.ts";
import type { LinkSource } from "../src/rtnetlink/source.ts";

type Message = Uint8Array<ArrayBuffer>;

const MTU = 9100;
/** Of a datagram of a dump, as the kernel packs them. */
const LINKS_A_DATAGRAM = 20;

/** The message of a port that is up and has carrier; ifindexes begin at 1. */
export function encodePort(name: string, ifindex: number, mtu = MTU): Message {
  const flags = IFF.UP | IFF.BROADCAST | IFF.RUNNING | IFF.MULTICAST | IFF.LOWER_UP;
  const link = { ifindex, family: AF_UNSPEC, flags, name, mtu, master: 0, kind: "veth" };
  return encodeMessage(RTM_NEWLINK, 0, 0, encodeLink(link));
}

/** A kernel of messages that were encoded before: for more ports than a machine has room for, and at hardly a cost of its own. */
export class EncodedKernel implements LinkSource {
  readonly ended = undefined;
  /** What was told last of each port, in the order of the ports. */
  readonly #messages: Message[];
  #queue: DatagramQueue | undefined;
  #wake = () => {};

  constructor(names: readonly string[]) {
    this.#messages = names.map((name, i) => encodePort(name, i + 1));
  }

  subscribe(_receiveBufferBytes: number, wake: () => void): DatagramQueue {
    this.#queue = new DatagramQueue();
    this.#wake = wake;
    return this.#queue;
  }

  openRequest(): DatagramQueue {
    const channel: DatagramQueue = new DatagramQueue((request) => {
      const sequence = requestSequence(request);
      for (let at = 0; at < this.#messages.length; at += LINKS_A_DATAGRAM) {
        channel.push(answer(this.#messages.slice(at, at + LINKS_A_DATAGRAM), sequence));
      }
      channel.push(encodeDone(sequence));
    });
    return channel;
  }

  /** Tells of one port anew. */
  tell(port: number, message: Message): void {
    this.#messages[port] = message;
    this.#queue!.push(message);
    this.#wake();
  }
}

function answer(messages: readonly Message[], sequence: number): Message {
  const datagram = new Uint8Array(Buffer.concat(messages));
  const view = new DataView(datagram.buffer);
  let at = 0;
  for (const { length } of messages) {
    view.setUint16(at + nlmsghdr.offset.nlmsg_flags, NLM_F_MULTI, LITTLE_ENDIAN);
    view.setUint32(at + nlmsghdr.offset.nlmsg_seq, sequence, LITTLE_ENDIAN);
    at += length;
  }
  return datagram;
}

import { SystemError } from "../../ffi/libc.ts";
import { NLM_F_DUMP_INTR, NLM_F_MULTI, NLMSG_DONE, NLMSG_ERROR, nlmsghdr } from "../../ffi/linux/netlink.ts";
import { ifinfomsg, RTM_GETLINK, RTM_NEWLINK } from "../../ffi/linux/rtnetlink.ts";
import { encodeMessage, HEADER_SIZE, LITTLE_ENDIAN, wrapDatagram } from "../../src/netlink/message.ts";
import { RECEIVED, type RequestChannel } from "../../src/netlink/socket.ts";
import { encodeLink } from "../../src/rtnetlink/link.ts";
import { linkOf, type Netdev } from "./netdev.ts";

const NOTHING = wrapDatagram(new Uint8Array(0));
const ENODEV = 19;
const ENOMEM = 12;

/** What may go wrong with a dump; `emfile` already when the socket is made. */
export const DUMP_FAULTS = [
  "emfile",
  "send",
  "refused",
  "enobufs",
  "silent",
  "late",
  "truncated",
  "foreign",
  "malformed",
] as const;

/** One of DUMP_FAULTS. */
export type DumpFault = (typeof DUMP_FAULTS)[number];

/** What a request socket sees of the kernel. */
export interface RequestedKernel {
  /** The next netdevs of a dump, and where it goes on. */
  dump(cursor: number, count: number): { netdevs: Netdev[]; cursor: number };
  /** Changes whenever a netdev comes or goes (dev_base_seq). */
  readonly baseSequence: number;
  /** Brings it down; false when there is none. */
  bringDown(ifindex: number): boolean;
  /** Lets the kernel go on while the process is about to receive. */
  preempt(): void;
  now(): number;
  /** Now, in the order of events. */
  tick(): number;
  /** A dump that was asked for then has been read to its end. */
  onDumped(askedTick: number): void;
  /** Says that a dump had NLM_F_DUMP_INTR. */
  onInterrupted(): void;
}

/** How a socket answers. */
export interface AnswerOptions {
  readonly fault: DumpFault | undefined;
  /** How many links there are in a datagram. */
  readonly chunk: number;
  /** In the how manieth datagram the fault is, and how long an answer is late, in milliseconds. */
  readonly faultAt: number;
  readonly lateMs: number;
}

/** A request socket of the kernel: the pieces of a dump are made when they are received, so it races with all that happens. */
export class RequestSocket implements RequestChannel {
  readonly #kernel: RequestedKernel;
  readonly #options: AnswerOptions;
  readonly #queue: (Uint8Array<ArrayBuffer> | number)[] = [];
  #sequence = 0;
  #dumping = false;
  #cursor = 0;
  #chunks = 0;
  #baseSequence = 0;
  #notBeforeMs = 0;
  #askedTick: number | undefined;
  #interrupted = false;
  #readAll = false;
  buffer = NOTHING;

  constructor(kernel: RequestedKernel, options: AnswerOptions) {
    this.#kernel = kernel;
    this.#options = options;
  }

  request(message: Uint8Array): void {
    const view = new DataView(message.buffer, message.byteOffset);
    this.#sequence = view.getUint32(nlmsghdr.offset.nlmsg_seq, LITTLE_ENDIAN);
    const dump = view.getUint16(nlmsghdr.offset.nlmsg_type, LITTLE_ENDIAN) === RTM_GETLINK;
    const { fault } = this.#options;
    if (dump && fault === "send") throw new SystemError("send", ENOMEM);
    if (dump && fault === "refused") {
      this.#queue.push(this.#error(ENOMEM));
    } else if (dump) {
      this.#dumping = true;
      this.#askedTick = this.#kernel.tick();
      this.#baseSequence = this.#kernel.baseSequence;
      this.#makeChunk();
    } else {
      const ifindex = view.getInt32(HEADER_SIZE + ifinfomsg.offset.ifi_index, LITTLE_ENDIAN);
      this.#queue.push(this.#error(this.#kernel.bringDown(ifindex) ? 0 : ENODEV));
    }
  }

  receive(): number {
    this.#kernel.preempt();
    if (this.#kernel.now() < this.#notBeforeMs) return RECEIVED.EMPTY;
    const datagram = this.#queue.shift();
    if (datagram === undefined) return RECEIVED.EMPTY;
    if (this.#dumping) this.#makeChunk();
    else this.#readAll = true;
    if (typeof datagram === "number") return datagram;
    this.buffer = wrapDatagram(datagram);
    return datagram.length;
  }

  /** The process takes the dump for what it is when it has closed the socket. */
  [Symbol.dispose](): void {
    if (this.#readAll && this.#askedTick !== undefined && !this.#interrupted) this.#kernel.onDumped(this.#askedTick);
  }

  #makeChunk(): void {
    const { fault, faultAt, chunk, lateMs } = this.#options;
    if (this.#chunks++ === faultAt && this.#isBad(fault)) return;
    if (this.#chunks - 1 === faultAt && fault === "late") this.#notBeforeMs = this.#kernel.now() + lateMs;
    const { netdevs, cursor } = this.#kernel.dump(this.#cursor, chunk);
    this.#cursor = cursor;
    const interrupted = this.#baseSequence !== this.#kernel.baseSequence;
    if (interrupted) this.#kernel.onInterrupted();
    this.#interrupted ||= interrupted;
    this.#baseSequence = this.#kernel.baseSequence;
    // nl_dump_check_consistent marks the first message of the piece, once for each change.
    const flags = (first: boolean) => NLM_F_MULTI | (first && interrupted ? NLM_F_DUMP_INTR : 0);
    const messages = netdevs.map((netdev, i) =>
      encodeMessage(RTM_NEWLINK, flags(i === 0), this.#sequence, encodeLink(linkOf(netdev))),
    );
    if (netdevs.length < chunk) {
      this.#dumping = false;
      messages.push(encodeMessage(NLMSG_DONE, flags(netdevs.length === 0), this.#sequence, new Uint8Array(4)));
    }
    this.#queue.push(new Uint8Array(Buffer.concat(messages)));
  }

  /** True when the fault takes the place of the rest of the dump. */
  #isBad(fault: DumpFault | undefined): boolean {
    if (fault === "foreign") this.#queue.push(RECEIVED.FOREIGN);
    const instead = { enobufs: RECEIVED.OVERRUN, truncated: RECEIVED.TRUNCATED, malformed: new Uint8Array(7) };
    if (fault !== "silent" && !(fault && fault in instead)) return false;
    this.#dumping = false;
    this.#interrupted = true;
    if (fault !== "silent") this.#queue.push(instead[fault as keyof typeof instead]);
    return true;
  }

  #error(errno: number): Uint8Array<ArrayBuffer> {
    const payload = new Uint8Array(4 + HEADER_SIZE);
    new DataView(payload.buffer).setInt32(0, -errno, LITTLE_ENDIAN);
    return encodeMessage(NLMSG_ERROR, 0, this.#sequence, payload);
  }
}

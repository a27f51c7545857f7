import { SystemError } from "../../ffi/libc.ts";
import { wrapDatagram } from "../../src/netlink/message.ts";
import { RECEIVED, type Subscription } from "../../src/netlink/socket.ts";

const NOTHING = wrapDatagram(new Uint8Array(0));
const EIO = 5;

/** A datagram, or one of RECEIVED in its place. */
export type Queued = Uint8Array<ArrayBuffer> | number;

/** What a member has others do. */
export interface MemberHooks {
  /** The process is about to receive: the kernel may go on before. */
  preempt(): void;
  /** The process reads a message that was sent then. */
  onRead(tick: number): void;
  /** The process hears that the socket is broken. */
  onBroken(): void;
  onDispose(): void;
}

/**
 * A member of the link group with room for `limit` datagrams. One too many is an overrun as in af_netlink.c: it is reported
 * once, before what is still queued, and nothing is queued until the queue was read empty (NETLINK_S_CONGESTED).
 */
export class GroupMember implements Subscription {
  readonly receiveBufferBytes = 0;
  readonly #limit: number;
  readonly #hooks: MemberHooks;
  readonly #queue: { datagram: Queued; tick: number }[] = [];
  #congested = false;
  #overrun = false;
  #broken = false;
  buffer = NOTHING;

  constructor(limit: number, hooks: MemberHooks) {
    this.#limit = limit;
    this.#hooks = hooks;
  }

  /** False when there is no room. */
  deliver(datagram: Queued, tick: number): boolean {
    if (!this.#congested && this.#queue.length < this.#limit) {
      this.#queue.push({ datagram, tick });
      return true;
    }
    if (!this.#congested) this.#overrun = true;
    this.#congested = true;
    return false;
  }

  /** Each receive fails from now on. */
  break(): void {
    this.#broken = true;
  }

  receive(): number {
    this.#hooks.preempt();
    if (this.#broken) {
      this.#hooks.onBroken();
      throw new SystemError("recv", EIO);
    }
    const length = this.#take();
    if (this.#queue.length === 0) this.#congested = false;
    return length;
  }

  [Symbol.dispose](): void {
    this.#hooks.onDispose();
  }

  #take(): number {
    if (this.#overrun) {
      this.#overrun = false;
      return RECEIVED.OVERRUN;
    }
    const queued = this.#queue.shift();
    if (queued === undefined) return RECEIVED.EMPTY;
    const { datagram, tick } = queued;
    this.#hooks.onRead(tick);
    if (typeof datagram === "number") return datagram;
    this.buffer = wrapDatagram(datagram);
    return datagram.length;
  }
}

import { errno } from "../../ffi/errno.ts";
import {
  bind,
  close,
  connect,
  discardAll,
  getsockopt,
  recv,
  recvfrom,
  send,
  setsockopt,
  socket,
  SystemError,
} from "../../ffi/libc.ts";
import { NETLINK_NO_ENOBUFS, NETLINK_ROUTE, sockaddr_nl, SOL_NETLINK } from "../../ffi/linux/netlink.ts";
import {
  AF_NETLINK,
  MSG_DONTWAIT,
  MSG_TRUNC,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_SOCKET,
} from "../../ffi/sys/socket.ts";
import { type DatagramBuffer, datagramBuffer, LITTLE_ENDIAN } from "./message.ts";
import { adopt, type Adopted } from "./poll.ts";

/** What receive() says instead of a length. */
export const RECEIVED = {
  /** Nothing is queued. */
  EMPTY: -1,
  /** The kernel dropped messages for want of room (ENOBUFS); what is still queued is older than the loss. */
  OVERRUN: -2,
  /** The sender was another process, not the kernel. */
  FOREIGN: -3,
  /** The datagram was longer than the buffer. */
  TRUNCATED: -4,
} as const;

/** Something datagrams of the kernel are received from, one at a time, into its buffer. */
export interface DatagramReceiver extends Disposable {
  readonly buffer: DatagramBuffer;
  /** The length of the datagram now in the buffer, or one of RECEIVED. Throws SystemError for a broken socket. */
  receive(): number;
}

/** A receiver that also takes requests to the kernel. */
export interface RequestChannel extends DatagramReceiver {
  /** Sends one request. Throws SystemError. */
  request(message: Uint8Array): void;
}

/** A receiver that tells when there is something to receive. */
export interface Subscription extends DatagramReceiver {
  /** What the kernel grants for queued messages, in bytes as it accounts them; 0 where there is no such limit. */
  readonly receiveBufferBytes: number;
  /** When the datagram in the buffer was recorded, in milliseconds since 1970; undefined for one that was received just now. */
  readonly wallMs?: number | undefined;
}

/** Twice the largest piece of a dump (32 KiB), so that only a broken sender is truncated. */
const BUFFER_BYTES = 65_536;

/** Connected to the kernel, so what another process sends to this socket alone is refused (ECONNREFUSED there). */
function openRoute(groups: number): number {
  const fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
  try {
    bind(fd, encodeSockaddrNl(groups));
    connect(fd, encodeSockaddrNl(0));
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

function encodeSockaddrNl(groups: number): Uint8Array {
  const address = new Uint8Array(sockaddr_nl.size);
  const view = new DataView(address.buffer);
  view.setUint16(sockaddr_nl.offset.nl_family, AF_NETLINK, LITTLE_ENDIAN);
  view.setUint32(sockaddr_nl.offset.nl_groups, groups, LITTLE_ENDIAN);
  return address;
}

/** The outcome of a receive that libc answered with a length or a negated error number. */
function outcome(result: number, buffer: DatagramBuffer): number {
  if (result >= 0) return result > buffer.bytes.length ? RECEIVED.TRUNCATED : result;
  if (result === -errno.EAGAIN) return RECEIVED.EMPTY;
  if (result === -errno.ENOBUFS || result === -errno.ENOMEM) return RECEIVED.OVERRUN;
  throw new SystemError("recv", -result);
}

/** Asks for room for `bytes` of queued messages, past net.core.rmem_max where CAP_NET_ADMIN allows it. */
function setReceiveBuffer(fd: number, bytes: number): void {
  try {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes);
  } catch {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, bytes);
  }
}

/**
 * Joins multicast groups of NETLINK_ROUTE with two sockets, and calls `wake` when there is something to receive.
 *
 * Bun's event loop reads the sockets it watches itself, and cannot tell the sender; but any process with CAP_NET_ADMIN
 * can send to these groups, connected socket or not. So Bun watches only a bell: a member of the same groups whose
 * content nobody looks at and whose overruns do not matter (NETLINK_NO_ENOBUFS). The kernel delivers to the member
 * that joined last first, so when the bell rings the message is in the socket that we read, with its sender. No
 * filter makes the bell's copy shorter: the kernel may give a socket the message itself, and others then a copy of that.
 */
export class GroupSocket implements Subscription {
  readonly buffer = datagramBuffer(BUFFER_BYTES);
  readonly receiveBufferBytes: number;
  readonly #fd: number;
  readonly #bell: Adopted;
  readonly #bellFd: number;
  /** Calls of receive() since the bell rang. */
  #looks = 0;
  readonly #sender = new Uint8Array(sockaddr_nl.size);
  readonly #senderView = new DataView(this.#sender.buffer);
  readonly #senderLength = new Uint32Array(1);

  /** Throws SystemError. */
  constructor(groups: number, receiveBufferBytes: number, wake: () => void) {
    const bell = openRoute(groups);
    try {
      setReceiveBuffer(bell, receiveBufferBytes);
      setsockopt(bell, SOL_NETLINK, NETLINK_NO_ENOBUFS, 1);
      this.#fd = openRoute(groups);
    } catch (error) {
      close(bell);
      throw error;
    }
    setReceiveBuffer(this.#fd, receiveBufferBytes);
    this.receiveBufferBytes = getsockopt(this.#fd, SOL_SOCKET, SO_RCVBUF);
    this.#bellFd = bell;
    this.#bell = adopt(bell, () => {
      this.#looks = 0;
      wake();
    });
  }

  receive(): number {
    // The second look after a ring answers every ring so far; the first one is not kept waiting for that.
    if (++this.#looks === 2) discardAll(this.#bellFd);
    const result = recvfrom(this.#fd, this.buffer.bytes, MSG_DONTWAIT | MSG_TRUNC, this.#sender, this.#senderLength);
    if (result >= 0 && this.#senderView.getUint32(sockaddr_nl.offset.nl_pid, LITTLE_ENDIAN) !== 0) {
      return RECEIVED.FOREIGN;
    }
    return outcome(result, this.buffer);
  }

  [Symbol.dispose](): void {
    this.#bell[Symbol.dispose]();
    close(this.#fd);
  }
}

/** A NETLINK_ROUTE socket for requests and their answers. */
export class RequestSocket implements RequestChannel {
  readonly buffer = datagramBuffer(BUFFER_BYTES);
  /** Throws SystemError to whoever makes one. */
  readonly #fd = openRoute(0);

  request(message: Uint8Array): void {
    send(this.#fd, message, 0);
  }

  receive(): number {
    return outcome(recv(this.#fd, this.buffer.bytes, MSG_DONTWAIT | MSG_TRUNC), this.buffer);
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}

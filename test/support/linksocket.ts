import type { FdSocketOptions, Socket } from "bun";

import { errno } from "../../ffi/errno.ts";
import { bind, close, recv, send, setsockopt, socket, SystemError } from "../../ffi/libc.ts";
import { NETLINK_ROUTE } from "../../ffi/linux/netlink.ts";
import { RTMGRP_LINK } from "../../ffi/linux/rtnetlink.ts";
import {
  AF_NETLINK,
  MSG_DONTWAIT,
  SO_RCVBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_SOCKET,
} from "../../ffi/sys/socket.ts";
import { inNamespace } from "./innamespace.ts";
import { decodeDatagram, encodeDump, type LinkNotice } from "./linkmessage.ts";
import { Namespace } from "./namespace.ts";

/** Room for the notifications of some 100 000 changes, so that a test's own ears do not overrun. */
const RECEIVE_BUFFER = 512 << 20;
const datagram = Buffer.alloc(1 << 17);

function openSocket(groups: number, namespace: Namespace): number {
  return inNamespace(namespace, () => {
    const fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF_NETLINK, 0);
    address.writeUInt32LE(groups, 8);
    bind(fd, address);
    return fd;
  });
}

/** The next queued datagram as a copy; undefined when there is none. */
function receive(fd: number): Buffer | undefined {
  const length = recv(fd, datagram, MSG_DONTWAIT);
  if (length === -errno.EAGAIN) return undefined;
  if (length < 0) throw new SystemError("recv", -length);
  return Buffer.from(datagram.subarray(0, length));
}

/** Changes links by raw rtnetlink requests: the fastest way to make the kernel speak. A request takes effect before it returns. */
export class LinkSocket implements Disposable {
  readonly #fd: number;

  constructor(namespace: Namespace = Namespace.current) {
    this.#fd = openSocket(0, namespace);
  }

  /** Sends one request or several in a row; refusals are queued for refusals(). */
  send(requests: Uint8Array): void {
    send(this.#fd, requests, 0);
  }

  /** The error numbers of refused requests since the last call. */
  refusals(): number[] {
    const refused: number[] = [];
    for (let answer = receive(this.#fd); answer; answer = receive(this.#fd)) {
      for (const message of decodeDatagram(answer)) {
        if (message.type === "end" && message.errno !== 0) refused.push(message.errno);
      }
    }
    return refused;
  }

  /** All links by name, as the kernel says now. */
  dump(): Map<string, LinkNotice> {
    this.refusals();
    const links = new Map<string, LinkNotice>();
    send(this.#fd, encodeDump(), 0);
    for (;;) {
      // The kernel has the next part ready when the one before is read.
      const part = receive(this.#fd);
      if (!part) throw new Error("a dump of links ends without NLMSG_DONE");
      for (const message of decodeDatagram(part)) {
        if (message.type === "new") links.set(message.ifname, message);
        if (message.type === "end") return links;
      }
    }
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}

/** Listens to the kernel's link notifications beside the daemon, and stamps them. */
export class LinkWatch implements Disposable {
  readonly #fd: number;
  readonly #onNotice: (notice: LinkNotice, atMs: number) => void;
  #socket: Socket | undefined;
  #disposed = false;

  /** `onNotice` is called for each, with performance.now() when it was received. */
  constructor(
    onNotice: (notice: LinkNotice, atMs: number) => void,
    namespace: Namespace = Namespace.current,
    receiveBuffer = RECEIVE_BUFFER,
  ) {
    this.#onNotice = onNotice;
    this.#fd = openSocket(RTMGRP_LINK, namespace);
    try {
      setsockopt(this.#fd, SOL_SOCKET, SO_RCVBUFFORCE, receiveBuffer);
    } catch {
      // In a user namespace the default size must do.
    }
    // Bun.connect takes a descriptor, but its overloads do not say so.
    const connect = Bun.connect as unknown as (options: FdSocketOptions<undefined>) => Promise<Socket>;
    const data = (_: Socket, chunk: Buffer) => {
      this.#see(chunk);
      this.poll();
    };
    const close = () => {
      this.#socket = undefined;
    };
    void connect({ fd: this.#fd, socket: { data, close } }).then((opened) => {
      if (this.#disposed) opened.terminate();
      else this.#socket = opened;
    });
  }

  /** Takes what is queued now, without waiting for the event loop: after a request, its notifications are. */
  poll(): void {
    for (let queued = receive(this.#fd); queued; queued = receive(this.#fd)) this.#see(queued);
  }

  #see(bytes: Buffer): void {
    const atMs = performance.now();
    for (const message of decodeDatagram(bytes)) if (message.type !== "end") this.#onNotice(message, atMs);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#socket?.terminate();
  }
}

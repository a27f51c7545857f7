import { closeSync, openSync } from "node:fs";

import { bind, close, enterNetworkNamespace, sendto, socket } from "../../ffi/libc.ts";
import { NETLINK_ROUTE } from "../../ffi/linux/netlink.ts";
import { RTM_DELLINK, RTM_NEWLINK, RTMGRP_LINK } from "../../ffi/linux/rtnetlink.ts";
import { AF_NETLINK, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW } from "../../ffi/sys/socket.ts";
import { encodeMessage } from "../../src/netlink/message.ts";
import { encodeLink, type Link } from "../../src/rtnetlink/link.ts";
import type { Namespace } from "../support/namespace.ts";

/** A process that is not the kernel and sends link messages all the same, as one with CAP_NET_ADMIN can. */
export class ForeignSender implements Disposable {
  readonly #fd: number;

  constructor(namespace: Namespace) {
    const home = openSync("/proc/self/ns/net", "r");
    try {
      enterNetworkNamespace(namespace.path);
      this.#fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
      bind(this.#fd, address(0, 0));
    } finally {
      enterNetworkNamespace(`/proc/self/fd/${home}`);
      closeSync(home);
    }
  }

  /**
   * Tells all members of the link group, or with `portId` one socket alone, of a link that the kernel does not have so;
   * returns whether that one took it.
   */
  send(kind: "new" | "del", link: Omit<Link, "address">, portId?: number): boolean {
    const message = encodeMessage(kind === "new" ? RTM_NEWLINK : RTM_DELLINK, 0, 0, encodeLink(link));
    try {
      sendto(this.#fd, message, 0, portId === undefined ? address(0, RTMGRP_LINK) : address(portId, 0));
      return true;
    } catch (error) {
      // The copy for the kernel itself, or for a receiver whose queue is full.
      if (!/ECONNREFUSED|EAGAIN|ENOBUFS/.test(String(error))) throw error;
      return false;
    }
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}

function address(portId: number, groups: number): Uint8Array {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16LE(AF_NETLINK, 0);
  bytes.writeUInt32LE(portId, 4);
  bytes.writeUInt32LE(groups, 8);
  return bytes;
}

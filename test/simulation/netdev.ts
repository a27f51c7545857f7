import { IFF } from "../../ffi/linux/if.ts";
import { AF_BRIDGE, AF_UNSPEC } from "../../ffi/sys/socket.ts";
import type { Link } from "../../src/rtnetlink/link.ts";

/** A netdev from its making to its end: another one with the same name or ifindex is another object. */
export interface Netdev {
  ifindex: number;
  name: string;
  up: boolean;
  carrier: boolean;
  mtu: number;
  /** The ifindex of its bridge or team, 0 without one. */
  master: number;
  readonly kind: string;
}

/** ifi_flags of a netdev. */
export function flagsOf({ up, carrier }: Netdev): number {
  return IFF.BROADCAST | (up ? IFF.UP : 0) | (up && carrier ? IFF.RUNNING | IFF.LOWER_UP : 0);
}

/** What the kernel says of a netdev. */
export function linkOf(netdev: Netdev): Omit<Link, "address"> {
  const { ifindex, name, mtu, master, kind } = netdev;
  return { ifindex, family: AF_UNSPEC, flags: flagsOf(netdev), name, mtu, master, kind };
}

/** What a bridge says of its member: without IFLA_LINKINFO. */
export function bridgeLinkOf(netdev: Netdev, master: number): Omit<Link, "address"> {
  return { ...linkOf(netdev), family: AF_BRIDGE, master, kind: "" };
}

import { RTM_DELLINK, RTM_NEWLINK } from "../../ffi/linux/rtnetlink.ts";
import { encodeMessage } from "../../src/netlink/message.ts";
import { encodeLink, type Link } from "../../src/rtnetlink/link.ts";
import type { GroupMember, Queued } from "./linksocket.ts";
import { bridgeLinkOf, linkOf, type Netdev } from "./netdev.ts";

/** The ifindex of the bridge that ports become members of, and of the team. */
export const BRIDGE_IFINDEX = 2;
export const TEAM_IFINDEX = 3;

/** ifi_change of what is announced for the first time. */
const EVERYTHING = 0xffffffff;
const FIRST_MTU = 9100;

/** Who wants to know what is true in the kernel. */
export interface KernelObserver {
  /** The netdev got this name, or lost it. */
  onName(name: string, netdev: Netdev | undefined): void;
  /** The netdev's state may have changed. */
  onState(netdev: Netdev): void;
  /** The end of the netdev could not be queued for a member. */
  onLostEnd(netdev: Netdev): void;
  /** A message could not be queued, or was. */
  onDelivery(delivered: boolean, netdev: Netdev | undefined): void;
  /** Now, in the order of events. */
  tick(): number;
  /** Something happened. */
  tell(what: () => string): void;
}

/** The netdevs of a network namespace, and the messages that say what becomes of them, as the kernel sends them. */
export class Kernel {
  readonly netdevs = new Map<number, Netdev>();
  readonly #observer: KernelObserver;
  readonly #members = new Map<GroupMember, () => void>();
  /** Netdevs in another namespace, by name. */
  readonly #away = new Map<string, Netdev>();
  #nextIfindex = 10;
  /** Changes whenever a netdev comes or goes (dev_base_seq). */
  baseSequence = 1;
  /** What happens to the next message on its way: it is silently lost, or it is one of RECEIVED instead. */
  nextMessage: "lost" | number | undefined;

  constructor(observer: KernelObserver) {
    this.#observer = observer;
  }

  /** The netdev of that name. */
  find(name: string): Netdev | undefined {
    for (const netdev of this.netdevs.values()) if (netdev.name === name) return netdev;
    return undefined;
  }

  /** Makes the socket a member of the group; `ring` is called for each message. */
  join(member: GroupMember, ring: () => void): void {
    this.#members.set(member, ring);
  }

  leave(member: GroupMember): void {
    this.#members.delete(member);
  }

  /** Makes a netdev, unless the name or the ifindex is taken. */
  add(name: string, kind: string, ifindex = this.#nextIfindex): Netdev | undefined {
    if (this.netdevs.has(ifindex) || this.find(name)) return undefined;
    const netdev = { ifindex, name, up: false, carrier: false, mtu: FIRST_MTU, master: 0, kind };
    this.#nextIfindex = Math.max(this.#nextIfindex, ifindex + 1);
    this.#appear(netdev);
    return netdev;
  }

  /** Ends a netdev: it goes down and leaves its master first. */
  delete(netdev: Netdev): void {
    if (netdev.up) this.change(netdev, { up: false });
    this.release(netdev);
    this.#vanish(netdev);
  }

  change(netdev: Netdev, changes: Partial<Pick<Netdev, "up" | "carrier" | "mtu">>): void {
    Object.assign(netdev, changes);
    this.#observer.onState(netdev);
    this.#announce(RTM_NEWLINK, linkOf(netdev), netdev);
    if (netdev.master === BRIDGE_IFINDEX) this.#announce(RTM_NEWLINK, bridgeLinkOf(netdev, netdev.master), netdev);
  }

  /** Gives it another name, unless that is taken. */
  rename(netdev: Netdev, name: string): void {
    if (this.find(name)) return;
    this.#observer.onName(netdev.name, undefined);
    netdev.name = name;
    this.#observer.onName(name, netdev);
    this.#announce(RTM_NEWLINK, linkOf(netdev), netdev);
  }

  /** Makes it a member of the bridge or the team. */
  enslave(netdev: Netdev, master: number): void {
    if (netdev.master !== 0) return;
    netdev.master = master;
    this.#announce(RTM_NEWLINK, linkOf(netdev), netdev);
    if (master === BRIDGE_IFINDEX) this.#announce(RTM_NEWLINK, bridgeLinkOf(netdev, master), netdev);
  }

  /** Ends its membership: a bridge says so with a DELLINK that is not the netdev's end. */
  release(netdev: Netdev): void {
    const { master } = netdev;
    if (master === 0) return;
    if (master === BRIDGE_IFINDEX) this.#announce(RTM_DELLINK, bridgeLinkOf(netdev, master), netdev);
    netdev.master = 0;
    this.#announce(RTM_NEWLINK, linkOf(netdev), netdev);
  }

  /** Moves it to another namespace. */
  sendAway(netdev: Netdev): void {
    if (netdev.up) this.change(netdev, { up: false });
    this.release(netdev);
    this.#vanish(netdev);
    this.#away.set(netdev.name, netdev);
  }

  /** Moves it back, with its ifindex if that is free. */
  bringBack(name: string): void {
    const netdev = this.#away.get(name);
    if (!netdev || this.find(name) || this.netdevs.has(netdev.ifindex)) return;
    this.#away.delete(name);
    this.#appear({ ...netdev });
  }

  /** Sends something to all members. */
  multicast(datagram: Queued, netdev?: Netdev, isEnd = false): void {
    const fate = this.nextMessage;
    this.nextMessage = undefined;
    for (const [member, ring] of this.#members) {
      const delivered = fate !== "lost" && member.deliver(fate ?? datagram, this.#observer.tick());
      const isWhole = delivered && fate === undefined;
      this.#observer.onDelivery(isWhole, netdev);
      if (isEnd && netdev && !isWhole) this.#observer.onLostEnd(netdev);
      ring();
    }
  }

  /** Rings without a message. */
  ring(): void {
    for (const ring of this.#members.values()) ring();
  }

  #appear(netdev: Netdev): void {
    this.netdevs.set(netdev.ifindex, netdev);
    this.baseSequence++;
    this.#observer.onName(netdev.name, netdev);
    this.#announce(RTM_NEWLINK, { ...linkOf(netdev), change: EVERYTHING }, netdev);
  }

  #vanish(netdev: Netdev): void {
    this.netdevs.delete(netdev.ifindex);
    this.baseSequence++;
    this.#observer.onName(netdev.name, undefined);
    this.#announce(RTM_DELLINK, linkOf(netdev), netdev);
  }

  #announce(type: number, link: Omit<Link, "address"> & { change?: number }, netdev: Netdev): void {
    this.#observer.tell(() => `kernel: ${type === RTM_NEWLINK ? "new" : "del"} ${JSON.stringify(link)}`);
    const isEnd = type === RTM_DELLINK && link.master === 0;
    this.multicast(encodeMessage(type, 0, 0, encodeLink(link)), netdev, isEnd);
  }
}

import { IFF } from "../../ffi/linux/if.ts";
import { getLog } from "../log/logger.ts";
import type { Link } from "../rtnetlink/link.ts";
import type { Cause, LinkEvent } from "../rtnetlink/monitor.ts";
import { decodeName } from "../util/ifname.ts";
import { type PortState, sameState } from "./state.ts";

/** Names that are ports of the switch (rule 11). */
const FRONT_PANEL = "Ethernet";
const LAG = "PortChannel";
/** IFLA_INFO_KIND of a LAG's master (rule 14). */
const TEAM = "team";

const log = getLog("linksync");

/** Which netdevs are ports, and which of them are published. */
export interface PortRules {
  /** True for the name of a port. */
  isPort(name: string): boolean;
  /** True when a port may be published now (rule 18). */
  isAdmitted(name: string): boolean;
  /** Netdevs that are older than this start are not ports (rules 8c, 16): cold starts, but for switch_type dpu. */
  readonly ignoreOld: boolean;
}

/** Where the states of ports go. */
export interface PortSink {
  /** The port is to be published with this state. */
  set(name: string, state: PortState, cause: Cause): void;
  /** The port is gone: its whole row is to be deleted if it was published. */
  remove(name: string, cause: Cause): void;
  /** What is published of the port stays as it is. */
  freeze(name: string): void;
}

/** True for a name that is a port on a switch (rule 11): a prefix of bytes, in this case. */
export function isSwitchPort(name: string): boolean {
  return name.startsWith(FRONT_PANEL) || name.startsWith(LAG);
}

interface Port {
  readonly ifindex: number;
  readonly state: PortState;
}

/** Turns link events into states of ports, by the rules of the contract (10 to 20). Pure: no I/O, no clock. */
export class LinkSync {
  readonly #rules: PortRules;
  readonly #sink: PortSink;
  /** Netdevs that were there before this start, by ifindex; an entry ends with its netdev. */
  readonly #old = new Map<number, string>();
  readonly #ports = new Map<string, Port>();
  readonly #names = new Map<number, string>();
  #startup: boolean;

  constructor(rules: PortRules, sink: PortSink) {
    this.#rules = rules;
    this.#sink = sink;
    this.#startup = rules.ignoreOld;
  }

  /** Ends the time in which every netdev counts as old (rule 8c). */
  endStartup(): void {
    this.#startup = false;
  }

  /** Netdevs that are older than this start, by ifindex. */
  get old(): ReadonlyMap<number, string> {
    return this.#old;
  }

  /** Names of the netdevs that are ports, published or not. */
  get ports(): ReadonlySet<string> {
    return new Set(this.#ports.keys());
  }

  /** What the kernel says of a port, published or not; undefined without a netdev. */
  state(name: string): PortState | undefined {
    return this.#ports.get(name)?.state;
  }

  /** Takes in what the kernel said of a link. */
  onLink({ kind, link, cause }: LinkEvent): void {
    if (log.has("debug")) {
      const { ifindex, flags, master } = link;
      const properties = { kind, name: decodeName(link.name), ifindex, flags, master, cause };
      log.debug("{kind} {name} ifindex:{ifindex} flags:{flags} master:{master} by {cause}", properties);
    }
    if (kind === "del") this.#delete(link, cause);
    else this.#update(link, cause);
  }

  /** The port may be published from now on: what the kernel says of it is (rule 18, made better). */
  admit(name: string): void {
    const port = this.#ports.get(name);
    if (port) this.#sink.set(name, port.state, "event");
  }

  /** The port may not be published any more: its row freezes until its netdev goes (contract section 9). */
  revoke(name: string): void {
    if (this.#ports.has(name)) this.#sink.freeze(name);
  }

  #update(link: Link, cause: Cause): void {
    const before = this.#names.get(link.ifindex);
    if (before !== undefined && before !== link.name) this.#release(link.ifindex, before, cause);
    if (this.#isOld(link, cause)) return;
    if (link.kind === TEAM || !this.#rules.isPort(link.name)) return;
    const state = {
      admin: (link.flags & IFF.UP) !== 0,
      oper: (link.flags & IFF.RUNNING) !== 0,
      mtu: link.mtu ?? 0,
    };
    const owner = this.#ports.get(link.name);
    // The name is another netdev's now: readers see its end, as if each message had come.
    if (owner && owner.ifindex !== link.ifindex) this.#sink.remove(link.name, cause);
    else if (owner && cause !== "event" && sameState(owner.state, state)) return; // a dump says again what is known
    this.#names.set(link.ifindex, link.name);
    this.#ports.set(link.name, { ifindex: link.ifindex, state });
    if (this.#rules.isAdmitted(link.name)) this.#sink.set(link.name, state, cause);
    else log.info("{port} is not in APPL_DB yet, so it is not published", { port: decodeName(link.name) });
  }

  /** What only the first dump tells of was there before the group was joined, however late that dump comes. */
  #isOld(link: Link, cause: Cause): boolean {
    const early = this.#startup || (this.#rules.ignoreOld && cause === "dump" && !this.#names.has(link.ifindex));
    if (early && link.name.startsWith(FRONT_PANEL)) this.#old.set(link.ifindex, link.name);
    return this.#old.has(link.ifindex);
  }

  #delete(link: Link, cause: Cause): void {
    this.#old.delete(link.ifindex);
    const name = this.#names.get(link.ifindex);
    if (name !== undefined) this.#release(link.ifindex, name, cause);
  }

  /** The netdev does not have this name any more; if another has taken it over, that one keeps the row. */
  #release(ifindex: number, name: string, cause: Cause): void {
    this.#names.delete(ifindex);
    if (this.#ports.get(name)?.ifindex !== ifindex) return;
    this.#ports.delete(name);
    this.#sink.remove(name, cause);
  }
}

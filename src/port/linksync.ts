import { IFF } from "../../ffi/linux/if.ts";
import { getLog } from "../log/logger.ts";
import type { Link } from "../rtnetlink/link.ts";
import type { LinkEvent } from "../rtnetlink/monitor.ts";
import type { PortState } from "./state.ts";

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
  set(name: string, state: PortState): void;
  /** The port is gone: its whole row is to be deleted if it was published. */
  remove(name: string): void;
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

  /** Ends the time in which every netdev counts as old; returns those that do, by ifindex (rule 8c). */
  endStartup(): ReadonlyMap<number, string> {
    this.#startup = false;
    return this.#old;
  }

  /** The number of netdevs that are ports, published or not. */
  get portCount(): number {
    return this.#ports.size;
  }

  /** Names of netdevs that are ports but may not be published. */
  unadmitted(): string[] {
    return [...this.#ports.keys()].filter((name) => !this.#rules.isAdmitted(name));
  }

  /** Takes in what the kernel said of a link. */
  onLink({ kind, link, cause }: LinkEvent): void {
    const { name, ifindex, flags, master } = link;
    log.debug("{kind} {name} ifindex:{ifindex} flags:{flags} master:{master} by {cause}", {
      kind,
      name,
      ifindex,
      flags,
      master,
      cause,
    });
    if (kind === "del") this.#delete(link);
    else this.#update(link);
  }

  /** The port may be published from now on: what the kernel says of it is (rule 18, made better). */
  admit(name: string): void {
    const port = this.#ports.get(name);
    if (port) this.#sink.set(name, port.state);
  }

  /** The port may not be published any more: its row freezes until its netdev goes (contract section 9). */
  revoke(name: string): void {
    if (this.#ports.has(name)) this.#sink.freeze(name);
  }

  #update(link: Link): void {
    const before = this.#names.get(link.ifindex);
    if (before !== undefined && before !== link.name) this.#release(link.ifindex, before);
    if (this.#isOld(link)) return;
    if (link.kind === TEAM || !this.#rules.isPort(link.name)) return;
    const state = {
      admin: (link.flags & IFF.UP) !== 0,
      oper: (link.flags & IFF.RUNNING) !== 0,
      mtu: link.mtu ?? 0,
    };
    this.#names.set(link.ifindex, link.name);
    this.#ports.set(link.name, { ifindex: link.ifindex, state });
    if (this.#rules.isAdmitted(link.name)) this.#sink.set(link.name, state);
    else log.info("{port} is not in APPL_DB yet, so it is not published", { port: link.name });
  }

  #isOld(link: Link): boolean {
    if (this.#startup && link.name.startsWith(FRONT_PANEL)) this.#old.set(link.ifindex, link.name);
    return this.#old.has(link.ifindex);
  }

  #delete(link: Link): void {
    this.#old.delete(link.ifindex);
    const name = this.#names.get(link.ifindex);
    if (name !== undefined) this.#release(link.ifindex, name);
  }

  /** The netdev does not have this name any more; if another has taken it over, that one keeps the row. */
  #release(ifindex: number, name: string): void {
    this.#names.delete(ifindex);
    if (this.#ports.get(name)?.ifindex !== ifindex) return;
    this.#ports.delete(name);
    this.#sink.remove(name);
  }
}

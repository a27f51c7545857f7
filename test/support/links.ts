import { type WaitOptions, waitUntil } from "./deadline.ts";
import { Namespace } from "./namespace.ts";

/** A network interface as `ip -j -d link` reports it; absent values are null. */
export interface LinkRow {
  readonly ifindex: number;
  readonly ifname: string;
  /** As ip spells them, without RUNNING, which it prints as the absence of NO-CARRIER. */
  readonly flags: readonly string[];
  readonly admin: "up" | "down";
  /** IFF_RUNNING. */
  readonly oper: "up" | "down";
  readonly mtu: number;
  readonly master: string | null;
  readonly kind: string | null;
  readonly address: string | null;
}

/** All interfaces of a namespace by name. */
export type LinkTable = ReadonlyMap<string, LinkRow>;

interface IpLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly master?: string;
  readonly address?: string;
  readonly linkinfo?: { readonly info_kind?: string };
}

/** The name of the other end of a port's veth pair: `p4` for Ethernet4. It fits in IFNAMSIZ for every port name. */
export function farEnd(port: string): string {
  return `p${port.replace(/^Ethernet/, "").replace(/^PortChannel/, "c")}`.slice(0, 15);
}

/** `count` port names as switches with four lanes a port have them: Ethernet0, Ethernet4, ... */
export function portNames(count: number, lanes = 4): string[] {
  return Array.from({ length: count }, (_, i) => `Ethernet${i * lanes}`);
}

/** Makes and changes the links of a namespace with ip(8), many at a time. Ports are veth pairs. */
export class Links {
  constructor(readonly namespace: Namespace) {}

  /** Runs lines of ip(8) in one process; throws with what ip says of the first that fails. */
  async batch(lines: readonly string[]): Promise<void> {
    if (lines.length > 0) await this.namespace.run(["ip", "-batch", "-"], { input: `${lines.join("\n")}\n` });
  }

  /** Adds ports; `carrier` raises the far end, `up` the port itself. */
  async add(
    ports: readonly string[],
    options: { readonly up?: boolean; readonly carrier?: boolean; readonly mtu?: number } = {},
  ): Promise<void> {
    const { up = false, carrier = false, mtu } = options;
    const size = mtu === undefined ? "" : `mtu ${mtu} `;
    await this.batch([
      ...ports.map((port) => `link add ${port} ${size}type veth peer name ${farEnd(port)} ${size}`),
      ...(carrier ? ports.map((port) => `link set ${farEnd(port)} up`) : []),
      ...(up ? ports.map((port) => `link set ${port} up`) : []),
    ]);
  }

  /** Adds a bridge. */
  async addBridge(name: string): Promise<void> {
    await this.batch([`link add ${name} type bridge`]);
  }

  /** Sets IFF_UP. */
  async up(...names: readonly string[]): Promise<void> {
    await this.batch(names.map((name) => `link set ${name} up`));
  }

  /** Clears IFF_UP. */
  async down(...names: readonly string[]): Promise<void> {
    await this.batch(names.map((name) => `link set ${name} down`));
  }

  /** Sets the MTU. */
  async mtu(mtu: number, ...names: readonly string[]): Promise<void> {
    await this.batch(names.map((name) => `link set ${name} mtu ${mtu}`));
  }

  /** Gives carrier to ports or takes it, through their far ends. */
  async carrier(on: boolean, ...ports: readonly string[]): Promise<void> {
    await this.batch(ports.map((port) => `link set ${farEnd(port)} ${on ? "up" : "down"}`));
  }

  /** Deletes links; a port takes its far end along. */
  async delete(...names: readonly string[]): Promise<void> {
    await this.batch(names.map((name) => `link del ${name}`));
  }

  /** Renames a link. */
  async rename(from: string, to: string): Promise<void> {
    await this.batch([`link set ${from} name ${to}`]);
  }

  /** Enslaves a link, or frees it. */
  async master(name: string, master: string | null): Promise<void> {
    await this.batch([master === null ? `link set ${name} nomaster` : `link set ${name} master ${master}`]);
  }

  /** Moves a link to another namespace, where it keeps its name and, if it is free there, its ifindex. Needs root. */
  async move(name: string, to: Namespace): Promise<void> {
    await this.batch([`link set ${name} netns ${to.path}`]);
  }

  /** What the kernel says now. */
  async table(): Promise<LinkTable> {
    const rows = JSON.parse(await this.namespace.run(["ip", "-j", "-d", "link"])) as readonly IpLink[];
    return new Map(rows.map((row) => [row.ifname, linkRow(row)]));
  }

  /** Waits until the links are as the test says. */
  async waitFor(what: string, holds: (links: LinkTable) => boolean, options: WaitOptions = {}): Promise<LinkTable> {
    let last: LinkTable = new Map();
    const probe = async () => {
      last = await this.table();
      return holds(last) && last;
    };
    return waitUntil(what, probe, { everyMs: 20, seen: () => [...last.values()], ...options });
  }
}

function linkRow(row: IpLink): LinkRow {
  const up = row.flags.includes("UP");
  return {
    ifindex: row.ifindex,
    ifname: row.ifname,
    flags: row.flags,
    admin: up ? "up" : "down",
    oper: up && !row.flags.includes("NO-CARRIER") ? "up" : "down",
    mtu: row.mtu,
    master: row.master ?? null,
    kind: row.linkinfo?.info_kind ?? null,
    address: row.address ?? null,
  };
}

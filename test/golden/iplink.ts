import { IFF } from "../../ffi/linux/if.ts";
import type { Link } from "../../src/rtnetlink/link.ts";

/** Of a link in the output of `ip -j -d link`, what a golden packet is compared with. */
export interface IpLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly master?: string | undefined;
  readonly address?: string | undefined;
  readonly info_kind?: string | undefined;
}

/** What ip prints among the flags without being one. */
const NO_FLAGS: ReadonlySet<string> = new Set(["NO-CARRIER", "M-DOWN"]);

/** The links in the output of `ip -j -d link`, which has to be read as latin1. */
export function parseIpLinks(json: string): IpLink[] {
  const rows = JSON.parse(json) as readonly (IpLink & { readonly linkinfo?: { readonly info_kind?: string } })[];
  return rows.map(({ ifindex, ifname, flags, mtu, master, address, linkinfo }) => ({
    ifindex,
    ifname,
    flags,
    mtu,
    master,
    address,
    info_kind: linkinfo?.info_kind,
  }));
}

/** The ifi_flags that ip printed. It leaves IFF_RUNNING out, and writes NO-CARRIER where a link is up without it. */
export function parseFlags(words: readonly string[]): number {
  let flags = words.includes("UP") && !words.includes("NO-CARRIER") ? IFF.RUNNING : 0;
  for (const word of words) {
    if (NO_FLAGS.has(word)) continue;
    const bit = IFF[word.replaceAll("-", "_") as keyof typeof IFF];
    if (bit === undefined) throw new Error(`ip(8) printed a flag that is not known here: ${word}`);
    flags |= bit;
  }
  return flags;
}

/** A link as decodeLink has to give it, from what ip printed of it and of all links. */
export function expectedLink(row: IpLink, all: readonly IpLink[]): Link {
  const master = all.find(({ ifname }) => ifname === row.master);
  if (row.master !== undefined && !master) throw new Error(`${row.ifname} has an unknown master ${row.master}`);
  return {
    ifindex: row.ifindex,
    family: 0,
    flags: parseFlags(row.flags),
    name: row.ifname,
    mtu: row.mtu,
    master: master?.ifindex ?? 0,
    kind: row.info_kind ?? "",
    address: row.address ?? "",
  };
}

import type { DecodeReason } from "../../src/netlink/error.ts";
import type { Link } from "../../src/rtnetlink/link.ts";

/** What one message of a datagram says, or what is wrong with it; after `malformed` nothing of the datagram follows. */
export type Said =
  | { readonly what: "new" | "del"; readonly link: Link; readonly registered: boolean }
  | { readonly what: "other" }
  | { readonly what: "undecoded"; readonly reason: DecodeReason }
  | { readonly what: "malformed"; readonly reason: DecodeReason };

/** What cannot be decoded, by the reason for which it has to be counted. */
class Refusal extends Error {
  constructor(readonly reason: DecodeReason) {
    super(reason);
  }
}

// linux/netlink.h: nlmsghdr is nlmsg_len u32, nlmsg_type u16, nlmsg_flags u16, nlmsg_seq u32, nlmsg_pid u32.
// linux/rtnetlink.h: ifinfomsg is ifi_family u8, a pad, ifi_type u16, ifi_index i32, ifi_flags u32, ifi_change u32.
const [NLMSG_HDRLEN, IFINFOMSG, RTA_HDRLEN, ALIGNTO] = [16, 16, 4, 4];
const [RTM_NEWLINK, RTM_DELLINK] = [16, 17];
const [IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_MASTER, IFLA_LINKINFO, IFLA_INFO_KIND] = [1, 3, 4, 10, 18, 1];
/** The type without NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const NLA_TYPES = 1 << 14;
/** With the NUL, so a name has 15 bytes at most. */
const IFNAMSIZ = 16;
const ALL_CHANGED = 0xffff_ffff;

/** What a datagram says, read slowly and straight from the definitions of the headers, apart from all that is under test. */
export function readDatagram(datagram: Uint8Array): Said[] {
  const said: Said[] = [];
  for (let rest = datagram; rest.length > 0;) {
    if (rest.length < NLMSG_HDRLEN) return [...said, { what: "malformed", reason: "header" }];
    const length = viewOf(rest).getUint32(0, true);
    if (length < NLMSG_HDRLEN || length > rest.length) return [...said, { what: "malformed", reason: "length" }];
    said.push(readMessage(rest.slice(0, length)));
    rest = rest.slice(roundUp(length));
  }
  return said;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function roundUp(length: number): number {
  return Math.ceil(length / ALIGNTO) * ALIGNTO;
}

function readMessage(message: Uint8Array): Said {
  const type = viewOf(message).getUint16(4, true);
  if (type !== RTM_NEWLINK && type !== RTM_DELLINK) return { what: "other" };
  const payload = message.slice(NLMSG_HDRLEN);
  try {
    const link = readLink(payload);
    const registered = viewOf(payload).getUint32(12, true) === ALL_CHANGED;
    return { what: type === RTM_NEWLINK ? "new" : "del", link, registered };
  } catch (error) {
    if (error instanceof Refusal) return { what: "undecoded", reason: error.reason };
    throw error;
  }
}

function readLink(payload: Uint8Array): Link {
  if (payload.length < IFINFOMSG) throw new Refusal("length");
  const values = new Map<number, Uint8Array>();
  for (const [type, value] of attributesOf(payload.slice(IFINFOMSG))) {
    if (type === IFLA_IFNAME && !isName(value)) throw new Refusal("name");
    if ((type === IFLA_MTU || type === IFLA_MASTER) && value.length < 4) throw new Refusal("attribute");
    if (type === IFLA_LINKINFO) Array.from(attributesOf(value)); // whether it holds together
    values.set(type, value);
  }
  const name = values.get(IFLA_IFNAME);
  if (!name) throw new Refusal("name");
  const word = (type: number) => (values.has(type) ? viewOf(values.get(type)!).getUint32(0, true) : undefined);
  const info = new Map(attributesOf(values.get(IFLA_LINKINFO) ?? new Uint8Array(0)));
  const header = viewOf(payload);
  return {
    ifindex: header.getInt32(4, true),
    family: header.getUint8(0),
    flags: header.getUint32(8, true),
    name: textOf(name),
    mtu: word(IFLA_MTU),
    master: word(IFLA_MASTER) ?? 0,
    kind: textOf(info.get(IFLA_INFO_KIND) ?? new Uint8Array(0)),
    address: (
      Buffer.from(values.get(IFLA_ADDRESS) ?? [])
        .toString("hex")
        .match(/../g) ?? []
    ).join(":"),
  };
}

/** The attributes as RTA_OK and RTA_NEXT of linux/rtnetlink.h find them; less than a header in the end is padding. */
function* attributesOf(bytes: Uint8Array): Generator<[type: number, value: Uint8Array]> {
  for (let rest = bytes; rest.length >= RTA_HDRLEN;) {
    const length = viewOf(rest).getUint16(0, true);
    if (length < RTA_HDRLEN || length > rest.length) throw new Refusal("attribute");
    yield [viewOf(rest).getUint16(2, true) % NLA_TYPES, rest.slice(RTA_HDRLEN, length)];
    rest = rest.slice(roundUp(length));
  }
}

function textOf(value: Uint8Array): string {
  return Buffer.from(value).toString("latin1").split("\0", 1)[0]!;
}

function isName(value: Uint8Array): boolean {
  const { length } = textOf(value);
  return length > 0 && length < IFNAMSIZ;
}

import { IFF, IFNAMSIZ } from "../../ffi/linux/if.ts";
import {
  IFLA_ADDRESS,
  IFLA_IFNAME,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  IFLA_MASTER,
  IFLA_MTU,
} from "../../ffi/linux/if_link.ts";
import { NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST } from "../../ffi/linux/netlink.ts";
import { ifinfomsg, RTM_GETLINK, RTM_NEWLINK } from "../../ffi/linux/rtnetlink.ts";
import { AF_UNSPEC } from "../../ffi/sys/socket.ts";
import { attributeText, attributeU32, encodeAttribute, walkAttributes } from "../netlink/attribute.ts";
import { DecodeError } from "../netlink/error.ts";
import { type DatagramBuffer, encodeMessage, LITTLE_ENDIAN } from "../netlink/message.ts";

/** What an RTM_NEWLINK or RTM_DELLINK says of a link. */
export interface Link {
  readonly ifindex: number;
  /** ifi_family: AF_UNSPEC, or AF_BRIDGE for what a bridge says of its member. */
  readonly family: number;
  /** ifi_flags, see IFF. */
  readonly flags: number;
  /** One character for each byte (latin1): names may hold any byte but NUL, slash, colon and white space. */
  readonly name: string;
  /** Undefined when the message has no IFLA_MTU. */
  readonly mtu: number | undefined;
  /** The ifindex of the bridge, team or bond that the link is a member of; 0 without one. */
  readonly master: number;
  /** IFLA_INFO_KIND such as `team` or `veth`; empty when the message does not say. */
  readonly kind: string;
  /** The link-layer address; empty when the message has none or it was not asked for. */
  readonly address: string;
}

/** What of a message is decoded beyond what the daemon needs. */
export interface DecodeOptions {
  readonly address: boolean;
}

const DAEMON_NEEDS: DecodeOptions = { address: false };

/** Decodes the payload of an RTM_NEWLINK or RTM_DELLINK; throws DecodeError where libnl would reject it. */
export function decodeLink(
  { bytes, view }: DatagramBuffer,
  start: number,
  end: number,
  options: DecodeOptions = DAEMON_NEEDS,
): Link {
  if (end - start < ifinfomsg.size) throw new DecodeError("length", `${end - start} bytes are too few for ifinfomsg`);
  let name = "";
  let mtu: number | undefined;
  let master = 0;
  let kind = "";
  let address = "";
  walkAttributes(view, start + ifinfomsg.size, end, (type, from, to) => {
    if (type === IFLA_IFNAME) name = interfaceName(bytes, from, to);
    else if (type === IFLA_MTU) mtu = attributeU32(view, from, to);
    else if (type === IFLA_MASTER) master = attributeU32(view, from, to);
    else if (type === IFLA_LINKINFO) kind = infoKind(bytes, view, from, to);
    else if (type === IFLA_ADDRESS && options.address) address = formatAddress(bytes.subarray(from, to));
  });
  if (name === "") throw new DecodeError("name", "a link message without IFLA_IFNAME");
  return {
    ifindex: view.getInt32(start + ifinfomsg.offset.ifi_index, LITTLE_ENDIAN),
    family: view.getUint8(start + ifinfomsg.offset.ifi_family),
    flags: view.getUint32(start + ifinfomsg.offset.ifi_flags, LITTLE_ENDIAN),
    name,
    mtu,
    master,
    kind,
    address,
  };
}

function interfaceName(bytes: Uint8Array, start: number, end: number): string {
  const name = attributeText(bytes, start, end);
  if (name === "" || name.length >= IFNAMSIZ) throw new DecodeError("name", `a name of ${name.length} bytes`);
  return name;
}

function infoKind(bytes: Uint8Array, view: DataView, start: number, end: number): string {
  let kind = "";
  walkAttributes(view, start, end, (type, from, to) => {
    if (type === IFLA_INFO_KIND) kind = attributeText(bytes, from, to);
  });
  return kind;
}

function formatAddress(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** ifi_change of a link that was registered or moved in just now. */
export const CHANGE_REGISTERED = 0xffffffff;

/** The payload of a link message, as the kernel sends it; what is undefined, 0 or empty is left out. */
export function encodeLink(link: Omit<Link, "address"> & { readonly change?: number }): Uint8Array<ArrayBuffer> {
  const name = Uint8Array.from(`${link.name}\0`, (character) => character.charCodeAt(0));
  const parts = [encodeIfinfomsg(link.family, link.ifindex, link.flags, link.change ?? 0)];
  if (link.name !== "") parts.push(encodeAttribute(IFLA_IFNAME, name));
  if (link.mtu !== undefined) parts.push(encodeAttribute(IFLA_MTU, u32(link.mtu)));
  if (link.master !== 0) parts.push(encodeAttribute(IFLA_MASTER, u32(link.master)));
  if (link.kind !== "") {
    const kind = encodeAttribute(IFLA_INFO_KIND, new TextEncoder().encode(`${link.kind}\0`));
    parts.push(encodeAttribute(IFLA_LINKINFO, kind));
  }
  return new Uint8Array(Buffer.concat(parts));
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, LITTLE_ENDIAN);
  return bytes;
}

function encodeIfinfomsg(family: number, ifindex: number, flags: number, change: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(ifinfomsg.size);
  const view = new DataView(bytes.buffer);
  view.setUint8(ifinfomsg.offset.ifi_family, family);
  view.setInt32(ifinfomsg.offset.ifi_index, ifindex, LITTLE_ENDIAN);
  view.setUint32(ifinfomsg.offset.ifi_flags, flags, LITTLE_ENDIAN);
  view.setUint32(ifinfomsg.offset.ifi_change, change, LITTLE_ENDIAN);
  return bytes;
}

/** The request for a dump of all links. */
export function encodeDumpRequest(sequence: number): Uint8Array<ArrayBuffer> {
  const payload = encodeIfinfomsg(AF_UNSPEC, 0, 0, 0);
  return encodeMessage(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, sequence, payload);
}

/** The request for one link by its ifindex; the kernel answers at once, which shows that it does. */
export function encodeLinkRequest(sequence: number, ifindex: number): Uint8Array<ArrayBuffer> {
  return encodeMessage(RTM_GETLINK, NLM_F_REQUEST, sequence, encodeIfinfomsg(AF_UNSPEC, ifindex, 0, 0));
}

/** The request that brings a link down, as `ip link set NAME down` does; the kernel acknowledges it. */
export function encodeLinkDown(sequence: number, ifindex: number): Uint8Array<ArrayBuffer> {
  const payload = encodeIfinfomsg(AF_UNSPEC, ifindex, 0, IFF.UP);
  return encodeMessage(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, sequence, payload);
}

/** A link message as a test describes it; what is left out is 0, or no attribute. */
export interface LinkMessage {
  readonly type: "new" | "del";
  readonly ifindex: number;
  readonly family?: number;
  readonly flags?: number;
  readonly ifname?: string;
  readonly mtu?: number;
  readonly master?: number;
  /** IFLA_INFO_KIND. */
  readonly kind?: string;
}

/** AF_BRIDGE of <sys/socket.h>. */
export const AF_BRIDGE = 7;
/** IFF_UP, IFF_RUNNING and IFF_LOWER_UP of <linux/if.h>. */
export const UP = 0x1;
export const RUNNING = 0x40;
export const LOWER_UP = 0x10000;

// Numbers of <linux/rtnetlink.h>, <linux/netlink.h> and <linux/if_link.h>, written out so that the daemon's are not judged by themselves.
const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const NLMSG_DONE = 3;
const NLMSG_ERROR = 2;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;

function attribute(type: number, value: Uint8Array): Buffer {
  const padded = Buffer.alloc(4 + ((value.length + 3) & ~3));
  padded.writeUInt16LE(4 + value.length, 0);
  padded.writeUInt16LE(type, 2);
  padded.set(value, 4);
  return padded;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function message(type: number, sequence: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint32(8, sequence, true);
  bytes.set(payload, 16);
  return bytes;
}

/** The message as the kernel sends it. */
export function encodeLinkMessage(link: LinkMessage, sequence = 0): Uint8Array<ArrayBuffer> {
  const ifinfomsg = Buffer.alloc(16);
  ifinfomsg.writeUInt8(link.family ?? 0, 0);
  ifinfomsg.writeInt32LE(link.ifindex, 4);
  ifinfomsg.writeUInt32LE(link.flags ?? 0, 8);
  const parts: Buffer[] = [ifinfomsg];
  if (link.ifname !== undefined) parts.push(attribute(IFLA_IFNAME, Buffer.from(`${link.ifname}\0`, "latin1")));
  if (link.mtu !== undefined) parts.push(attribute(IFLA_MTU, u32(link.mtu)));
  if (link.master !== undefined) parts.push(attribute(IFLA_MASTER, u32(link.master)));
  if (link.kind !== undefined) {
    parts.push(attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, Buffer.from(`${link.kind}\0`))));
  }
  return message(link.type === "new" ? RTM_NEWLINK : RTM_DELLINK, sequence, Buffer.concat(parts));
}

/** The end of a dump. */
export function encodeDumpEnd(sequence: number): Uint8Array<ArrayBuffer> {
  return message(NLMSG_DONE, sequence, new Uint8Array(4));
}

/** The acknowledgement of a request. */
export function encodeAcknowledgement(sequence: number): Uint8Array<ArrayBuffer> {
  return message(NLMSG_ERROR, sequence, new Uint8Array(20));
}

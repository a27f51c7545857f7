import { IFF } from "../../ffi/linux/if.ts";
import { IFLA_IFNAME, IFLA_MTU } from "../../ffi/linux/if_link.ts";
import { NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR } from "../../ffi/linux/netlink.ts";
import { RTM_DELLINK, RTM_GETLINK, RTM_NEWLINK } from "../../ffi/linux/rtnetlink.ts";
import type { LinkState } from "./portrow.ts";

/** A link as a netlink message tells of it. */
export interface LinkNotice extends LinkState {
  readonly type: "new" | "del";
  readonly ifindex: number;
  readonly ifname: string;
}

/** The end of an answer: 0, or the error number that the kernel gives as the reason. */
export interface AnswerEnd {
  readonly type: "end";
  readonly errno: number;
}

const HEADER = 16;
const IFINFOMSG = 16;
const REQUEST = HEADER + IFINFOMSG;

// A codec of the tests' own, so that the daemon's is not judged by itself.
function encodeRequest(
  type: number,
  flags: number,
  ifindex: number,
  up?: boolean,
  attribute = Buffer.alloc(0),
): Buffer {
  const message = Buffer.alloc(REQUEST + attribute.length);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(type, 4);
  message.writeUInt16LE(NLM_F_REQUEST | flags, 6);
  message.writeInt32LE(ifindex, HEADER + 4);
  if (up !== undefined) {
    message.writeUInt32LE(up ? IFF.UP : 0, HEADER + 8);
    message.writeUInt32LE(IFF.UP, HEADER + 12);
  }
  attribute.copy(message, REQUEST);
  return message;
}

/** RTM_NEWLINK that sets an MTU; with `acknowledge` the kernel answers also when it succeeds. */
export function encodeSetMtu(ifindex: number, mtu: number, acknowledge = false): Buffer {
  const attribute = Buffer.alloc(8);
  attribute.writeUInt16LE(8, 0);
  attribute.writeUInt16LE(IFLA_MTU, 2);
  attribute.writeUInt32LE(mtu, 4);
  return encodeRequest(RTM_NEWLINK, acknowledge ? NLM_F_ACK : 0, ifindex, undefined, attribute);
}

/** RTM_NEWLINK that sets or clears IFF_UP. */
export function encodeSetUp(ifindex: number, up: boolean, acknowledge = false): Buffer {
  return encodeRequest(RTM_NEWLINK, acknowledge ? NLM_F_ACK : 0, ifindex, up);
}

/** RTM_DELLINK. */
export function encodeDelete(ifindex: number, acknowledge = false): Buffer {
  return encodeRequest(RTM_DELLINK, acknowledge ? NLM_F_ACK : 0, ifindex);
}

/** RTM_GETLINK of all links. */
export function encodeDump(): Buffer {
  return encodeRequest(RTM_GETLINK, NLM_F_DUMP, 0);
}

/** The links and the end of answers in a datagram; messages of other families than AF_UNSPEC are left out. */
export function decodeDatagram(datagram: Buffer): (LinkNotice | AnswerEnd)[] {
  const found: (LinkNotice | AnswerEnd)[] = [];
  for (let at = 0; at + HEADER <= datagram.length;) {
    const length = datagram.readUInt32LE(at);
    const type = datagram.readUInt16LE(at + 4);
    const payload = datagram.subarray(at + HEADER, at + length);
    if (type === NLMSG_DONE) found.push({ type: "end", errno: 0 });
    else if (type === NLMSG_ERROR) found.push({ type: "end", errno: -payload.readInt32LE(0) });
    else if ((type === RTM_NEWLINK || type === RTM_DELLINK) && payload[0] === 0) {
      found.push(decodeNotice(type === RTM_NEWLINK ? "new" : "del", payload));
    }
    at += (length + 3) & ~3;
  }
  return found;
}

function decodeNotice(type: "new" | "del", payload: Buffer): LinkNotice {
  const flags = payload.readUInt32LE(8);
  let ifname = "";
  let mtu = 0;
  for (let at = IFINFOMSG; at + 4 <= payload.length;) {
    const length = payload.readUInt16LE(at);
    const attribute = payload.readUInt16LE(at + 2);
    if (attribute === IFLA_IFNAME) ifname = payload.toString("latin1", at + 4, at + length - 1);
    else if (attribute === IFLA_MTU) mtu = payload.readUInt32LE(at + 4);
    at += (length + 3) & ~3;
  }
  const admin = flags & IFF.UP ? "up" : "down";
  const oper = flags & IFF.RUNNING ? "up" : "down";
  return { type, ifindex: payload.readInt32LE(4), ifname, admin, oper, mtu };
}

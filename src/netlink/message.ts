import { NLMSG_ALIGNTO, nlmsghdr } from "../../ffi/linux/netlink.ts";
import { DecodeError } from "./error.ts";

/** Netlink is in the byte order of the machine; all that this runs on is little-endian. */
export const LITTLE_ENDIAN = true;

/** A buffer for datagrams with the view that decodes them; made once and used for every datagram. */
export interface DatagramBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
}

/** A buffer of `size` bytes. */
export function datagramBuffer(size: number): DatagramBuffer {
  return wrapDatagram(new Uint8Array(size));
}

/** Bytes that exist already, as a buffer to decode from. */
export function wrapDatagram(bytes: Uint8Array<ArrayBuffer>): DatagramBuffer {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** Receives one message: its type and flags, and where its payload begins and ends in the buffer. */
export type MessageVisitor = (type: number, flags: number, sequence: number, start: number, end: number) => void;

/** The length of a header, and with it the offset of the payload. */
export const HEADER_SIZE = nlmsghdr.size;

/** Rounds up to the alignment of messages and attributes (NLMSG_ALIGN). */
export function align(length: number): number {
  return (length + NLMSG_ALIGNTO - 1) & ~(NLMSG_ALIGNTO - 1);
}

/**
 * Calls `visit` for every message of a datagram, as NLMSG_OK and NLMSG_NEXT do.
 * Throws DecodeError at a header that is cut off or that claims more than there is; what came before it was visited.
 */
export function walkMessages(view: DataView, length: number, visit: MessageVisitor): void {
  let at = 0;
  while (at < length) {
    if (length - at < HEADER_SIZE) throw new DecodeError("header", `${length - at} bytes are too few for a header`);
    const size = view.getUint32(at + nlmsghdr.offset.nlmsg_len, LITTLE_ENDIAN);
    if (size < HEADER_SIZE || size > length - at) {
      throw new DecodeError("length", `a message of ${size} bytes where ${length - at} are left`);
    }
    visit(
      view.getUint16(at + nlmsghdr.offset.nlmsg_type, LITTLE_ENDIAN),
      view.getUint16(at + nlmsghdr.offset.nlmsg_flags, LITTLE_ENDIAN),
      view.getUint32(at + nlmsghdr.offset.nlmsg_seq, LITTLE_ENDIAN),
      at + HEADER_SIZE,
      at + size,
    );
    at += align(size);
  }
}

/** A message: header and payload, padded to the alignment. */
export function encodeMessage(
  type: number,
  flags: number,
  sequence: number,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(align(HEADER_SIZE + payload.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(nlmsghdr.offset.nlmsg_len, HEADER_SIZE + payload.length, LITTLE_ENDIAN);
  view.setUint16(nlmsghdr.offset.nlmsg_type, type, LITTLE_ENDIAN);
  view.setUint16(nlmsghdr.offset.nlmsg_flags, flags, LITTLE_ENDIAN);
  view.setUint32(nlmsghdr.offset.nlmsg_seq, sequence, LITTLE_ENDIAN);
  bytes.set(payload, HEADER_SIZE);
  return bytes;
}

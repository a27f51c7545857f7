import { nlmsghdr } from "../../ffi/linux/netlink.ts";
import { DecodeError } from "../netlink/error.ts";
import { align, encodeMessage, HEADER_SIZE, LITTLE_ENDIAN } from "../netlink/message.ts";

/** The type of the message that iproute2's rtmon writes before each other: the time, as two 32-bit numbers. */
const NLMSG_TSTAMP = 15;

/** A message of a recording, and when it was received. */
export interface RecordedMessage {
  /** Milliseconds since 1970; undefined when the recording does not say. */
  readonly wallMs: number | undefined;
  /** The whole message, header included. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The time stamp that precedes a message. */
export function encodeTimestamp(wallMs: number): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(8);
  const view = new DataView(payload.buffer);
  view.setUint32(0, Math.floor(wallMs / 1000), LITTLE_ENDIAN);
  view.setUint32(4, (Math.floor(wallMs) % 1000) * 1000, LITTLE_ENDIAN);
  return encodeMessage(NLMSG_TSTAMP, 0, 0, payload);
}

/** The messages of a recording in rtmon's format. Throws DecodeError where it is cut off or not one. */
export function parseRecording(file: Uint8Array): RecordedMessage[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const messages: RecordedMessage[] = [];
  let wallMs: number | undefined;
  for (let at = 0; at < file.length;) {
    const left = file.length - at;
    const length = left < HEADER_SIZE ? 0 : view.getUint32(at + nlmsghdr.offset.nlmsg_len, LITTLE_ENDIAN);
    if (length < HEADER_SIZE || length > left) {
      throw new DecodeError("length", `byte ${at}: a message of ${length} bytes where ${left} are left`);
    }
    if (view.getUint16(at + nlmsghdr.offset.nlmsg_type, LITTLE_ENDIAN) === NLMSG_TSTAMP) {
      if (length < HEADER_SIZE + 8) throw new DecodeError("length", `byte ${at}: a time stamp of ${length} bytes`);
      const seconds = view.getUint32(at + HEADER_SIZE, LITTLE_ENDIAN);
      wallMs = seconds * 1000 + view.getUint32(at + HEADER_SIZE + 4, LITTLE_ENDIAN) / 1000;
    } else {
      messages.push({ wallMs, bytes: file.slice(at, at + length) });
    }
    at += align(length);
  }
  return messages;
}

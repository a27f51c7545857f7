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

/** The messages of a recording, where they stand in its file. */
export class Recording implements Iterable<RecordedMessage> {
  readonly #file: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #offsets: number[] = [];
  /** NaN for a message without a time. */
  readonly #times: number[] = [];
  #longest = 0;

  /** Throws DecodeError where the file is cut off or not a recording in rtmon's format. */
  constructor(file: Uint8Array<ArrayBuffer>) {
    this.#file = file;
    const view = (this.#view = new DataView(file.buffer, file.byteOffset, file.byteLength));
    let wallMs = Number.NaN;
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
        this.#offsets.push(at);
        this.#times.push(wallMs);
        this.#longest = Math.max(this.#longest, length);
      }
      at += align(length);
    }
  }

  /** How many messages there are. */
  get count(): number {
    return this.#offsets.length;
  }

  /** The length of the longest message. */
  get longest(): number {
    return this.#longest;
  }

  /** The length of a message, header included. */
  length(position: number): number {
    return this.#view.getUint32(this.#offsets[position]! + nlmsghdr.offset.nlmsg_len, LITTLE_ENDIAN);
  }

  /** When a message was received, in milliseconds since 1970; undefined when the recording does not say. */
  wallMs(position: number): number | undefined {
    const wallMs = this.#times[position] ?? Number.NaN;
    return Number.isNaN(wallMs) ? undefined : wallMs;
  }

  /** Copies a message to a place in `bytes`; returns its length. */
  copy(position: number, bytes: Uint8Array, at: number): number {
    const offset = this.#offsets[position]!;
    const length = this.length(position);
    bytes.set(this.#file.subarray(offset, offset + length), at);
    return length;
  }

  *[Symbol.iterator](): Generator<RecordedMessage> {
    for (const [position, offset] of this.#offsets.entries()) {
      yield { wallMs: this.wallMs(position), bytes: this.#file.slice(offset, offset + this.length(position)) };
    }
  }
}

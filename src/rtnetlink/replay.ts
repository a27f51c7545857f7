import { nlmsghdr } from "../../ffi/linux/netlink.ts";
import { ifinfomsg, RTM_DELLINK, RTM_NEWLINK } from "../../ffi/linux/rtnetlink.ts";
import { AF_BRIDGE } from "../../ffi/sys/socket.ts";
import { align, type DatagramBuffer, datagramBuffer, HEADER_SIZE, LITTLE_ENDIAN } from "../netlink/message.ts";
import { RECEIVED, type RequestChannel, type Subscription } from "../netlink/socket.ts";
import { encodeDone, requestSequence } from "./datagramqueue.ts";
import type { Recording } from "./rtmon.ts";
import type { LinkSource } from "./source.ts";

/** What a datagram of an answer has room for: some ten links as a kernel tells them, with all their attributes. */
const ANSWER_BYTES = 16_384;

/** For each ifindex the position of the message that told of it last. */
type Told = Map<number, number>;

/** A recording as a source: every message once, as fast as they are taken. A dump answers with what was told so far. */
export function replaySource(recording: Recording): LinkSource {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const told: Told = new Map();
  return {
    ended,
    subscribe(_receiveBufferBytes, wake) {
      setImmediate(wake);
      return new Replay(recording, told, end);
    },
    openRequest: () => new ToldLinks(recording, told),
  };
}

/** Hands out the messages of a recording, each in a datagram of its own, and notes what they tell. */
class Replay implements Subscription {
  readonly receiveBufferBytes = 0;
  readonly buffer: DatagramBuffer;
  readonly #recording: Recording;
  readonly #told: Told;
  readonly #onEnd: () => void;
  #next = 0;

  constructor(recording: Recording, told: Told, onEnd: () => void) {
    this.buffer = datagramBuffer(recording.longest);
    this.#recording = recording;
    this.#told = told;
    this.#onEnd = onEnd;
  }

  get wallMs(): number | undefined {
    return this.#recording.wallMs(this.#next - 1);
  }

  receive(): number {
    if (this.#next === this.#recording.count) {
      this.#onEnd();
      return RECEIVED.EMPTY;
    }
    const length = this.#recording.copy(this.#next, this.buffer.bytes, 0);
    remember(this.#told, this.buffer.view, length, this.#next++);
    return length;
  }

  [Symbol.dispose](): void {
    this.#next = this.#recording.count;
  }
}

/** Answers a dump with the links that were told so far, many in each datagram. */
class ToldLinks implements RequestChannel {
  readonly buffer: DatagramBuffer;
  readonly #recording: Recording;
  readonly #told: Told;
  #sequence = 0;
  #positions: readonly number[] = [];
  #next = 0;
  #isAnswered = true;

  constructor(recording: Recording, told: Told) {
    this.buffer = datagramBuffer(Math.max(ANSWER_BYTES, recording.longest));
    this.#recording = recording;
    this.#told = told;
  }

  request(message: Uint8Array): void {
    this.#sequence = requestSequence(message);
    this.#positions = [...this.#told.values()];
    this.#next = 0;
    this.#isAnswered = false;
  }

  receive(): number {
    if (this.#isAnswered) return RECEIVED.EMPTY;
    if (this.#next < this.#positions.length) return this.#pack();
    this.#isAnswered = true;
    const done = encodeDone(this.#sequence);
    this.buffer.bytes.set(done);
    return done.length;
  }

  [Symbol.dispose](): void {
    this.#isAnswered = true;
  }

  #pack(): number {
    const { bytes, view } = this.buffer;
    let [at, end] = [0, 0];
    for (; this.#next < this.#positions.length; this.#next++) {
      const position = this.#positions[this.#next]!;
      if (at + this.#recording.length(position) > bytes.length) break;
      end = at + this.#recording.copy(position, bytes, at);
      view.setUint32(at + nlmsghdr.offset.nlmsg_seq, this.#sequence, LITTLE_ENDIAN);
      at = align(end);
    }
    return end;
  }
}

/** Notes of which link a message speaks; what cannot be understood says nothing. */
function remember(told: Told, view: DataView, length: number, position: number): void {
  if (length < HEADER_SIZE + ifinfomsg.size) return;
  if (view.getUint8(HEADER_SIZE + ifinfomsg.offset.ifi_family) === AF_BRIDGE) return;
  const type = view.getUint16(nlmsghdr.offset.nlmsg_type, LITTLE_ENDIAN);
  const ifindex = view.getInt32(HEADER_SIZE + ifinfomsg.offset.ifi_index, LITTLE_ENDIAN);
  if (type === RTM_NEWLINK) told.set(ifindex, position);
  else if (type === RTM_DELLINK) told.delete(ifindex);
}

import { NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR, nlmsgerr } from "../../ffi/linux/netlink.ts";
import { RTM_NEWLINK } from "../../ffi/linux/rtnetlink.ts";
import { DecodeError, NetlinkError } from "../netlink/error.ts";
import { HEADER_SIZE, LITTLE_ENDIAN, walkMessages } from "../netlink/message.ts";
import { RECEIVED, type RequestChannel } from "../netlink/socket.ts";
import type { Clock } from "../util/clock.ts";
import { decodeLink, encodeDumpRequest, encodeLinkDown, encodeLinkRequest, type Link } from "./link.ts";

/** Datagrams of a dump that are read in one turn of the event loop; the kernel packs about 20 links in each. */
const DATAGRAMS_A_TURN = 64;
/** How often an answer that is not there yet is looked for; the kernel's own answers are there when send(2) returns. */
const ANSWER_POLL_MS = 1;

/** What a dump found. */
export interface Dump {
  readonly links: readonly Link[];
  /** Link messages that could not be decoded. */
  readonly undecoded: number;
  /** Links came or went meanwhile (NLM_F_DUMP_INTR): what is here was true, but links may be missing. */
  readonly interrupted: boolean;
}

/**
 * Asks for all links and reads the answer to its end, in slices between which the event loop turns.
 * Throws NetlinkError when the kernel refuses, loses part of it (ENOBUFS) or does not end it within `timeoutMs`;
 * DecodeError for a malformed answer; SystemError for a broken socket.
 */
export async function dumpLinks(
  channel: RequestChannel,
  sequence: number,
  clock: Clock,
  timeoutMs: number,
  onRaw?: (message: Uint8Array) => void,
): Promise<Dump> {
  const links: Link[] = [];
  let undecoded = 0;
  let interrupted = false;
  await converse(
    channel,
    encodeDumpRequest(sequence),
    sequence,
    "RTM_GETLINK dump",
    clock,
    timeoutMs,
    (type, flags, start, end) => {
      if ((flags & NLM_F_DUMP_INTR) !== 0) interrupted = true;
      if (type === NLMSG_DONE) return true;
      if (type === RTM_NEWLINK) {
        onRaw?.(channel.buffer.bytes.subarray(start - HEADER_SIZE, end));
        try {
          links.push(decodeLink(channel.buffer, start, end));
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error;
          undecoded++;
        }
      }
      return false;
    },
  );
  return { links, undecoded, interrupted };
}

/** Brings a link down and waits for the acknowledgement. Throws NetlinkError with the kernel's reason. */
export async function setLinkDown(
  channel: RequestChannel,
  sequence: number,
  ifindex: number,
  clock: Clock,
  timeoutMs: number,
): Promise<void> {
  const never = () => false;
  await converse(channel, encodeLinkDown(sequence, ifindex), sequence, "RTM_NEWLINK down", clock, timeoutMs, never);
}

/** Asks the kernel for one link, to see that it answers; that there is no such link is an answer, too. */
export async function probe(channel: RequestChannel, sequence: number, clock: Clock, timeoutMs: number): Promise<void> {
  try {
    await converse(
      channel,
      encodeLinkRequest(sequence, 1),
      sequence,
      "RTM_GETLINK probe",
      clock,
      timeoutMs,
      () => true,
    );
  } catch (error) {
    if (!(error instanceof NetlinkError && error.code === "ENODEV")) throw error;
  }
}

/** Sees one message of the answer; true when it was the last. An acknowledgement (NLMSG_ERROR 0) always is. */
type AnswerVisitor = (type: number, flags: number, start: number, end: number) => boolean;

async function converse(
  channel: RequestChannel,
  request: Uint8Array,
  sequence: number,
  name: string,
  clock: Clock,
  timeoutMs: number,
  visit: AnswerVisitor,
): Promise<void> {
  const deadline = clock.now() + timeoutMs;
  channel.request(request);
  for (let datagrams = 1; ; datagrams++) {
    const length = channel.receive();
    if (length === RECEIVED.EMPTY) {
      if (clock.now() >= deadline) throw new NetlinkError(name, "no answer in time");
      await new Promise<void>((resolve) => clock.after(ANSWER_POLL_MS, resolve));
      continue;
    }
    if (length === RECEIVED.OVERRUN) throw new NetlinkError(name, "ENOBUFS");
    if (length === RECEIVED.TRUNCATED) throw new NetlinkError(name, "an answer longer than the buffer");
    if (length === RECEIVED.FOREIGN) continue;
    if (answered(channel, length, sequence, name, visit)) return;
    if (datagrams % DATAGRAMS_A_TURN === 0) await new Promise<void>((resolve) => clock.soon(resolve));
  }
}

function answered(
  channel: RequestChannel,
  length: number,
  sequence: number,
  name: string,
  visit: AnswerVisitor,
): boolean {
  const { view } = channel.buffer;
  let last = false;
  walkMessages(view, length, (type, flags, messageSequence, start, end) => {
    if (messageSequence !== sequence || last) return;
    if (type === NLMSG_ERROR || type === NLMSG_DONE) {
      // Both begin with an error number; a dump that fails halfway ends with NLMSG_DONE, too.
      if (end - start < nlmsgerr.size) throw new DecodeError("length", "the end of an answer without an error number");
      const error = view.getInt32(start + nlmsgerr.offset.error, LITTLE_ENDIAN);
      if (error !== 0) throw new NetlinkError(name, -error);
    }
    last = visit(type, flags, start, end) || type === NLMSG_ERROR;
  });
  return last;
}

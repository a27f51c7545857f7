import { ifinfomsg, RTM_DELLINK, RTM_NEWLINK } from "../../ffi/linux/rtnetlink.ts";
import { DecodeError, type DecodeReason } from "../netlink/error.ts";
import { HEADER_SIZE, LITTLE_ENDIAN, walkMessages } from "../netlink/message.ts";
import { RECEIVED, type Subscription } from "../netlink/socket.ts";
import type { Clock } from "../util/clock.ts";
import { CHANGE_REGISTERED, decodeLink, type DecodeOptions, type Link } from "./link.ts";
import type { LinkSource } from "./source.ts";

/** How much may be read in one turn of the event loop before others get theirs. */
export interface TurnBudget {
  /** Most datagrams. */
  datagrams: number;
  /** Longest time, in milliseconds. */
  ms: number;
}

/** Why messages are missing. */
export type LossReason = "overrun" | "truncated" | "malformed";

/** What becomes of the messages. */
export interface IntakeHandlers {
  /** What is told from here to the next onPublish was received at `atMs`, on the clock, or later. */
  onTurnStart?(atMs: number): void;
  /** A link as the kernel announced it: `deleted` for RTM_DELLINK, `registered` when it was made or moved in just now. */
  onLink(link: Link, deleted: boolean, registered: boolean): void;
  /** A link message as it came, before it is decoded. */
  onRaw?(message: Uint8Array): void;
  /** Messages are missing; what comes until onEmpty may be older than the loss. */
  onLoss(reason: LossReason): void;
  /** Nothing is queued at this moment. */
  onEmpty(): void;
  /** The first message of a turn was told, or the turn ends: time to publish what changed. */
  onPublish(): void;
  /** The socket is broken; nothing more will come from it. */
  onBroken(error: unknown): void;
}

/** What was read so far. */
export interface IntakeCounters {
  datagrams: number;
  newLinks: number;
  delLinks: number;
  otherMessages: number;
  overruns: number;
  truncated: number;
  foreign: number;
  undecoded: Record<DecodeReason, number>;
}

/** The counters of one who has read nothing. */
export function noMessages(): IntakeCounters {
  return {
    datagrams: 0,
    newLinks: 0,
    delLinks: 0,
    otherMessages: 0,
    overruns: 0,
    truncated: 0,
    foreign: 0,
    undecoded: { header: 0, length: 0, attribute: 0, name: 0 },
  };
}

/** After an empty look, when the next one follows in case the bell came before the message. */
const SECOND_LOOK_MS = 1;
/** Reading the time costs as much as a receive, so it is looked at once in so many datagrams. */
const DATAGRAMS_A_LOOK = 16;

/** Reads a subscription until it is empty or the turn's budget is spent, and goes on in the next turn. */
export class LinkIntake implements Disposable {
  readonly counters = noMessages();
  readonly #subscription: Subscription;
  readonly #clock: Clock;
  readonly #handlers: IntakeHandlers;
  readonly #budget: TurnBudget;
  readonly #decode: DecodeOptions;
  #cancelNext: (() => void) | undefined;
  #closed = false;
  #empty = false;

  /** Throws SystemError when the subscription cannot be had. */
  constructor(
    source: LinkSource,
    receiveBufferBytes: number,
    clock: Clock,
    budget: TurnBudget,
    handlers: IntakeHandlers,
    decode: DecodeOptions = { address: false },
  ) {
    this.#clock = clock;
    this.#handlers = handlers;
    this.#budget = budget;
    this.#decode = decode;
    this.#subscription = source.subscribe(receiveBufferBytes, () => this.#wake());
  }

  /** What the kernel grants for queued messages, in bytes as it accounts them. */
  get receiveBufferBytes(): number {
    return this.#subscription.receiveBufferBytes;
  }

  /** When the message that is being told was recorded, in milliseconds since 1970; undefined for one of now. */
  get wallMs(): number | undefined {
    return this.#subscription.wallMs;
  }

  /** True when the last look found the queue empty. */
  get isEmpty(): boolean {
    return this.#empty;
  }

  /** Reads now what is there, as far as the budget goes. */
  drain(): void {
    this.#cancelNext?.();
    this.#cancelNext = undefined;
    if (this.#closed) return;
    const before = this.counters.datagrams;
    try {
      this.#empty = this.#read();
      if (this.#empty) this.#handlers.onEmpty();
      else this.#cancelNext = this.#clock.soon(() => this.drain());
    } catch (error) {
      this[Symbol.dispose]();
      this.#handlers.onBroken(error);
      return;
    }
    if (this.counters.datagrams > before + 1) this.#handlers.onPublish();
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelNext?.();
    this.#subscription[Symbol.dispose]();
  }

  #wake(): void {
    if (this.#cancelNext) return; // a turn that reads on is due anyway
    const before = this.counters.datagrams;
    this.drain();
    if (this.counters.datagrams === before && !this.#closed && !this.#cancelNext) {
      this.#cancelNext = this.#clock.after(SECOND_LOOK_MS, () => this.drain());
    }
  }

  /** True when nothing is left, false when the budget is spent. */
  #read(): boolean {
    const start = this.#clock.now();
    for (let count = 1; ; count++) {
      const length = this.#subscription.receive();
      if (length === RECEIVED.EMPTY) return true;
      if (count <= 2) this.#handlers.onTurnStart?.(start); // the first is published before the others
      this.counters.datagrams++;
      if (length >= 0) this.#visit(length);
      else this.#refuse(length);
      // Most turns have one message: what it changes does not wait until it is known that there is no other.
      if (count === 1 && length >= 0) this.#handlers.onPublish();
      if (count >= this.#budget.datagrams) return false;
      if (count % DATAGRAMS_A_LOOK === 0 && this.#clock.now() - start >= this.#budget.ms) return false;
    }
  }

  #refuse(outcome: number): void {
    if (outcome === RECEIVED.FOREIGN) {
      this.counters.foreign++;
    } else if (outcome === RECEIVED.OVERRUN) {
      this.counters.overruns++;
      this.#handlers.onLoss("overrun");
    } else {
      this.counters.truncated++;
      this.#handlers.onLoss("truncated");
    }
  }

  #visit(length: number): void {
    try {
      walkMessages(this.#subscription.buffer.view, length, this.#message);
    } catch (error) {
      this.#count(error);
      this.#handlers.onLoss("malformed");
    }
  }

  readonly #message = (type: number, _flags: number, _sequence: number, start: number, end: number): void => {
    if (type !== RTM_NEWLINK && type !== RTM_DELLINK) {
      this.counters.otherMessages++;
      return;
    }
    const { buffer } = this.#subscription;
    this.#handlers.onRaw?.(buffer.bytes.subarray(start - HEADER_SIZE, end));
    let link: Link;
    try {
      link = decodeLink(buffer, start, end, this.#decode);
    } catch (error) {
      this.#count(error); // rule 10: what libnl cannot parse is dropped, the other messages of the datagram are not
      return;
    }
    if (type === RTM_DELLINK) this.counters.delLinks++;
    else this.counters.newLinks++;
    const change = buffer.view.getUint32(start + ifinfomsg.offset.ifi_change, LITTLE_ENDIAN);
    this.#handlers.onLink(link, type === RTM_DELLINK, change === CHANGE_REGISTERED);
  };

  #count(error: unknown): void {
    if (!(error instanceof DecodeError)) throw error;
    this.counters.undecoded[error.reason]++;
  }
}

import { type DatagramBuffer, datagramBuffer } from "../../src/netlink/message.ts";
import { RECEIVED, type Subscription } from "../../src/netlink/socket.ts";
import { type IntakeCounters, LinkIntake } from "../../src/rtnetlink/intake.ts";
import type { Link } from "../../src/rtnetlink/link.ts";
import { GuardedView } from "../netlink/guardedview.ts";
import { FakeClock } from "../support/fakeclock.ts";
import type { Said } from "./datagramreader.ts";

/** The length of the buffer of a netlink socket. */
const BUFFER_BYTES = 65_536;

/** A subscription that has one buffer as the real one has: behind a datagram lies what older ones left. */
class StaleSubscription implements Subscription {
  readonly receiveBufferBytes = 0;
  readonly #queue: Uint8Array[] = [];
  readonly #memory = datagramBuffer(BUFFER_BYTES).bytes;
  buffer: DatagramBuffer = datagramBuffer(0);

  push(datagram: Uint8Array): void {
    this.#queue.push(datagram);
  }

  receive(): number {
    const datagram = this.#queue.shift();
    if (!datagram) return RECEIVED.EMPTY;
    this.#memory.set(datagram);
    this.buffer = { bytes: this.#memory, view: new GuardedView(this.#memory, 0, datagram.length) };
    return datagram.length;
  }

  [Symbol.dispose](): void {}
}

/** What an intake tells of a datagram: its links, and that the rest of it is lost. */
export type Told = Extract<Said, { readonly link: Link }> | { readonly what: "malformed" };

/** A LinkIntake that writes down what it tells. */
export class StaleIntake {
  readonly told: Told[] = [];
  readonly #subscription = new StaleSubscription();
  readonly #intake: LinkIntake;

  constructor() {
    const source = {
      ended: undefined,
      subscribe: () => this.#subscription,
      openRequest: () => {
        throw new Error("nothing is asked for");
      },
    };
    const handlers = {
      onLink: (link: Link, deleted: boolean, registered: boolean) =>
        void this.told.push({ what: deleted ? "del" : "new", link, registered }),
      onLoss: () => void this.told.push({ what: "malformed" }),
      onEmpty: () => {},
      onPublish: () => {},
      onBroken: (error: unknown) => {
        throw error;
      },
    };
    const budget = { datagrams: 1000, ms: 1000 };
    this.#intake = new LinkIntake(source, 1, new FakeClock(), budget, handlers, { address: true });
  }

  get counters(): IntakeCounters {
    return this.#intake.counters;
  }

  /** Has a datagram read. */
  tell(datagram: Uint8Array): void {
    this.#subscription.push(datagram);
    this.#intake.drain();
  }
}

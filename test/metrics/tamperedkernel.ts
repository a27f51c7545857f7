import { RECEIVED, type RequestChannel, type Subscription } from "../../src/netlink/socket.ts";
import type { LinkSource } from "../../src/rtnetlink/source.ts";

/** A kernel between which and the daemon messages are lost without a word, held up, or put in that it never sent. */
export class TamperedKernel implements LinkSource {
  readonly ended = undefined;
  /** What the kernel announces is lost. */
  isLosing = false;
  /** Answers to requests do not come yet. */
  isHolding = false;
  readonly #source: LinkSource;
  readonly #injected: (Uint8Array | number)[] = [];
  #wake = () => {};

  constructor(source: LinkSource) {
    this.#source = source;
  }

  /** Puts in datagrams, or outcomes of RECEIVED. */
  inject(...datagrams: readonly (Uint8Array | number)[]): void {
    this.#injected.push(...datagrams);
    this.#wake();
  }

  subscribe(receiveBufferBytes: number, wake: () => void): Subscription {
    this.#wake = wake;
    const subscription = this.#source.subscribe(receiveBufferBytes, wake);
    const receive = subscription.receive.bind(subscription);
    return Object.assign(subscription, {
      receive: (): number => {
        const injected = this.#injected.shift();
        if (typeof injected === "number") return injected;
        if (injected) {
          subscription.buffer.bytes.set(injected);
          return injected.length;
        }
        let length = receive();
        while (this.isLosing && length !== RECEIVED.EMPTY) length = receive();
        return length;
      },
    });
  }

  openRequest(): RequestChannel {
    const channel = this.#source.openRequest();
    const receive = channel.receive.bind(channel);
    return Object.assign(channel, { receive: () => (this.isHolding ? RECEIVED.EMPTY : receive()) });
  }
}

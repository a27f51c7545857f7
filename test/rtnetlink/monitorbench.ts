import { NLMSG_ERROR } from "../../ffi/linux/netlink.ts";
import { encodeMessage } from "../../src/netlink/message.ts";
import { type LinkEvent, LinkMonitor } from "../../src/rtnetlink/monitor.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { Feed, type HeldChannel, link } from "./feed.ts";

/** Longer than any pause between two attempts. */
export const PAUSE_MS = 1001;
/** A monitor that writes down what it tells, in order. */
export class MonitorBench {
  readonly clock = new FakeClock();
  readonly feed = new Feed();
  readonly told: string[] = [];
  readonly events: LinkEvent[] = [];
  readonly monitor: LinkMonitor;
  #synchronized = false;

  constructor(datagrams = 1000) {
    const options = { receiveBufferBytes: 1, budget: { datagrams, ms: 1000 } };
    this.monitor = new LinkMonitor(this.feed, this.clock, options, {
      onLink: (event) => {
        this.events.push(event);
        this.told.push(`${event.kind} ${event.link.ifindex} ${event.cause}`);
      },
      onPublish: () => void this.told.push("end"),
    });
  }

  /** Asks for the first dump, without answering it. */
  async ask(): Promise<void> {
    void this.monitor.synchronize().then(() => (this.#synchronized = true));
    await this.clock.settle();
  }

  /** Whether synchronize() has resolved. */
  async isSynchronized(): Promise<boolean> {
    await this.clock.settle();
    return this.#synchronized;
  }

  /** Answers the dump that was asked for last. */
  async answer(...args: Parameters<HeldChannel["answer"]>): Promise<void> {
    this.feed.channel.answer(...args);
    await this.clock.run(1);
  }

  /** A monitor that knows the links 1, 2 and 3. */
  static async synchronized(datagrams?: number): Promise<MonitorBench> {
    const bench = new MonitorBench(datagrams);
    await bench.ask();
    await bench.answer([link(1), link(2), link(3)]);
    bench.take();
    bench.events.length = 0;
    return bench;
  }

  /** What was told since the last call, without the ends of turns. */
  take(): string[] {
    return this.told.splice(0).filter((each) => each !== "end");
  }

  get dumps(): number {
    return this.feed.channels.length;
  }

  /** The ifindexes that are known. */
  get known(): number[] {
    return Array.from(this.monitor.links.keys()).sort((a, b) => a - b);
  }
}

/** NLMSG_ERROR: the kernel's acknowledgement with 0, or its refusal with an error number negated. */
export function refusal(sequence: number, error: number): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(20);
  new DataView(payload.buffer).setInt32(0, error, true);
  return encodeMessage(NLMSG_ERROR, 0, sequence, payload);
}

import { expect, test } from "bun:test";

import { errno } from "../../ffi/errno.ts";
import { SystemError } from "../../ffi/libc.ts";
import { IFLA_ADDRESS } from "../../ffi/linux/if_link.ts";
import { NLMSG_NOOP } from "../../ffi/linux/netlink.ts";
import { RTM_GETLINK, RTM_NEWLINK } from "../../ffi/linux/rtnetlink.ts";
import { encodeAttribute } from "../../src/netlink/attribute.ts";
import { encodeMessage } from "../../src/netlink/message.ts";
import { RECEIVED } from "../../src/netlink/socket.ts";
import { LinkIntake, type TurnBudget } from "../../src/rtnetlink/intake.ts";
import { encodeLink, type Link } from "../../src/rtnetlink/link.ts";
import { FakeClock } from "../support/fakeclock.ts";
import { datagram, delLink, Feed, link, newLink } from "./feed.ts";

const PLENTY: TurnBudget = { datagrams: 1000, ms: 1000 };

/** An intake that writes down what it tells, in order. */
class Bench {
  readonly clock = new FakeClock();
  readonly feed = new Feed();
  readonly told: string[] = [];
  readonly links: Link[] = [];
  readonly raw: Uint8Array[] = [];
  readonly broken: unknown[] = [];
  readonly intake: LinkIntake;
  onLink: (() => void) | undefined;

  constructor(budget: TurnBudget = PLENTY, address = false) {
    const handlers = {
      onLink: (each: Link, deleted: boolean) => {
        this.told.push(`${deleted ? "-" : "+"}${each.ifindex}`);
        this.links.push(each);
        this.onLink?.();
      },
      onRaw: (message: Uint8Array) => void this.raw.push(message.slice()),
      onLoss: (reason: string) => void this.told.push(reason),
      onEmpty: () => void this.told.push("empty"),
      onPublish: () => void this.told.push("publish"),
      onBroken: (error: unknown) => void this.broken.push(error),
    };
    this.intake = new LinkIntake(this.feed, 1, this.clock, budget, handlers, { address });
  }

  /** What was told since the last call. */
  take(): string[] {
    return this.told.splice(0);
  }
}

function links(count: number): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: count }, (_, i) => newLink(link(i + 1)));
}

test("LinkIntake tells before each part of a turn that is published when it was received, and not when there is nothing", () => {
  const clock = new FakeClock();
  const feed = new Feed();
  const told: string[] = [];
  const tell = (what: string) => () => void told.push(what);
  const handlers = {
    onLoss: tell("loss"),
    onEmpty: tell("empty"),
    onPublish: tell("publish"),
    onBroken: tell("broken"),
  };
  const onTurnStart = (atMs: number) => void told.push(`start ${atMs}`);
  const intake = new LinkIntake(
    feed,
    1,
    clock,
    { datagrams: 2, ms: 1000 },
    { ...handlers, onTurnStart, onLink: tell("link") },
  );
  clock.pass(5);
  intake.drain();
  expect(told.splice(0)).toEqual(["empty"]);
  feed.tell(...links(3));
  expect(told.splice(0)).toEqual(["start 5", "link", "publish", "start 5", "link", "publish"]);
  clock.pass(4);
  clock.turn();
  expect(told).toEqual(["start 9", "link", "publish", "empty"]);
});

test("LinkIntake reads everything that is queued in the turn in which it is woken, and has the first published before the others", () => {
  const bench = new Bench();
  bench.feed.tell(newLink(link(1)), newLink(link(2)), delLink(link(1)));
  expect(bench.take()).toEqual(["+1", "publish", "+2", "-1", "empty", "publish"]);
  expect(bench.intake.counters).toMatchObject({ datagrams: 3, newLinks: 2, delLinks: 1 });
  expect([bench.clock.timers, bench.clock.immediates]).toEqual([0, 0]);
});

test("LinkIntake spreads what is more than the budget's datagrams over turns, and ends each", () => {
  const bench = new Bench({ datagrams: 2, ms: 1000 });
  bench.feed.tell(...links(5));
  expect(bench.take()).toEqual(["+1", "publish", "+2", "publish"]);
  bench.clock.turn();
  expect(bench.take()).toEqual(["+3", "publish", "+4", "publish"]);
  bench.clock.turn();
  expect(bench.take()).toEqual(["+5", "publish", "empty"]);
  expect(bench.clock.immediates).toBe(0);
});

test("LinkIntake ends the turn when the budget's time is over, within sixteen datagrams", () => {
  const bench = new Bench({ datagrams: 1000, ms: 20 });
  bench.onLink = () => bench.clock.pass(1);
  bench.feed.tell(...links(50));
  const told = (): number => bench.take().filter((word) => word.startsWith("+")).length;
  const first = told();
  expect(first).toBeWithin(20, 20 + 16);
  bench.clock.turn();
  expect(told()).toBe(Math.min(first, 50 - first));
});

test("LinkIntake reads its budget anew in each turn", () => {
  const budget = { datagrams: 1, ms: 1000 };
  const bench = new Bench(budget);
  bench.feed.tell(...links(4));
  expect(bench.take()).toEqual(["+1", "publish"]);
  budget.datagrams = 10;
  bench.clock.turn();
  expect(bench.take()).toEqual(["+2", "publish", "+3", "+4", "empty", "publish"]);
});

test("LinkIntake leaves it to the turn that is due when it is woken while it reads on", () => {
  const bench = new Bench({ datagrams: 1, ms: 1000 });
  bench.feed.tell(...links(2));
  bench.take();
  bench.feed.ring();
  bench.feed.ring();
  expect(bench.take()).toEqual([]);
  expect(bench.clock.immediates).toBe(1);
  bench.clock.turn();
  bench.clock.turn();
  expect(bench.take()).toEqual(["+2", "publish", "empty"]); // a turn that read nothing has nothing to publish
});

test("LinkIntake looks a second time when it was woken and found nothing, and only once", () => {
  const bench = new Bench();
  bench.feed.ring();
  bench.feed.queue.push(newLink(link(1)));
  expect([bench.take(), bench.clock.timers]).toEqual([["empty"], 1]);
  bench.clock.advance(1);
  expect(bench.take()).toEqual(["+1", "publish", "empty"]);
  bench.feed.ring();
  bench.clock.advance(1000);
  expect(bench.take()).toEqual(["empty", "empty"]);
  expect(bench.clock.timers).toBe(0);
});

test("LinkIntake.drain reads at once, without being woken, and makes the turn that is due needless", () => {
  const bench = new Bench({ datagrams: 2, ms: 1000 });
  bench.feed.tell(...links(4));
  bench.intake.drain();
  expect(bench.take()).toEqual(["+1", "publish", "+2", "publish", "+3", "publish", "+4", "publish"]);
  expect(bench.clock.immediates).toBe(1);
});

test("LinkIntake counts each loss and goes on with what is still queued", () => {
  const bench = new Bench();
  bench.feed.tell(RECEIVED.OVERRUN, newLink(link(1)), RECEIVED.TRUNCATED, newLink(link(2)));
  expect(bench.take()).toEqual(["overrun", "+1", "truncated", "+2", "empty", "publish"]);
  expect(bench.intake.counters).toMatchObject({ datagrams: 4, overruns: 1, truncated: 1, newLinks: 2 });
});

test("LinkIntake counts foreign messages and believes nothing of them", () => {
  const bench = new Bench();
  bench.feed.tell(RECEIVED.FOREIGN, newLink(link(1)));
  expect(bench.take()).toEqual(["+1", "empty", "publish"]);
  expect(bench.intake.counters).toMatchObject({ datagrams: 2, foreign: 1 });
});

test("LinkIntake counts messages of other types without telling them", () => {
  const bench = new Bench();
  bench.feed.tell(
    datagram(encodeMessage(NLMSG_NOOP, 0, 0, new Uint8Array(0)), encodeMessage(RTM_GETLINK, 0, 0, encodeLink(link(1)))),
  );
  expect(bench.take()).toEqual(["publish", "empty"]);
  expect(bench.intake.counters).toMatchObject({ datagrams: 1, otherMessages: 2, newLinks: 0 });
  expect(bench.raw).toEqual([]);
});

/** Payloads of an RTM_NEWLINK that cannot be decoded, by the reason for which they are counted. */
const UNDECODABLE = {
  length: new Uint8Array(15),
  attribute: new Uint8Array(Buffer.concat([encodeLink(link(2)), Buffer.from([3, 0, 4, 0])])),
  name: encodeLink(link(2, { name: "" })),
} as const;

for (const [reason, payload] of Object.entries(UNDECODABLE)) {
  test(`LinkIntake counts a message by the reason ${reason}, and tells the rest of its datagram`, () => {
    const bench = new Bench();
    bench.feed.tell(datagram(newLink(link(1)), encodeMessage(RTM_NEWLINK, 0, 0, payload), newLink(link(3))));
    expect(bench.take()).toEqual(["+1", "+3", "publish", "empty"]);
    const { undecoded, newLinks } = bench.intake.counters;
    expect(undecoded).toEqual({ header: 0, length: 0, attribute: 0, name: 0, [reason]: 1 });
    expect(newLinks).toBe(2);
  });
}

for (const [reason, end] of [
  ["header", Uint8Array.from([1, 2, 3, 4])],
  ["length", new Uint8Array(16)],
] as const) {
  test(`LinkIntake tells what comes before a fault of the ${reason}, and that the rest is lost`, () => {
    const bench = new Bench();
    bench.feed.tell(datagram(newLink(link(1)), end), newLink(link(2)));
    expect(bench.take()).toEqual(["+1", "malformed", "publish", "+2", "empty", "publish"]);
    expect(bench.intake.counters.undecoded).toEqual({ header: 0, length: 0, attribute: 0, name: 0, [reason]: 1 });
  });
}

test("LinkIntake gives every link message as it came, also one that cannot be decoded", () => {
  const bench = new Bench();
  const messages = [newLink(link(1)), encodeMessage(RTM_NEWLINK, 7, 8, UNDECODABLE.name), delLink(link(1))];
  bench.feed.tell(datagram(...messages));
  expect(bench.raw).toEqual(messages);
});

test("LinkIntake decodes addresses only when it is asked to", () => {
  const address = encodeAttribute(IFLA_ADDRESS, Uint8Array.from([2, 0, 0, 0, 0, 0xab]));
  const message = encodeMessage(RTM_NEWLINK, 0, 0, new Uint8Array(Buffer.concat([encodeLink(link(1)), address])));
  for (const [asked, expected] of [
    [true, "02:00:00:00:00:ab"],
    [false, ""],
  ] as const) {
    const bench = new Bench(PLENTY, asked);
    bench.feed.tell(message);
    expect(bench.links[0]!.address).toBe(expected);
  }
});

test("LinkIntake stops for good when it is disposed of, also with a turn due", () => {
  const bench = new Bench({ datagrams: 1, ms: 1000 });
  bench.feed.tell(...links(3));
  bench.take();
  bench.intake[Symbol.dispose]();
  expect([bench.feed.isSubscribed, bench.clock.immediates]).toEqual([false, 0]);
  bench.feed.tell(newLink(link(9)));
  bench.intake.drain();
  bench.intake[Symbol.dispose]();
  expect([bench.take(), bench.clock.timers]).toEqual([[], 0]);
});

test("LinkIntake gives up a socket that is broken, and says why", () => {
  const bench = new Bench();
  const error = new SystemError("recv", errno.EBADF);
  bench.feed.queue.receive = () => {
    throw error;
  };
  bench.feed.ring();
  expect(bench.broken).toEqual([error]);
  expect(bench.feed.isSubscribed).toBe(false);
  bench.feed.ring();
  expect([bench.broken.length, bench.take(), bench.clock.timers]).toEqual([1, [], 0]);
});

test("LinkIntake passes on how much room the subscription has", () => {
  const bench = new Bench();
  Object.assign(bench.feed.queue, { receiveBufferBytes: 4096 });
  expect(bench.intake.receiveBufferBytes).toBe(4096);
});

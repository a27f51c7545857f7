import { expect, test } from "bun:test";

import { dumpLinks } from "../../src/rtnetlink/request.ts";
import type { Clock } from "../../src/util/clock.ts";
import type { Netdev } from "./netdev.ts";
import { type AnswerOptions, type RequestedKernel, RequestSocket } from "./requestsocket.ts";

const OPTIONS: AnswerOptions = { fault: undefined, faultAt: 0, lateMs: 0, chunk: 1 };
const clock: Clock = {
  now: () => 0,
  wallNow: () => 0,
  after: (_delayMs, task) => (queueMicrotask(task), () => {}),
  soon: (task) => (queueMicrotask(task), () => {}),
};

function netdev(ifindex: number): Netdev {
  return { ifindex, name: `Ethernet${ifindex}`, up: true, carrier: true, mtu: 9100, master: 0, kind: "veth" };
}

function kernelOf(netdevs: Map<number, Netdev>, onReceive: () => void): RequestedKernel & { baseSequence: number } {
  return {
    baseSequence: 1,
    dump(cursor, count) {
      const found = [...netdevs.values()].filter(({ ifindex }) => ifindex > cursor).slice(0, count);
      return { netdevs: found, cursor: found.at(-1)?.ifindex ?? cursor };
    },
    bringDown: () => true,
    preempt: onReceive,
    now: () => 0,
    tick: () => 0,
    onDumped: () => {},
    onInterrupted: () => {},
  };
}

test("RequestSocket makes the pieces of a dump as they are received, and says when links came or went meanwhile", async () => {
  const netdevs = new Map([1, 2, 3].map((ifindex) => [ifindex, netdev(ifindex)]));
  let received = 0;
  const kernel = kernelOf(netdevs, () => {
    if (++received === 2 && netdevs.delete(3)) kernel.baseSequence++;
  });
  const dump = await dumpLinks(new RequestSocket(kernel, OPTIONS), 7, clock, 1000);
  expect(dump.links.map(({ ifindex }) => ifindex)).toEqual([1, 2]);
  expect(dump.interrupted).toBe(true);
});

test("RequestSocket does not speak of an interruption when links only change", async () => {
  const netdevs = new Map([1, 2].map((ifindex) => [ifindex, netdev(ifindex)]));
  const kernel = kernelOf(netdevs, () => (netdevs.get(2)!.mtu = 1500));
  const dump = await dumpLinks(new RequestSocket(kernel, OPTIONS), 7, clock, 1000);
  expect(dump).toMatchObject({ interrupted: false, links: [{ mtu: 9100 }, { mtu: 1500 }] });
});

test("RequestSocket loses the rest of a dump with ENOBUFS", () => {
  const kernel = kernelOf(new Map([[1, netdev(1)]]), () => {});
  const socket = new RequestSocket(kernel, { ...OPTIONS, fault: "enobufs", faultAt: 1 });
  expect(dumpLinks(socket, 7, clock, 1000)).rejects.toThrow("ENOBUFS");
});

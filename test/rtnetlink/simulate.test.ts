import { expect, test } from "bun:test";

import { IFF } from "../../ffi/linux/if.ts";
import { type LinkEvent, LinkMonitor } from "../../src/rtnetlink/monitor.ts";
import { SimulatedKernel, simulatedSource } from "../../src/rtnetlink/simulate.ts";
import type { LinkSource } from "../../src/rtnetlink/source.ts";
import { FakeClock } from "../support/fakeclock.ts";

const OPTIONS = { receiveBufferBytes: 1, budget: { datagrams: 1000, ms: 1000 } };

function watch(source: LinkSource, clock: FakeClock): { events: LinkEvent[]; monitor: LinkMonitor } {
  const events: LinkEvent[] = [];
  const observer = { onLink: (event: LinkEvent) => void events.push(event), onPublish: () => {} };
  return { events, monitor: new LinkMonitor(source, clock, OPTIONS, observer) };
}

test("SimulatedKernel announces what happens, and answers a dump with what is there", async () => {
  const kernel = new SimulatedKernel();
  const clock = new FakeClock();
  const old = kernel.add("Ethernet0");
  const { events, monitor } = watch(kernel, clock);
  await monitor.synchronize();
  const added = kernel.add("Ethernet4");
  kernel.change(added, { mtu: 9100, flags: IFF.UP });
  kernel.delete(old);
  expect(events.map(({ kind, cause, link: { ifindex, name, mtu } }) => [kind, cause, ifindex, name, mtu])).toEqual([
    ["new", "dump", old, "Ethernet0", 1500],
    ["new", "event", added, "Ethernet4", 1500],
    ["new", "event", added, "Ethernet4", 9100],
    ["del", "event", old, "Ethernet0", 1500],
  ]);
  expect(kernel.link(added)).toMatchObject({ name: "Ethernet4", mtu: 9100, flags: IFF.UP });
  expect(() => kernel.link(old)).toThrow(RangeError);
  expect(() => kernel.delete(old)).toThrow(RangeError);
});

test("SimulatedKernel acknowledges a request that is no dump, and speaks no more to those who left", async () => {
  const kernel = new SimulatedKernel();
  const { events, monitor } = watch(kernel, new FakeClock());
  await monitor.setLinkDown(1);
  await monitor[Symbol.asyncDispose]();
  kernel.add("Ethernet0");
  expect(events).toEqual([]);
});

test("simulatedSource has the ports of a switch with four lanes each, and changes one four times a second", async () => {
  const clock = new FakeClock();
  const source = simulatedSource(3, clock, () => 0.5);
  const { events, monitor } = watch(source, clock);
  await monitor.synchronize();
  expect(Array.from(monitor.links.values(), ({ name }) => name)).toEqual(["Ethernet0", "Ethernet4", "Ethernet8"]);
  events.length = 0;
  clock.advance(1000);
  expect(events.map(({ link: { name, flags } }) => [name, (flags & IFF.RUNNING) !== 0])).toEqual([
    ["Ethernet4", true],
    ["Ethernet4", false],
    ["Ethernet4", true],
    ["Ethernet4", false],
  ]);
  expect(source.ended).toBeUndefined();
});

test("simulatedSource changes MTUs, too", () => {
  const clock = new FakeClock();
  const { events } = watch(
    simulatedSource(1, clock, () => 0),
    clock,
  );
  clock.advance(1000);
  expect(events.map(({ link: { mtu } }) => mtu)).toEqual([9000, 9100, 1500, 9000]);
});
